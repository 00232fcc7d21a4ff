package results

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/selection"
)

func selectTop(t *testing.T, res *Scores, percent float64) *selection.Selection {
	t.Helper()
	sel, err := spectrum.SelectTopK(res.Layers(), percent)
	require.NoError(t, err)
	return sel
}

// example is a selection with an empty type and an infinite score.
func example() *selection.Selection {
	return &selection.Selection{Percent: 50, Groups: []selection.Group{
		{Type: "q", Candidates: 4, Chosen: []spectrum.Layer{
			{Name: "m.1.q.weight", Type: "q", SNR: math.Inf(1), Params: 30},
			{Name: "m.0.q.weight", Type: "q", SNR: 0.5, Params: 20},
		}},
		{Type: "lm_head", Candidates: 1},
	}}
}

func TestNewChosen(t *testing.T) {
	got := NewChosen(example(), 200)
	require.Equal(t, &Chosen{
		TopPercent: 50, Layers: []string{"m.1.q.weight", "m.0.q.weight"}, Params: 50, Share: 0.25,
	}, got)
	require.Zero(t, NewChosen(example(), 0).Share)
}
