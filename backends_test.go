package spectrum

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
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
		t.Setenv(EnvBackend, c.backend)
		t.Setenv(EnvKernel, c.kernel)
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
