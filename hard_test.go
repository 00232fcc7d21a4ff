package spectrum_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
)

// hardSpectra are n singular values, descending, that numerical methods find hard.
var hardSpectra = map[string]func(i, n int) float64{
	"noise":      func(i, n int) float64 { return 1 + float64(n-i)/float64(n) },
	"equal":      func(_, _ int) float64 { return 3 },
	"clusters":   func(i, _ int) float64 { return math.Ldexp(1, -(i / 10)) },
	"close":      func(i, _ int) float64 { return 1 - float64(i)*1e-9 },
	"power law":  func(i, _ int) float64 { return 1 / float64(i+1) },
	"geometric":  func(i, _ int) float64 { return math.Pow(0.7, float64(i)) },
	"rank three": func(i, _ int) float64 { return math.Max(0, float64(3-i)) },
	"spikes": func(i, n int) float64 {
		if i < 4 {
			return 1000 / float64(1+i*i)
		}
		return 1 + float64(n-i)/float64(n)
	},
	"large": func(i, n int) float64 { return 1e300 / float64(i+1) },
	"tiny":  func(i, n int) float64 { return 1e-300 / float64(i+1) },
}

// TestHardSpectra holds every singular value of every back-end against the
// prescribed one, by the common tolerance and by the bound reported with it.
func TestHardSpectra(t *testing.T) {
	for name, spectral := range hardSpectra {
		for _, shape := range [][2]int{{60, 60}, {50, 90}, {200, 49}} {
			r, c := shape[0], shape[1]
			n := min(r, c)
			want := make([]float64, n)
			for i := range want {
				want[i] = spectral(i, n)
			}
			// The generator squares; scaling by a power of two is exact.
			e := math.Ilogb(want[0])
			unit := make([]float64, n)
			for i := range unit {
				unit[i] = math.Ldexp(want[i], -e)
			}
			w := apply(prescribed(7, r, c, unit), func(_, _ int, v float64) float64 { return math.Ldexp(v, e) })
			for _, b := range spectrum.Backends() {
				t.Run(name+"/"+b.Name(), func(t *testing.T) {
					got, err := spectrum.Analyzer{Backend: b}.Analyze(context.Background(), w)
					require.NoError(t, err)
					for i, s := range want {
						construction := constructionTolerance * want[0]
						assert.InDelta(t, s, got.SingularValues[i], construction+got.ValueError, "s[%d] and its bound", i)
						if s > 1e-7*want[0] || backwardStable(b) {
							assert.InDelta(t, s, got.SingularValues[i], construction+valueTolerance(b, want[0], s), "s[%d]", i)
						}
					}
				})
			}
		}
	}
}

// TestHardFloat32 does the same for float32 weights that are large enough for
// float32 arithmetic. What is not certified must have been done in float64.
func TestHardFloat32(t *testing.T) {
	const n = 448
	for name, entry := range map[string]func(i, j int, x float64) float64{
		"noise":     func(_, _ int, x float64) float64 { return x },
		"small":     func(_, _ int, x float64) float64 { return x * 1e-30 },
		"rows":      func(i, _ int, x float64) float64 { return x / float64(i+1) },
		"outlier":   func(i, j int, x float64) float64 { return x + 1000*float64(max(0, 1-i-j)) },
		"geometric": func(i, _ int, x float64) float64 { return math.Ldexp(x, -(i / 8)) },
		"mean":      func(_, _ int, x float64) float64 { return x + 3 },
	} {
		rnd := rand.New(rand.NewPCG(11, 12))
		data := make([]float32, n*n)
		for i := range data {
			data[i] = float32(entry(i/n, i%n, rnd.NormFloat64()))
		}
		w := weights(t, n, n, data)
		want, err := spectrum.Analyzer{Backend: backend(t, "gonum")}.Analyze(context.Background(), w)
		require.NoError(t, err)
		for _, b := range spectrum.Backends() {
			t.Run(name+"/"+b.Name(), func(t *testing.T) {
				got, err := spectrum.Analyzer{Backend: b}.Analyze(context.Background(), w)
				require.NoError(t, err)
				for i, s := range want.SingularValues {
					assert.InDelta(t, s, got.SingularValues[i], want.ValueError+got.ValueError, "s[%d]", i)
				}
				if got.Precision == "float32" {
					assert.Zero(t, got.Uncertain)
					assert.LessOrEqual(t, got.SNRError, 1e-4)
				}
			})
		}
	}
}
