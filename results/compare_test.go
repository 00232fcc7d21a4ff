package results

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
)

// ofScores returns results of ours with one type of layers a, b, c, …
func ofScores(scores ...float64) *Scores {
	f := &Result{}
	for i, s := range scores {
		name := "model.layers." + string(rune('0'+i)) + ".q_proj.weight"
		f.Rows = append(f.Rows, Row{Name: name, Type: "q_proj", SNR: Number(s), Ranked: true})
	}
	return f.Scores()
}

func TestCompare(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct {
		x, y              []float64
		kendall, spearman float64
		shared            int // of the top half
	}{
		{[]float64{1, 2, 3, 4}, []float64{10, 20, 30, 40}, 1, 1, 2},
		{[]float64{1, 2, 3, 4}, []float64{4, 3, 2, 1}, -1, -1, 0},
		{[]float64{1, 2, 3, 4}, []float64{1, 3, 2, 4}, 2. / 3, 0.8, 1},
		// τ from the documentation of SciPy's kendalltau, the others from NumPy's
		// corrcoef of the ranks.
		{[]float64{12, 2, 1, 12, 2}, []float64{1, 4, 7, 1, 0}, -0.47140452079103173, -0.5407380704358752, 0},
		{[]float64{inf, inf, 1, 2}, []float64{5, inf, 2, 3}, 0.9128709291752769, 0.9486832980505138, 2},
	} {
		got, err := Compare(ofScores(c.x...), ofScores(c.y...), 50)
		require.NoError(t, err)
		require.Len(t, got.Types, 1)
		a := got.Types[0]
		assert.InDelta(t, c.kendall, float64(a.Kendall), 1e-14, "%v %v", c.x, c.y)
		assert.InDelta(t, c.spearman, float64(a.Spearman), 1e-14, "%v %v", c.x, c.y)
		assert.Equal(t, len(c.x)/2, a.Chosen)
		assert.Equal(t, c.shared, a.Shared, "%v %v", c.x, c.y)
		assert.Equal(t, got.Shared, a.Shared)
	}
}

func TestCompareMatchesNames(t *testing.T) {
	reference, err := Read(strings.NewReader(`{"model.layers.2.q_proj": {"snr": 3, "type": "q_proj"},
		"model.layers.0.q_proj": {"snr": 1, "type": "q_proj"}, "lm_head": {"snr": Infinity, "type": "lm_head"},
		"model.layers.1.q_proj": {"snr": NaN, "type": "q_proj"}}`), "reference")
	require.NoError(t, err)
	c, err := Compare(ofScores(1, 2, 2), reference, 100)
	require.NoError(t, err)
	assert.Equal(t, 2, c.Common)
	assert.Equal(t, 1, c.OnlyA, "NaN is no score")
	assert.Equal(t, 1, c.OnlyB)
	assert.Equal(t, 1.0, float64(c.Types[0].Kendall))
	assert.Equal(t, 2, c.Shared)

	c, err = Compare(ofScores(1, 1, 1), ofScores(1, 2, 2), 0)
	require.NoError(t, err)
	assert.True(t, math.IsNaN(float64(c.Types[0].Kendall)))
	assert.True(t, math.IsNaN(float64(c.Types[0].Spearman)))
	assert.Equal(t, []int{3, 2}, []int{c.Types[0].TiesA, c.Types[0].TiesB})

	_, err = Compare(ofScores(1), new(Result).Scores(), 25)
	assert.ErrorIs(t, err, spectrum.ErrOption)
	_, err = Compare(ofScores(1), ofScores(1), 101)
	assert.ErrorIs(t, err, spectrum.ErrOption)
}
