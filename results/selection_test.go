package results

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
)

func selectTop(t *testing.T, res *Results, percent float64) *spectrum.Selection {
	t.Helper()
	sel, err := spectrum.SelectTopK(res.Layers(), percent)
	require.NoError(t, err)
	return sel
}

// example is a selection with an empty type and an infinite score.
func example() *spectrum.Selection {
	return &spectrum.Selection{Percent: 50, Groups: []spectrum.Group{
		{Type: "q", Of: 4, Chosen: []spectrum.Layer{
			{Name: "m.1.q.weight", Type: "q", SNR: math.Inf(1), Params: 30},
			{Name: "m.0.q.weight", Type: "q", SNR: 0.5, Params: 20},
		}},
		{Type: "lm_head", Of: 1},
	}}
}

func TestNewSelection(t *testing.T) {
	got := NewSelection(example(), 200)
	require.Equal(t, &Selection{
		TopPercent: 50, Layers: []string{"m.1.q.weight", "m.0.q.weight"}, Params: 50, Share: 0.25,
	}, got)
	require.Zero(t, NewSelection(example(), 0).Share)
}
