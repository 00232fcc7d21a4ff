package checkpoint_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/test/hostile"
)

func TestNoPanicOnBadInput(t *testing.T) {
	formats := filepath.Join("..", "testdata", "formats")
	m, err := checkpoint.Open(t.Context(), filepath.Join(formats, "fp8-blocks"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	p := hostile.Package{
		Dir: ".",
		Funcs: map[string]any{
			"Open": checkpoint.Open, "Module": checkpoint.Module, "Type": checkpoint.Type,
			"ReferenceType": checkpoint.ReferenceType, "Compare": checkpoint.Compare,
		},
		Types:  []any{m, checkpoint.Opener{}, checkpoint.Loaded{}, new(checkpoint.Buffer), checkpoint.Tensor{Shape: []int{-1, 0, math.MaxInt}}},
		Values: []any{m.Tensors()[0], new(checkpoint.Buffer), os.DirFS(formats), "sharded", "gguf-F16.gguf"},
		Skip:   map[string]string{"Model.Close": "the other walks need the model; closing twice is tried below"},
	}
	p.Walk(t)
	again, err := checkpoint.Open(t.Context(), filepath.Join(formats, "fp8-blocks"))
	require.NoError(t, err)
	require.NoError(t, again.Close())
	require.Error(t, again.Close())
	require.NoError(t, (*checkpoint.Model)(nil).Close())
	require.NoError(t, new(checkpoint.Model).Close())
}
