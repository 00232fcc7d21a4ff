package spectrum_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
)

// spiked returns r×c Gaussian noise in bfloat16 with eight spikes of up to
// strength times its edge.
func spiked(t *testing.T, seed uint64, r, c int, strength float64) *spectrum.Weights {
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
	for k := range 8 {
		u, v := normal(r), normal(c)
		f := edge * strength * float64(k+1) / 8 / math.Sqrt(float64(r)*float64(c))
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
	}{{512, 700, 1.5, "float32"}, {700, 512, 1.5, "float32"}, {512, 512, 400, "float64"}} {
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

func TestPrecisionFloat64NeverUsesFloat32(t *testing.T) {
	a, err := spectrum.Analyzer{Precision: spectrum.PrecisionFloat64}.Analyze(context.Background(), spiked(t, 2, 512, 600, 1.5))
	require.NoError(t, err)
	assert.Equal(t, "float64", a.Precision)
	assert.Less(t, a.SNRError, 1e-9)
}

// What the Gram matrix squares away is computed by bidiagonalisation.
func TestRankDeficientNoise(t *testing.T) {
	s := make([]float64, 80)
	for i := range s {
		s[i] = math.Pow(10, -float64(i)/5)
	}
	w := prescribed(1, 80, 100, s)
	got, err := spectrum.Analyzer{Backend: backend(t, "native")}.SingularValues(context.Background(), w)
	require.NoError(t, err)
	for i := range s {
		require.InDelta(t, s[i], got[i], 64*0x1p-53)
	}
}

// The same bits for any number of workers, in both precisions, wide and tall.
func TestWorkersGiveTheSameBits(t *testing.T) {
	ctx := context.Background()
	for _, shape := range [][2]int{{513, 700}, {700, 513}} {
		w := spiked(t, 3, shape[0], shape[1], 1.5)
		for _, p := range []spectrum.Precision{spectrum.PrecisionAuto, spectrum.PrecisionFloat64} {
			var want *spectrum.Analysis
			for _, workers := range []int{1, 2, 7} {
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

func TestNativeCanceled(t *testing.T) {
	w := spiked(t, 4, 600, 900, 1)
	// After the n-th look at it, whichever stage that is in.
	for _, looks := range []int{2, 20, 60, 200, 1000} {
		ctx := &countdown{Context: context.Background(), left: looks}
		_, err := spectrum.Analyzer{Backend: backend(t, "native"), Workers: 1}.Analyze(ctx, w)
		require.ErrorIs(t, err, context.Canceled, "%d looks", looks)
	}
}

// countdown is a context that ends after a number of looks at it.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestAnalyzerOptionErrors(t *testing.T) {
	for _, a := range []spectrum.Analyzer{{Precision: 9}, {Tolerance: -1}, {Tolerance: math.NaN()}, {Workers: -1}} {
		_, err := a.Analyze(context.Background(), mat.NewDense(1, 1, []float64{1}))
		assert.ErrorIs(t, err, spectrum.ErrOption, "%+v", a)
	}
}
