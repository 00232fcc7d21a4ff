package spectrum_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
)

// spiked returns r×c Gaussian noise in bfloat16 with eight spikes of up to
// strength times its edge.
func spiked(t *testing.T, seed uint64, r, c int, strength float64) *spectrum.Weights {
	t.Helper()
	return withSpikes(t, seed, r, c, 8, strength)
}

// withSpikes is spiked with any number of them.
func withSpikes(t *testing.T, seed uint64, r, c, count int, strength float64) *spectrum.Weights {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 3))
	normal := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = rnd.NormFloat64()
		}
		return v
	}
	a := normal(r * c)
	edge := math.Sqrt(float64(r)) + math.Sqrt(float64(c))
	for k := range count {
		u, v := normal(r), normal(c)
		f := edge * strength * float64(k+1) / float64(count) / math.Sqrt(float64(r)*float64(c))
		for i := range a {
			a[i] += f * u[i/c] * v[i%c]
		}
	}
	data := make([]spectrum.BFloat16, len(a))
	for i, x := range a {
		data[i] = spectrum.ToBFloat16(float32(x))
	}
	return weights(t, r, c, data)
}

func backend(t *testing.T, name string) spectrum.Backend {
	t.Helper()
	b, err := spectrum.BackendByName(name)
	require.NoError(t, err)
	return b
}

// Auto computes in float32 what its bound certifies and escalates the rest; the
// bound holds either way.
func TestAutoPrecision(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		r, c     int
		strength float64
		want     string
	}{
		{512, 700, 1.5, "float32"},
		{700, 512, 1.5, "float32"},
		// Only deflation certifies these.
		{512, 512, 12, "float32"},
		{1024, 512, 12, "float32"},
		{512, 512, 40, "float32"},
		{512, 512, 4000, "float64"},
	} {
		w := spiked(t, 1, c.r, c.c, c.strength)
		exact, err := spectrum.Analyzer{Backend: backend(t, "gonum")}.Analyze(ctx, w)
		require.NoError(t, err)
		for _, noise := range []spectrum.NoiseScale{spectrum.NoiseIQR, spectrum.NoiseCalibrated} {
			exact.Noise = noise
			want, err := spectrum.Analyzer{Noise: noise}.AnalyzeSpectrum(exact.SingularValues, c.r, c.c)
			require.NoError(t, err)
			got, err := spectrum.Analyzer{Noise: noise, Backend: backend(t, "native")}.Analyze(ctx, w)
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Precision, "%d×%d, spikes to %v times the edge", c.r, c.c, c.strength)
			assert.Equal(t, want.SignalCount, got.SignalCount)
			assert.Zero(t, got.Uncertain)
			assert.LessOrEqual(t, got.SNRError, 1e-4)
			assert.LessOrEqual(t, math.Abs(got.SNR/want.SNR-1), got.SNRError)
			for i, s := range want.SingularValues {
				require.InDelta(t, s, got.SingularValues[i], got.ValueError)
			}
		}
	}
}

// What float32 certifies for the score is not what it certifies for every value.
func TestPrecisionValues(t *testing.T) {
	w := spiked(t, 5, 600, 700, 3)
	auto, err := spectrum.Analyzer{}.Analyze(context.Background(), w)
	require.NoError(t, err)
	values, err := spectrum.Analyzer{Precision: spectrum.PrecisionValues}.Analyze(context.Background(), w)
	require.NoError(t, err)
	assert.LessOrEqual(t, values.ValueError, 1e-4*values.SMin)
	assert.LessOrEqual(t, values.SMinError, values.ValueError)
	assert.LessOrEqual(t, math.Abs(auto.SMin-values.SMin), auto.SMinError+values.SMinError)
	if auto.Precision == "float32" {
		assert.Equal(t, "float64", values.Precision)
		assert.Greater(t, auto.SMinError, 1e-4*auto.SMin, "the case shows nothing")
	}
}

func TestPrecisionFloat64NeverUsesFloat32(t *testing.T) {
	a, err := spectrum.Analyzer{Precision: spectrum.PrecisionFloat64}.Analyze(context.Background(), spiked(t, 2, 512, 600, 1.5))
	require.NoError(t, err)
	assert.Equal(t, "float64", a.Precision)
	assert.Less(t, a.SNRError, 1e-9)
}

// Float64 keeps its promise on spectra that go down to 10⁻⁴ of the largest value,
// wide and near square.
func TestFloat64Accuracy(t *testing.T) {
	ctx := context.Background()
	for _, shape := range [][2]int{{200, 200}, {200, 700}, {700, 200}, {190, 256}, {400, 400}} {
		r, c := shape[0], shape[1]
		n := min(r, c)
		for name, value := range map[string]func(x float64) float64{
			"geometric":  func(x float64) float64 { return math.Pow(10, -4*x) },
			"arithmetic": func(x float64) float64 { return 1 - (1-1e-4)*x },
			"one large":  func(x float64) float64 { return 1 - (1-1e-3)*math.Min(1, x*float64(n)) - 8e-4*x },
			"noise":      nil,
		} {
			t.Run(fmt.Sprintf("%dx%d/%s", r, c, name), func(t *testing.T) {
				s := make([]float64, n)
				for i := range s {
					if value != nil {
						s[i] = value(float64(i) / float64(n-1))
					}
				}
				w := prescribed(1, r, c, s)
				if value == nil {
					rnd := rand.New(rand.NewPCG(5, 5))
					w.Apply(func(_, _ int, _ float64) float64 { return rnd.NormFloat64() }, w)
				}
				an := spectrum.Analyzer{Precision: spectrum.PrecisionFloat64, Noise: spectrum.NoiseCalibrated}
				an.Backend = backend(t, "gonum")
				want, err := an.Analyze(ctx, w)
				require.NoError(t, err)
				an.Backend = backend(t, "native")
				got, err := an.Analyze(ctx, w)
				require.NoError(t, err)
				for i, v := range want.SingularValues {
					if v >= 1e-4*want.SMax {
						require.InDelta(t, v, got.SingularValues[i], 64*0x1p-52*want.SMax)
					}
				}
				if !want.Saturated {
					require.InDelta(t, want.SNR, got.SNR, 1e-10*want.SNR)
				}
			})
		}
	}
}

// What the Gram matrix squares away is computed by bidiagonalisation.
func TestRankDeficientNoise(t *testing.T) {
	s := make([]float64, 80)
	for i := range s {
		s[i] = math.Pow(10, -float64(i)/5)
	}
	w := prescribed(1, 80, 100, s)
	got, err := spectrum.Analyzer{Backend: backend(t, "native")}.Analyze(context.Background(), w)
	require.NoError(t, err)
	assert.Contains(t, got.Kernel, " direct")
	for i := range s {
		require.InDelta(t, s[i], got.SingularValues[i], 64*0x1p-53)
	}
}

// The same bits for any number of workers, in both precisions, wide and tall.
func TestWorkersGiveTheSameBits(t *testing.T) {
	ctx := context.Background()
	for _, shape := range [][3]int{{513, 700, 1}, {700, 513, 2}, {513, 600, 20}} { // the last is deflated
		w := spiked(t, 3, shape[0], shape[1], float64(shape[2]))
		for _, p := range []spectrum.Precision{spectrum.PrecisionAuto, spectrum.PrecisionFloat64} {
			var want *spectrum.Analysis
			for _, workers := range []int{1, 2, 7, math.MaxInt} {
				got, err := spectrum.Analyzer{Backend: backend(t, "native"), Precision: p, Workers: workers}.Analyze(ctx, w)
				require.NoError(t, err)
				if want == nil {
					want = got
				}
				require.Equal(t, want, got, "%v, %d workers", p, workers)
			}
		}
	}
}

// Whichever stage the context ends in, the error says so and no goroutine stays.
func TestNativeCanceled(t *testing.T) {
	n := 1024
	if spectrum.Backends()[0].Name() != "native" {
		n = 512 // without a vector kernel it takes long
	}
	w := spiked(t, 4, n, n, 1)
	rnd := rand.New(rand.NewPCG(5, 5))
	goroutines := runtime.NumGoroutine()
	for _, p := range []spectrum.Precision{spectrum.PrecisionAuto, spectrum.PrecisionFloat64} {
		an := spectrum.Analyzer{Backend: backend(t, "native"), Precision: p, Workers: 1}
		whole := cancelAfter(math.MaxInt64)
		_, err := an.Analyze(whole, w)
		require.NoError(t, err)
		// More workers look at the context more often, never less.
		looks := math.MaxInt64 - whole.left.Load()
		for trial := range 9 {
			an.Workers = []int{1, 2, 7}[trial%3]
			look := 1 + rnd.Int64N(looks)
			_, err := an.Analyze(cancelAfter(look), w)
			require.ErrorIs(t, err, context.Canceled, "%v, %d workers, look %d of %d", p, an.Workers, look, looks)
			for range 1000 {
				if runtime.NumGoroutine() <= goroutines {
					break
				}
				time.Sleep(time.Millisecond)
			}
			require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
		}
	}
}

// endingContext is canceled when it is looked at for the left-th time from now.
type endingContext struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func cancelAfter(looks int64) *endingContext {
	c := &endingContext{}
	c.Context, c.cancel = context.WithCancel(context.Background())
	c.left.Store(looks)
	return c
}

func (c *endingContext) Err() error {
	if c.left.Add(-1) == 0 {
		c.cancel()
	}
	return c.Context.Err()
}

func TestAnalyzerOptionErrors(t *testing.T) {
	for _, a := range []spectrum.Analyzer{{Precision: 9}, {Tolerance: -1}, {Tolerance: math.NaN()}, {Workers: -1}} {
		_, err := a.Analyze(context.Background(), mat.NewDense(1, 1, []float64{1}))
		assert.ErrorIs(t, err, spectrum.ErrOption, "%+v", a)
	}
}
