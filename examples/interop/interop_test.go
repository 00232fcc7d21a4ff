package main

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/pkg/core/dtypes/bfloat16"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"github.com/gospectrum/spectrum"
)

func TestThreeLibrariesOneScore(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	w, err := spectrum.NewWeights(rows, cols, matrix())
	require.NoError(t, err)
	snr, err := spectrum.SNR(t.Context(), w)
	require.NoError(t, err)
	var want strings.Builder
	for _, library := range []string{"gorgonia", "GoMLX", "safetensors"} {
		fmt.Fprintf(&want, "%-16s 48×64  SNR %.4g\n", library, snr)
	}
	assert.Equal(t, want.String(), out.String())
}

func TestGorgonia(t *testing.T) {
	values := []float64{1, 2, 3, 4, 5, 6}
	d := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(values))
	w, err := Gorgonia(d)
	require.NoError(t, err)
	require.NoError(t, d.SetAt(-9., 1, 2))
	assert.Equal(t, -9., w.At(1, 2), "the memory is the tensor's")

	require.NoError(t, d.T())
	w, err = Gorgonia(d)
	require.NoError(t, err)
	r, c := w.Dims()
	assert.Equal(t, [2]int{2, 3}, [2]int{r, c}, "the transpose of the transpose")

	backing := make([]float32, 16)
	for i := range backing {
		backing[i] = float32(i)
	}
	square := tensor.New(tensor.WithShape(4, 4), tensor.WithBacking(backing))
	part, err := square.Slice(tensor.S(1, 4), tensor.S(1, 3))
	require.NoError(t, err)
	w, err = Gorgonia(part.(*tensor.Dense))
	require.NoError(t, err)
	assert.Equal(t, []float64{5, 6}, w.Row(nil, 0))
	assert.Equal(t, []float64{13, 14}, w.Row(nil, 2))
	backing[6] = -1
	assert.Equal(t, -1., w.At(0, 1), "a view has the memory of the whole")

	steps, err := square.Slice(nil, tensor.S(0, 4, 2))
	require.NoError(t, err)
	for _, bad := range []*tensor.Dense{
		steps.(*tensor.Dense), tensor.New(tensor.WithShape(2, 2, 2), tensor.Of(tensor.Float32)), tensor.New(tensor.WithShape(2, 2), tensor.Of(tensor.Int)),
	} {
		_, err = Gorgonia(bad)
		assert.ErrorIs(t, err, errView)
	}
}

func TestGoMLX(t *testing.T) {
	d := tensors.FromFlatDataAndDimensions([]bfloat16.BFloat16{bfloat16.FromFloat32(1), bfloat16.FromFloat32(-2.5)}, 1, 2)
	require.NoError(t, GoMLX(d, func(w *spectrum.Weights) error {
		assert.Equal(t, spectrum.BF16, w.DType())
		assert.Equal(t, []float64{1, -2.5}, w.Row(nil, 0))
		return nil
	}))
	assert.ErrorIs(t, GoMLX(d, func(*spectrum.Weights) error { return fs.ErrInvalid }), fs.ErrInvalid)
	for _, bad := range []*tensors.Tensor{tensors.FromScalar(float32(1)), tensors.FromFlatDataAndDimensions([]int32{1, 2}, 1, 2)} {
		assert.ErrorIs(t, GoMLX(bad, nil), errView)
	}
	values := []float32{1, 2}
	d = tensors.FromFlatDataAndDimensions(values, 2, 1)
	require.NoError(t, GoMLX(d, func(w *spectrum.Weights) error {
		assert.Equal(t, 2., w.At(1, 0))
		return nil
	}))
}

func TestSafeTensorsIsAFile(t *testing.T) {
	st, err := otherLibrary(matrix())
	require.NoError(t, err)
	files, err := SafeTensors(st, "a/model.safetensors")
	require.NoError(t, err)
	text, err := fs.ReadFile(files, "a/model.safetensors")
	require.NoError(t, err)
	info, err := fs.Stat(files, "a/model.safetensors")
	require.NoError(t, err)
	assert.Equal(t, info.Size(), int64(len(text)))
	_, err = files.Open("b")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	view, ok := st.Tensor("model.layers.0.mlp.up_proj.weight")
	require.True(t, ok)
	assert.Equal(t, view.Data(), text[len(text)-len(view.Data()):])
}
