package spectrum

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

func TestChosenBackend(t *testing.T) {
	best := Backends()[0].Name()
	for _, c := range []struct{ backend, kernel, want, fails string }{
		{"", "", best, ""},
		{"gonum", "", "gonum", ""},
		{"native", "", "native", ""},
		{"native/generic", "", "native/generic", ""},
		{"", "generic", "native/generic", ""},
		{"native", "generic", "native/generic", ""},
		{"cuda", "", "", `SPECTRUM_BACKEND: back-end "cuda" is not available; available: `},
		{"", "mmx", "", `SPECTRUM_KERNEL: back-end native has no kernel "mmx" here; available: `},
		{"gonum", "generic", "", "SPECTRUM_KERNEL=generic: back-end gonum of SPECTRUM_BACKEND takes no kernel"},
	} {
		t.Setenv(envBackend, c.backend)
		t.Setenv(envKernel, c.kernel)
		b, err := DefaultBackend()
		w := mat.NewDense(2, 2, []float64{3, 0, 0, 4})
		a, analyzeErr := Analyze(context.Background(), w)
		require.Equal(t, err, analyzeErr)
		if c.fails != "" {
			require.ErrorIs(t, err, ErrBackend)
			assert.ErrorContains(t, err, c.fails)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, c.want, b.Name())
		assert.Equal(t, c.want, a.Backend)
		// What code names is not touched by the environment.
		a, err = Analyzer{Backend: gonumBackend{}}.Analyze(context.Background(), w)
		require.NoError(t, err)
		assert.Equal(t, "gonum", a.Backend)
	}
}

// The kernel that is forced is the one that computes.
func TestChosenKernel(t *testing.T) {
	const r, c = 400, 1200 // smaller ones go through float64 at once
	rnd := rand.New(rand.NewPCG(9, 8))
	data := make([]BFloat16, r*c)
	for i := range data {
		data[i] = ToBFloat16(float32(rnd.NormFloat64()))
	}
	w, err := NewWeights(r, c, data)
	require.NoError(t, err)
	for _, k := range kernel.All[float32]() {
		t.Setenv(envBackend, "")
		t.Setenv(envKernel, k.Name)
		a, err := Analyze(context.Background(), w)
		require.NoError(t, err)
		assert.Equal(t, "native/"+k.Name, a.Backend)
		assert.Equal(t, k.Name, a.Kernel)
		assert.Equal(t, "float32", a.Precision)
	}
}
