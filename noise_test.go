package spectrum_test

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/test/planted"
	"github.com/gospectrum/spectrum/rmt"
)

// longSides are m for n = 64: β = 1, ½, 0.286, ¼, ⅛ and 1/32.
var longSides = []int{64, 128, 224, 256, 512, 2048}

// On Gaussian noise Kritchman–Nadler at 1 % calls anything signal in at most 2 %
// of draws. 200 draws for each of six shapes, and 2 % of all; with the stated
// 1 % the total of 1200 exceeds 24 with probability 0.0005.
func TestKritchmanNadlerFalseAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	ctx := context.Background()
	total, draws := 0, 200
	for _, m := range longSides {
		r := rand.New(rand.NewPCG(21, uint64(m)))
		alarms := 0
		for range draws {
			a, err := spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler}.Analyze(ctx, planted.Matrix(r, 64, m, planted.Gaussian, nil))
			require.NoError(t, err)
			require.Equal(t, rmt.EdgeRule(0.01), a.Edge)
			if a.SignalCount > 0 {
				alarms++
			}
		}
		t.Logf("64×%d: %d of %d", m, alarms, draws)
		assert.LessOrEqual(t, alarms, 6, "64×%d", m)
		total += alarms
	}
	assert.LessOrEqual(t, total, len(longSides)*draws*2/100)
}

// Five spikes of 1.5 to 3.1 times the detectable strength in 128×m: the number is
// exact in at least 97 % of draws, σ is off by at most 0.2 % and the strengths
// by 3 % on average.
func TestKritchmanNadlerCounts(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	ctx := context.Background()
	const n, draws = 128, 40
	exact, all := 0, 0
	var sigma, strength float64
	for _, m := range []int{128, 256, 448, 512, 1024} {
		r := rand.New(rand.NewPCG(22, uint64(m)))
		star := rmt.SpikedModel{Rows: n, Cols: m, Sigma: 0.02}.Detectable()
		theta := []float64{3.1 * star, 2.7 * star, 2.3 * star, 1.9 * star, 1.5 * star}
		shape := 0
		for range draws {
			w := planted.Matrix(r, n, m, func(r *rand.Rand) float64 { return 0.02 * r.NormFloat64() }, theta)
			a, err := spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler}.Analyze(ctx, w)
			require.NoError(t, err)
			all++
			sigma += a.Sigma / 0.02
			if a.SignalCount == len(theta) {
				shape++
			}
			for i, s := range a.SingularValues[:len(theta)] {
				strength += a.SpikedModel().Strength(s) / theta[i] / float64(len(theta))
			}
		}
		t.Logf("128×%d: exact in %d of %d", m, shape, draws)
		exact += shape
	}
	t.Logf("exact %.2f %%, σ %+.3f %%, strengths %+.2f %%", 100*float64(exact)/float64(all),
		100*(sigma/float64(all)-1), 100*(strength/float64(all)-1))
	assert.GreaterOrEqual(t, exact, all*97/100)
	assert.InDelta(t, 1, sigma/float64(all), 0.002)
	assert.InDelta(t, 1, strength/float64(all), 0.03)
}

// Bias and spread on Gaussian noise of 100×250 stay within what the
// documentation states, for every scale.
func TestNoiseScalesOnNoise(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	limits := map[spectrum.NoiseScale]struct{ bias, spread float64 }{
		spectrum.NoiseCalibrated:      {0.006, 0.03},
		spectrum.NoiseMedian:          {0.003, 0.012},
		spectrum.NoiseKritchmanNadler: {0.002, 0.007},
		spectrum.NoiseStdDev:          {0.002, 0.007},
		spectrum.NoiseMAD:             {0.003, 0.012},
		spectrum.NoiseML:              {0.005, 0.009},
	}
	sigmas := make(map[spectrum.NoiseScale][]float64)
	r := rand.New(rand.NewPCG(23, 24))
	for range 150 {
		w := planted.Matrix(r, 100, 250, planted.Gaussian, nil)
		s, err := spectrum.SingularValues(context.Background(), w)
		require.NoError(t, err)
		for noise := range limits {
			a, err := spectrum.Analyzer{Noise: noise, Edge: 0.01, Backend: planted.Known{Values: s}}.Analyze(context.Background(), w)
			require.NoError(t, err)
			sigmas[noise] = append(sigmas[noise], a.Sigma)
		}
	}
	for noise, limit := range limits {
		mean, sd := stat.MeanStdDev(sigmas[noise], nil)
		t.Logf("%v: bias %+.2f %%, spread %.2f %%", noise, 100*(mean-1), 100*sd)
		assert.InDelta(t, 1, mean, limit.bias, "%v", noise)
		assert.Less(t, sd, limit.spread, "%v", noise)
	}
}

// The fit of Gaussian noise stays below its limit in 99 % of draws, and that of
// a power law does not.
func TestGoodnessOfFit(t *testing.T) {
	an := spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler}
	r := rand.New(rand.NewPCG(25, 26))
	above := 0
	for range 200 {
		a, err := an.Analyze(context.Background(), planted.Matrix(r, 48, 96, planted.Gaussian, nil))
		require.NoError(t, err)
		d, limit := a.GoodnessOfFit()
		require.Greater(t, d, 0.5/48)
		if d > limit {
			above++
		}
	}
	assert.LessOrEqual(t, above, 7)
	s := make([]float64, 200)
	for i := range s {
		s[i] = 1 / float64(i+1)
	}
	a, err := an.AnalyzeSpectrum(s, 200, 300)
	require.NoError(t, err)
	d, limit := a.GoodnessOfFit()
	assert.Greater(t, d, limit)
	a, err = spectrum.Analyzer{}.AnalyzeSpectrum(s, 200, 300)
	require.NoError(t, err)
	d, limit = a.GoodnessOfFit()
	assert.Zero(t, d+limit, "NoiseIQR has no law")
	assert.True(t, math.IsNaN(a.SpikedModel().NoiseEdge(rmt.EdgeAsymptotic)))
}

func TestMADIsTheMedian(t *testing.T) {
	ctx := context.Background()
	r := rand.New(rand.NewPCG(27, 28))
	for _, shape := range [][2]int{{1, 1}, {1, 2}, {3, 5}, {4, 6}, {31, 70}} {
		n := shape[0] * shape[1]
		f64, f32 := make([]float64, n), make([]float32, n)
		bf, f16 := make([]spectrum.BFloat16, n), make([]spectrum.Float16, n)
		for i := range f64 {
			x := float32(r.NormFloat64()) * 0.01
			f64[i], f32[i], bf[i], f16[i] = r.NormFloat64(), x, spectrum.ToBFloat16(x), spectrum.ToFloat16(x)
		}
		for _, w := range []*spectrum.Weights{
			weights(t, shape[0], shape[1], f64), weights(t, shape[0], shape[1], f32),
			weights(t, shape[0], shape[1], bf), weights(t, shape[0], shape[1], f16),
		} {
			var all []float64
			for i := range shape[0] {
				for _, x := range w.Row(nil, i) {
					all = append(all, math.Abs(x))
				}
			}
			slices.Sort(all)
			want := (all[n/2] + all[(n-1)/2]) / 2
			for _, workers := range []int{1, 3} {
				a, err := spectrum.Analyzer{Noise: spectrum.NoiseMAD, Workers: workers}.Analyze(ctx, w)
				require.NoError(t, err)
				assert.InEpsilon(t, want/0.6744897501960817, a.Sigma, 1e-15, "%v %v", w.DType(), shape)
			}
		}
	}
	_, err := spectrum.Analyzer{Noise: spectrum.NoiseMAD}.AnalyzeSpectrum([]float64{1}, 1, 1)
	assert.ErrorIs(t, err, spectrum.ErrOption)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = spectrum.Analyzer{Noise: spectrum.NoiseMAD}.Analyze(ended, gaussian(1, 5, 5))
	assert.ErrorIs(t, err, context.Canceled)
}

// jitter is a back-end that returns a spectrum within its stated errors.
type jitter struct {
	planted.Known
	errs []float64
}

func (j jitter) Spectra(context.Context, spectrum.Problem) iter.Seq2[*spectrum.Spectrum, error] {
	return func(yield func(*spectrum.Spectrum, error) bool) {
		yield(&spectrum.Spectrum{Values: j.Values, Errors: j.errs, Precision: "float64"}, nil)
	}
}

// Whatever the errors of the singular values do to scale, threshold and score
// stays within the bound, for every scale, edge, ratio and divisor.
func TestBoundsHoldForEverySetting(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	ctx := context.Background()
	certified := make(map[spectrum.NoiseScale]int)
	for trial := range 700 {
		r := rand.New(rand.NewPCG(29, uint64(trial)))
		an := settings(trial)
		n := 20 + r.IntN(40)
		m := n + r.IntN(100)
		var theta []float64
		for range r.IntN(4) {
			theta = append(theta, (1+3*r.Float64())*math.Sqrt(math.Sqrt(float64(n)*float64(m))))
		}
		w := planted.Matrix(r, n, m, planted.Gaussian, theta)
		exact, err := spectrum.SingularValues(ctx, w)
		require.NoError(t, err)
		size := math.Pow(10, -7*r.Float64())
		errs, moved := make([]float64, n), make([]float64, n)
		side := float64(r.IntN(3) - 1) // all to one side is the worst, or anywhere
		for i, s := range exact {
			errs[i] = size * (0.5 + r.Float64())
			shift := side
			if side == 0 {
				shift = 2*r.Float64() - 1
			}
			moved[i] = max(0, s+shift*errs[i])
		}
		slices.SortFunc(moved, func(a, b float64) int { return int(math.Copysign(1, b-a)) })
		for i := range errs { // sorting may have moved a value
			errs[i] = max(errs[i], math.Abs(moved[i]-exact[i]))
		}
		want, err := an.AnalyzeSpectrum(exact, n, m)
		require.NoError(t, err)
		an.Backend = jitter{planted.Known{Values: moved}, errs}
		got, err := an.Analyze(ctx, w)
		require.NoError(t, err)
		if math.IsInf(got.SNRError, 1) {
			continue
		}
		certified[an.Noise]++
		require.Equal(t, want.Saturated, got.Saturated)
		if want.SNR == 0 || want.Saturated {
			require.Equal(t, want.SNR, got.SNR)
			continue
		}
		require.LessOrEqual(t, math.Abs(got.SNR/want.SNR-1), got.SNRError*(1+1e-9), "trial %d, %+v", trial, an)
	}
	t.Log(certified)
	for _, noise := range spectrum.NoiseScales() {
		if noise != spectrum.NoiseMAD {
			assert.Greater(t, certified[noise], 30, "%v", noise)
		}
	}
}

func TestRatiosAndDivisors(t *testing.T) {
	s := []float64{8, 4, 1, 1, 1, 1, 1, 1} // t = 1.11
	var base *spectrum.Analysis
	for _, ratio := range []spectrum.Ratio{spectrum.RatioSum, spectrum.RatioCount, spectrum.RatioEnergy} {
		for _, divisor := range []spectrum.Divisor{spectrum.DivisorSMax, spectrum.DivisorNone, spectrum.DivisorEdge} {
			a, err := spectrum.Analyzer{Ratio: ratio, Divisor: divisor}.AnalyzeSpectrum(s, 8, 8)
			require.NoError(t, err)
			require.Equal(t, 2, a.SignalCount)
			want := map[spectrum.Ratio]float64{
				spectrum.RatioSum: 2, spectrum.RatioCount: 1. / 3, spectrum.RatioEnergy: 80. / 6,
			}[ratio]
			by := map[spectrum.Divisor]float64{
				spectrum.DivisorSMax: 8, spectrum.DivisorNone: 1, spectrum.DivisorEdge: 8 / a.Threshold,
			}[divisor]
			assert.InEpsilon(t, want/by, a.SNR, 1e-14, "%v %v", ratio, divisor)
			base = a
		}
	}
	// Free of scale, without overflow.
	for _, scale := range []float64{0x1p-900, 0x1p900} {
		scaled := make([]float64, len(s))
		for i := range s {
			scaled[i] = s[i] * scale
		}
		a, err := spectrum.Analyzer{Ratio: spectrum.RatioEnergy, Divisor: spectrum.DivisorEdge}.AnalyzeSpectrum(scaled, 8, 8)
		require.NoError(t, err)
		assert.Equal(t, base.SNR, a.SNR)
		for _, noise := range spectrum.NoiseScales() {
			an := spectrum.Analyzer{Noise: noise, Divisor: spectrum.DivisorNone}
			a, err := an.Analyze(context.Background(), mat.NewDiagDense(8, scaled))
			require.NoError(t, err)
			b, err := an.Analyze(context.Background(), mat.NewDiagDense(8, s))
			require.NoError(t, err)
			assert.Equal(t, b.SNR, a.SNR, "%v", noise)
			assert.InDelta(t, b.Sigma*scale, a.Sigma, 1e-12*b.Sigma*scale, "%v", noise)
		}
	}
}

func TestStrengths(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	w := planted.Matrix(r, 200, 300, planted.Gaussian, []float64{60, 40})
	a, err := spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler}.Analyze(context.Background(), w)
	require.NoError(t, err)
	require.Equal(t, 2, a.SignalCount)
	assert.InDeltaSlice(t, []float64{60, 40}, a.Strengths(), 2)
}

// Spectra that are no noise at all still get a finite scale and a split that
// agrees with the threshold.
func TestNoiseScalesOnHardSpectra(t *testing.T) {
	const n = 120
	spectra := map[string]func(i int) float64{
		"power law": func(i int) float64 { return 1 / float64(i+1) },
		"geometric": func(i int) float64 { return math.Pow(0.7, float64(i)) },
		"steep":     func(i int) float64 { return math.Pow(0.01, float64(i)) },
		"equal":     func(int) float64 { return 3 },
		"low rank":  func(i int) float64 { return max(0, 10-float64(i)) },
		"rank one":  func(i int) float64 { return max(0, 1-float64(i)) },
		"linear":    func(i int) float64 { return float64(n - i) },
		"two":       func(i int) float64 { return float64(1 + 1e6*(1-min(1, i/60))) },
	}
	for name, f := range spectra {
		s := make([]float64, n)
		for i := range s {
			s[i] = f(i)
		}
		for _, size := range []int{1, 2, 3, 9, n} {
			for _, m := range []int{size, size + 1, 4 * size} {
				for trial := range 21 {
					an := settings(trial)
					a, err := an.AnalyzeSpectrum(s[:size], size, m)
					require.NoError(t, err)
					require.False(t, math.IsNaN(a.SNR), "%s %d×%d %+v", name, size, m, an)
					require.False(t, math.IsNaN(a.Sigma) || math.IsInf(a.Sigma, 0), "%s %d×%d %+v", name, size, m, an)
					require.Equal(t, size, a.SignalCount+a.NoiseCount)
					for i, v := range s[:size] {
						require.Equal(t, i < a.SignalCount, v > a.Threshold)
					}
					d, limit := a.GoodnessOfFit()
					require.True(t, d >= 0 && d <= 1 && limit >= 0 && limit <= 1, "%s: %v %v", name, d, limit)
				}
			}
		}
	}
}
