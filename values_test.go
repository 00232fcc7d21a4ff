package spectrum_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
)

// Of the singular values and errors of an analysis the same analysis can be made again.
func TestAnalyzeValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 11))
	w := mat.NewDense(30, 50, nil)
	w.Apply(func(i, j int, _ float64) float64 { return rng.NormFloat64() + 2*float64(i%3)*float64(j%2) }, w)
	for _, scale := range []spectrum.NoiseScale{spectrum.NoiseIQR, spectrum.NoiseKritchmanNadler, spectrum.NoiseML} {
		a := spectrum.Analyzer{Noise: scale}
		want, err := a.Analyze(t.Context(), w)
		require.NoError(t, err)
		require.Len(t, want.ValueErrors, 30)
		got, err := a.AnalyzeValues(want.SingularValues, want.ValueErrors, 30, 50)
		require.NoError(t, err)
		got.DType, got.Backend, got.Kernel, got.Precision = want.DType, want.Backend, want.Kernel, want.Precision
		assert.Equal(t, want, got)

		one, err := a.AnalyzeValues(want.SingularValues, []float64{want.ValueError}, 30, 50)
		require.NoError(t, err)
		assert.Equal(t, want.SNR, one.SNR)
		assert.GreaterOrEqual(t, one.SNRError, want.SNRError)
		nothing, err := a.AnalyzeValues(want.SingularValues, []float64{math.Inf(1)}, 30, 50)
		require.NoError(t, err)
		assert.True(t, math.IsInf(nothing.SNRError, 1) && math.IsInf(nothing.ValueError, 1) && nothing.ValueErrors == nil)
		exact, err := a.AnalyzeValues(want.SingularValues, nil, 30, 50)
		require.NoError(t, err)
		assert.Zero(t, exact.SNRError)
	}
	for name, errs := range map[string][]float64{"too few": {1, 2}, "negative": {-1}, "NaN": {math.NaN()}} {
		_, err := spectrum.Analyzer{}.AnalyzeValues([]float64{3, 2, 1}, errs, 3, 3)
		assert.ErrorIs(t, err, spectrum.ErrShape, name)
	}
}
