package checkpoint

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// directions are 2×3×2 numbers.
var directions = []float32{1, -2, 3, 4, 0.5, 6, -7, 8, 9, 10, 11, -12}

// effective is g·v/‖v‖ of directions, with a length for each index of axis, or one
// for all.
func effective(g []float64, axis int) []float64 {
	index := func(i int) int {
		switch axis {
		case 0:
			return i / 6
		case 1:
			return i / 2 % 3
		case 2:
			return i % 2
		}
		return 0
	}
	norms := make([]float64, len(g))
	for i, v := range directions {
		norms[index(i)] += float64(v) * float64(v)
	}
	w := make([]float64, len(directions))
	for i, v := range directions {
		w[i] = g[index(i)] * float64(v) / math.Sqrt(norms[index(i)])
	}
	return w
}

func TestWeightNormIsMultipliedOut(t *testing.T) {
	g := []float32{0.25, 3, 5}
	for _, c := range []struct {
		name  string
		v, g  string
		shape []int64
		axis  int
	}{
		{"the default", "conv.weight_v", "conv.weight_g", []int64{2, 1, 1}, 0},
		{"the middle axis", "conv.weight_v", "conv.weight_g", []int64{1, 3, 1}, 1},
		{"wav2vec2", "conv.parametrizations.weight.original1", "conv.parametrizations.weight.original0", []int64{1, 1, 2}, 2},
		{"one for all", "weight_v", "weight_g", nil, -1},
		{"recurrent", "rnn.weight_hh_l0_v", "rnn.weight_hh_l0_g", []int64{2, 1, 1}, 0},
	} {
		n := int64(1)
		for _, d := range c.shape {
			n *= d
		}
		lengths := make([]float64, n)
		for i := range lengths {
			lengths[i] = float64(g[i])
		}
		dir := t.TempDir()
		writeShard(t, dir, "model.safetensors",
			tensor(c.v, "F32", []int64{2, 3, 2}, directions), tensor(c.g, "F32", c.shape, g[:n]))
		m := open(t, dir)
		assert.Equal(t, []string{c.v}, tensorNames(m), "the name is the one of what is stored")
		assert.Equal(t, lengthsReason, find(t, m, c.g).Skip)
		w, err := m.Load(t.Context(), find(t, m, c.v), nil)
		require.NoError(t, err, c.name)
		rows, cols := w.Dims()
		require.Equal(t, [2]int{2, 6}, [2]int{rows, cols})
		for i, want := range effective(lengths, c.axis) {
			assert.InEpsilon(t, want, w.At(i/6, i%6), 1e-7, "%s, element %d", c.name, i)
		}
	}
}

// TestWeightNormInEveryType has directions and lengths whose product each type holds
// exactly: the direction of 3, 4 with length 10 is 6, 8.
func TestWeightNormInEveryType(t *testing.T) {
	dir := t.TempDir()
	bits := map[string]struct{ v, g any }{
		"F64":  {[]float64{3e200, 4e200}, []float64{10}},
		"F32":  {[]float32{3e30, 4e30}, []float32{10}},
		"F16":  {[]uint16{0x4200, 0x4400}, []uint16{0x4900}},
		"BF16": {[]uint16{0x4040, 0x4080}, []uint16{0x4120}},
	}
	var tensors []safetensors.Data
	for dtype, b := range bits {
		tensors = append(tensors, tensor(dtype+".weight_v", dtype, []int64{1, 2}, b.v), tensor(dtype+".weight_g", dtype, []int64{1, 1}, b.g))
	}
	writeShard(t, dir, "model.safetensors", tensors...)
	m := open(t, dir)
	for dtype := range bits {
		x := find(t, m, dtype+".weight_v")
		assert.Equal(t, dtype, x.DType)
		w, err := m.Load(t.Context(), x, nil)
		require.NoError(t, err)
		assert.Equal(t, []float64{6, 8}, []float64{w.At(0, 0), w.At(0, 1)}, dtype)
	}
}

func TestADirectionOfZerosHasNoLength(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors",
		tensor("a.weight_v", "F32", []int64{2, 2}, []float32{0, 0, 3, 4}), tensor("a.weight_g", "F32", []int64{2, 1}, []float32{1, 1}))
	m := open(t, dir)
	w, err := m.Load(t.Context(), find(t, m, "a.weight_v"), nil)
	require.NoError(t, err)
	assert.True(t, math.IsNaN(w.At(0, 1)), "as PyTorch has it, so that a scan says where")
	assert.InEpsilon(t, 0.8, w.At(1, 1), 1e-7)
}

func TestOtherParametrizationsAreRefusedByName(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors",
		f32("short.weight_v", 2, 3), f32("short.weight_g", 1, 2),
		f32("none.weight_v", 5, 3), f32("none.weight_g", 1, 1),
		f32("orth.parametrizations.weight.original", 2, 2), f32("orth.parametrizations.weight.0.base", 2, 2),
		f32("pair.parametrizations.weight.original0", 2, 3), f32("pair.parametrizations.weight.original1", 3, 4),
		f32("spectral.weight_orig", 2, 3), tensor("spectral.weight_u", "F32", []int64{2}, []float32{1, 0}), tensor("spectral.weight_v", "F32", []int64{3}, []float32{1, 0, 0}),
		f32("pruned.weight_orig", 2, 3), f32("pruned.weight_mask", 2, 3),
		f32("mine.weight_orig", 2, 3), f32("mine.weight_v", 2, 3))
	m := open(t, dir)
	for name, want := range map[string]string{
		"short.weight_v":                         "its lengths short.weight_g are F32 of shape [1 2], which do not fit F32 of shape [2 3]",
		"mine.weight_v":                          "",
		"none.weight_v":                          "which do not fit",
		"orth.parametrizations.weight.original":  parametrizedReason,
		"orth.parametrizations.weight.0.base":    parametrizedReason,
		"pair.parametrizations.weight.original0": "lengths of pair.parametrizations.weight.original1, which they do not fit",
		"pair.parametrizations.weight.original1": "its lengths pair.parametrizations.weight.original0",
		"spectral.weight_orig":                   parametrizedReason,
		"spectral.weight_v":                      "singular vectors of another weight",
		"pruned.weight_orig":                     parametrizedReason,
		"pruned.weight_mask":                     parametrizedReason,
		"mine.weight_orig":                       "",
	} {
		got := find(t, m, name).Skip
		if want == "" {
			assert.Empty(t, got, name)
		} else {
			assert.Contains(t, got, want, name)
		}
	}
}
