package selection_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/selection"
)

func layers(snr ...float64) []spectrum.Layer {
	var all []spectrum.Layer
	for i, s := range snr {
		all = append(all, spectrum.Layer{Name: fmt.Sprint(i), Type: "t", SNR: s, Params: 1})
	}
	return all
}

func names(sel *selection.Selection) []string {
	all := []string{}
	for _, l := range sel.Layers() {
		all = append(all, l.Name)
	}
	return all
}

func TestSelectTopKOrder(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		snr     []float64
		percent float64
		want    []string
	}{
		{[]float64{1, 3, 2, 4}, 50, []string{"3", "1"}},
		{[]float64{1, 3, 2, 4}, 49.9, []string{"3"}},
		{[]float64{1, 3, 2, 4}, 24.9, []string{}},
		{[]float64{1, 3, 2, 4}, 100, []string{"3", "1", "2", "0"}},
		{[]float64{2, 2, inf, 2, inf}, 80, []string{"2", "4", "0", "1"}},
		{[]float64{nan, 1, nan, 0}, 50, []string{"1", "3"}},
		{[]float64{nan, 1, nan, 0}, 100, []string{"1", "3"}},
		{[]float64{7}, 99, []string{}},
		{nil, 50, []string{}},
	} {
		sel, err := spectrum.SelectTopK(layers(c.snr...), c.percent)
		require.NoError(t, err)
		assert.Equal(t, c.want, names(sel), "%v at %v %%", c.snr, c.percent)
		assert.EqualValues(t, len(c.want), sel.Params())
	}
}

func TestSelectTopKTypes(t *testing.T) {
	all := layers(1, 2, 3, 4)
	all[0].Type, all[2].Type = "b", "b"
	sel, err := spectrum.SelectTopK(all, 50)
	require.NoError(t, err)
	require.Len(t, sel.Groups, 2)
	assert.Equal(t, "b", sel.Groups[0].Type)
	assert.Equal(t, []string{"2", "3"}, names(sel))
	assert.Equal(t, 2, sel.Groups[1].Candidates)
}

func TestSelectTopKPercent(t *testing.T) {
	for _, p := range []float64{-1, 100.5, math.NaN(), math.Inf(1)} {
		_, err := spectrum.SelectTopK(layers(1, 2), p)
		assert.ErrorIs(t, err, spectrum.ErrOption, "%v", p)
	}
}

// The input is left as it was.
func TestSelectTopKKeepsInput(t *testing.T) {
	all := layers(1, 3, 2)
	_, err := spectrum.SelectTopK(all, 100)
	require.NoError(t, err)
	assert.Equal(t, layers(1, 3, 2), all)
}

// Numbers of parameters that a file claims do not turn negative together.
func TestParamsDoNotWrapAround(t *testing.T) {
	most := selection.Layer{Name: "a", Type: "t", SNR: 1, Params: math.MaxInt64}
	sel := &selection.Selection{Groups: []selection.Group{{Chosen: []selection.Layer{most, most}}, {Chosen: []selection.Layer{most}}}}
	assert.Equal(t, int64(math.MaxInt64), sel.Params())
}
