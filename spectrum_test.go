package spectrum_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/lapack/testlapack"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/test/planted"
)

func gaussian(seed uint64, r, c int) *mat.Dense {
	return planted.Matrix(rand.New(rand.NewPCG(seed, 1)), r, c, planted.Gaussian, nil)
}

// prescribed returns an r×c matrix with the given singular values.
func prescribed(seed uint64, r, c int, s []float64) *mat.Dense {
	data := make([]float64, r*c)
	testlapack.Dlagge(r, c, r-1, c-1, s, data, c, rand.New(rand.NewPCG(seed, 2)), make([]float64, r+c))
	return mat.NewDense(r, c, data)
}

// The fractions the documentation of NoiseIQR states.
func TestNoiseIQROnPureNoise(t *testing.T) {
	for _, c := range []struct {
		rows, cols int
		want       float64
	}{{400, 400, 0.24}, {300, 600, 0.65}, {128, 512, 1}, {64, 512, 1}} {
		a, err := spectrum.Analyze(context.Background(), gaussian(1, c.rows, c.cols))
		require.NoError(t, err)
		got := float64(a.SignalCount) / float64(min(c.rows, c.cols))
		assert.InDelta(t, c.want, got, 0.02, "%d×%d", c.rows, c.cols)
		assert.Equal(t, c.want == 1, a.Saturated)
	}
}

func TestNoiseCalibratedOnPureNoise(t *testing.T) {
	an := spectrum.Analyzer{Noise: spectrum.NoiseCalibrated}
	for _, c := range [][2]int{{400, 400}, {300, 600}, {128, 512}, {64, 2048}} {
		w := gaussian(2, c[0], c[1])
		w.Scale(0.02, w)
		a, err := an.Analyze(context.Background(), w)
		require.NoError(t, err)
		assert.InEpsilon(t, 0.02, a.Sigma, 0.06, "%v: σ is the standard deviation of the entries", c)
		assert.LessOrEqual(t, a.SignalCount, c[0]/50, "%v", c)
	}
}

// A lone spike lowers the score: the package documentation says so.
func TestSpikesLowerTheScore(t *testing.T) {
	ctx := context.Background()
	w := gaussian(3, 512, 512)
	plain, err := spectrum.SNR(ctx, w)
	require.NoError(t, err)
	edge := 2 * math.Sqrt(512)
	for i := range 8 {
		w.Set(i, i, w.At(i, i)+10*edge)
	}
	spiked, err := spectrum.SNR(ctx, w)
	require.NoError(t, err)
	assert.Less(t, spiked, plain/5)
}

func TestScaleInvariance(t *testing.T) {
	ctx := context.Background()
	w := gaussian(4, 30, 50)
	base, err := spectrum.Analyze(ctx, w)
	require.NoError(t, err)
	for _, e := range []int{-900, -100, 100, 900} {
		var v mat.Dense
		v.Scale(math.Ldexp(1, e), w)
		a, err := spectrum.Analyze(ctx, &v)
		require.NoError(t, err)
		assert.Equal(t, base.RatioSum, a.RatioSum, "2^%d", e)
		assert.Equal(t, base.RatioCount, a.RatioCount)
		assert.Equal(t, base.StableRank, a.StableRank)
		assert.Equal(t, math.Ldexp(base.Frobenius, e), a.Frobenius)
		assert.Equal(t, math.Ldexp(base.SNR, -e), a.SNR)
	}
}

// The reported bound holds against spectra that are known by construction.
func TestSNRErrorHolds(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	ctx := context.Background()
	rnd := rand.New(rand.NewPCG(5, 6))
	certified := 0
	for trial := range 400 {
		r, c := 2+rnd.IntN(60), 2+rnd.IntN(60)
		s := make([]float64, min(r, c))
		s[0] = 1
		decay := math.Exp(-3 * rnd.Float64() * rnd.Float64())
		for i := 1; i < len(s); i++ {
			s[i] = s[i-1] * (decay + (1-decay)*rnd.Float64())
		}
		an := settings(trial)
		want, err := an.AnalyzeSpectrum(s, r, c)
		require.NoError(t, err)
		got, err := an.Analyze(ctx, prescribed(uint64(trial), r, c, s))
		require.NoError(t, err)
		if math.IsInf(got.SNRError, 1) {
			continue
		}
		certified++
		require.Equal(t, want.Saturated, got.Saturated, "trial %d", trial)
		if want.SNR != 0 && !want.Saturated {
			// The generator rounds too, by a few ε·s₁.
			require.LessOrEqual(t, math.Abs(got.SNR/want.SNR-1), 2*got.SNRError, "trial %d, %d×%d", trial, r, c)
		}
	}
	assert.Greater(t, certified, 350)
}

// settings runs through the combinations that a spectrum alone decides.
func settings(i int) spectrum.Analyzer {
	scales := spectrum.NoiseScales()
	an := spectrum.Analyzer{Noise: scales[i%len(scales)], Ratio: spectrum.Ratio(i / 7 % 3), Divisor: spectrum.Divisor(i / 21 % 3)}
	if an.Noise == spectrum.NoiseMAD {
		an.Noise = spectrum.NoiseIQR
	}
	if an.Noise != spectrum.NoiseIQR && i%2 == 1 {
		an.Edge = 0.05
	}
	return an
}

func TestZeroMatrix(t *testing.T) {
	for i := range 63 {
		an := settings(i)
		if i == 62 {
			an.Noise = spectrum.NoiseMAD
		}
		a, err := an.Analyze(context.Background(), mat.NewDense(3, 5, nil))
		require.NoError(t, err)
		assert.True(t, a.Zero)
		assert.False(t, a.Saturated)
		assert.Zero(t, a.SNR)
		assert.Zero(t, a.RatioSum)
		assert.Zero(t, a.RatioCount)
		assert.Zero(t, a.RatioEnergy)
		assert.Zero(t, a.Sigma)
		assert.Zero(t, a.EffectiveRank)
		assert.Equal(t, 3, a.NoiseCount)
		assert.Equal(t, make([]float64, 3), a.SingularValues)
	}
}

func TestTypedWeightsMatchFloat64(t *testing.T) {
	ctx := context.Background()
	const r, c = 23, 41
	f64 := make([]float64, r*c)
	f32, bf, f16 := make([]float32, r*c), make([]spectrum.BFloat16, r*c), make([]spectrum.Float16, r*c)
	rnd := rand.New(rand.NewPCG(7, 8))
	for i := range f64 {
		f32[i] = spectrum.ToBFloat16(float32(rnd.IntN(200)-100) / 64).Float32()
		f64[i], bf[i], f16[i] = float64(f32[i]), spectrum.ToBFloat16(f32[i]), spectrum.ToFloat16(f32[i])
	}
	want, err := spectrum.Analyze(ctx, mat.NewDense(r, c, f64))
	require.NoError(t, err)
	for _, w := range []*spectrum.Weights{weights(t, r, c, f64), weights(t, r, c, f32), weights(t, r, c, bf), weights(t, r, c, f16)} {
		got, err := spectrum.Analyze(ctx, w)
		require.NoError(t, err)
		assert.Equal(t, w.DType(), got.DType)
		got.DType = want.DType
		assert.Equal(t, want, got)
		back, err := spectrum.Analyze(ctx, w.T())
		require.NoError(t, err)
		assert.Equal(t, []int{c, r}, []int{back.Rows, back.Cols})
		assert.Equal(t, want.SingularValues, back.SingularValues)
	}
}

func weights[T spectrum.Element](t *testing.T, r, c int, data []T) *spectrum.Weights {
	t.Helper()
	w, err := spectrum.NewWeights(r, c, data)
	require.NoError(t, err)
	return w
}

// view is a matrix that only At can read.
type view struct{ mat.Matrix }

// panicky is a broken implementation.
type panicky struct{ mat.Matrix }

func (panicky) Dims() (int, int)    { return 2, 2 }
func (panicky) At(_, _ int) float64 { panic("broken") }

func TestAnyMatrix(t *testing.T) {
	ctx := context.Background()
	w := gaussian(9, 12, 17)
	want, err := spectrum.SingularValues(ctx, w)
	require.NoError(t, err)
	var wide mat.Dense
	wide.Augment(w, gaussian(10, 12, 5))
	for name, m := range map[string]mat.Matrix{
		"strided":   wide.Slice(0, 12, 0, 17),
		"At only":   view{w},
		"transpose": mat.Transpose{Matrix: mat.Transpose{Matrix: w}},
	} {
		got, err := spectrum.SingularValues(ctx, m)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}
	vec, err := spectrum.SingularValues(ctx, mat.NewVecDense(2, []float64{3, 4}))
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{5}, vec, 1e-15)
}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		w    mat.Matrix
		want error
	}{
		"nil":            {nil, spectrum.ErrEmpty},
		"nil *Weights":   {(*spectrum.Weights)(nil), spectrum.ErrEmpty},
		"zero Weights":   {&spectrum.Weights{}, spectrum.ErrEmpty},
		"nil *Dense":     {(*mat.Dense)(nil), spectrum.ErrShape},
		"empty Dense":    {&mat.Dense{}, spectrum.ErrEmpty},
		"nil transpose":  {mat.Transpose{}, spectrum.ErrEmpty},
		"panicking":      {panicky{}, spectrum.ErrShape},
		"NaN":            {mat.NewDense(1, 2, []float64{0, math.NaN()}), spectrum.ErrNotFinite},
		"Inf":            {mat.NewDense(2, 1, []float64{0, math.Inf(-1)}), spectrum.ErrNotFinite},
		"bf16 Inf":       {weights(t, 1, 2, []spectrum.BFloat16{0, 0x7f80}), spectrum.ErrNotFinite},
		"f16 NaN":        {weights(t, 1, 2, []spectrum.Float16{0, 0x7e00}), spectrum.ErrNotFinite},
		"value overflow": {mat.NewDense(1, 2, []float64{math.MaxFloat64, math.MaxFloat64}), spectrum.ErrNotFinite},
	} {
		_, err := spectrum.Analyze(ctx, c.w)
		assert.ErrorIs(t, err, c.want, name)
		_, err = spectrum.SNR(ctx, c.w)
		assert.ErrorIs(t, err, c.want, name)
	}
	bad := spectrum.Analyzer{Noise: 99}
	_, err := bad.Analyze(ctx, gaussian(1, 2, 2))
	assert.ErrorIs(t, err, spectrum.ErrOption)
	bad = spectrum.Analyzer{Ratio: 99}
	_, err = bad.AnalyzeSpectrum([]float64{1}, 1, 1)
	assert.ErrorIs(t, err, spectrum.ErrOption)
	assert.Equal(t, "unknown(99)", spectrum.Ratio(99).String())
	_, err = spectrum.NewWeights(2, 3, make([]float32, 5))
	assert.ErrorIs(t, err, spectrum.ErrShape)
	_, err = spectrum.NewWeights(math.MaxInt, 8, []float64{})
	assert.ErrorIs(t, err, spectrum.ErrShape)
}

func TestElementErrorOfTranspose(t *testing.T) {
	w := mat.NewDense(4, 7, nil)
	w.Set(2, 5, math.Inf(1))
	_, err := spectrum.Analyze(context.Background(), w.T())
	var at *spectrum.ElementError
	require.True(t, errors.As(err, &at))
	assert.Equal(t, spectrum.ElementError{Row: 5, Col: 2, Value: math.Inf(1)}, *at)
}

func TestAnalyzeSpectrumRejects(t *testing.T) {
	for name, c := range map[string]struct {
		s          []float64
		rows, cols int
		want       error
	}{
		"none":       {nil, 0, 3, spectrum.ErrEmpty},
		"count":      {[]float64{2, 1}, 3, 3, spectrum.ErrShape},
		"ascending":  {[]float64{1, 2}, 2, 2, spectrum.ErrShape},
		"negative":   {[]float64{1, -2}, 2, 2, spectrum.ErrShape},
		"not finite": {[]float64{math.Inf(1), 2}, 2, 2, spectrum.ErrNotFinite},
	} {
		_, err := spectrum.Analyzer{}.AnalyzeSpectrum(c.s, c.rows, c.cols)
		assert.ErrorIs(t, err, c.want, name)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := spectrum.Analyze(ctx, gaussian(1, 3, 3))
	assert.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, spectrum.ErrBackend)
}
