package results_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/results"
)

// changed is a result of two modules, one of them with three directions above rounding.
func changed() *results.Result {
	above := int64(3)
	row := func(name string, rows, cols int64, s ...float64) results.Row {
		return results.Row{Name: name + ".weight", Rows: rows, Cols: cols, Kind: results.KindDelta, SingularValues: s, AboveRounding: &above, Ranked: true}
	}
	zero := row("c", 4, 4)
	zero.Zero = true
	failed := row("d", 4, 4)
	failed.Error = "x"
	return &results.Result{Kind: results.KindDelta, Rows: []results.Row{
		row("a", 4, 6, 4, 2, 2, 1), row("b", 10, 4, 3, 1, 0, 0), zero, failed, row("norm", 1, 4, 1),
	}}
}

func TestRanks(t *testing.T) {
	for name, c := range map[string]struct {
		rule results.RankRule
		a, b int
	}{
		"energy":          {results.RankRule{Energy: 0.9}, 3, 1},
		"all of it":       {results.RankRule{Energy: 1}, 4, 2},
		"noise":           {results.RankRule{Noise: true}, 3, 3},
		"noise, at most":  {results.RankRule{Noise: true, Most: 2}, 2, 2},
		"one threshold":   {results.RankRule{Budget: 10 + 14 + 10}, 2, 1},
		"budget, at most": {results.RankRule{Budget: 1000, Most: 1}, 1, 1},
		"nothing":         {results.RankRule{Budget: 9}, 0, 0},
	} {
		table, err := changed().Ranks(c.rule)
		require.NoError(t, err, name)
		require.Len(t, table.Layers, 2, name)
		assert.Equal(t, "a", table.Layers[0].Module)
		assert.Equal(t, []int{c.a, c.b}, []int{table.Layers[0].Rank, table.Layers[1].Rank}, name)
		assert.Equal(t, int64(10*c.a+14*c.b), table.Params(), name)
		assert.Len(t, table.Left, 2, "what failed, and the vector")
		if c.rule.Budget > 0 {
			assert.LessOrEqual(t, table.Params(), c.rule.Budget)
		}
	}
	table, err := changed().Ranks(results.RankRule{Energy: 0.9})
	require.NoError(t, err)
	assert.InDelta(t, 24./25, table.Layers[0].Kept, 1e-12)
}

func TestRanksRefuse(t *testing.T) {
	for _, rule := range []results.RankRule{{}, {Energy: 2}, {Energy: 0.5, Noise: true}, {Budget: -1}, {Noise: true, Most: -1}} {
		_, err := changed().Ranks(rule)
		assert.ErrorIs(t, err, spectrum.ErrOption)
	}
	r := changed()
	r.Rows[0].SingularValues = nil
	_, err := r.Ranks(results.RankRule{Energy: 0.9})
	assert.ErrorContains(t, err, "--singular-values")
	r.Kind = ""
	_, err = r.Ranks(results.RankRule{Noise: true})
	assert.ErrorIs(t, err, spectrum.ErrOption)
}

// A change is not compared with weights.
func TestCompareRefusesOtherKinds(t *testing.T) {
	weights := changed()
	weights.Kind = ""
	_, err := results.Compare(changed().Scores(), weights.Scores(), 25)
	assert.ErrorContains(t, err, "different kinds, delta and weights")
	_, err = results.Compare(changed().Scores(), changed().Scores(), 25)
	assert.NoError(t, err)
}
