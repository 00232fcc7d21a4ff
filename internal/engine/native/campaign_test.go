package native

import (
	"context"
	"flag"
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/lapack"
	"github.com/gospectrum/spectrum/internal/test/matrices"
)

var (
	campaignSize = flag.Int("campaign", 400, "number of matrices of TestCampaign")
	campaignSeed = flag.Uint64("campaign-seed", 1, "seed of TestCampaign")
)

// family makes the hard matrices of one kind.
type family struct {
	name string
	make func(rnd *rand.Rand, r, c int) []float64
}

// withSpectrum makes matrices with the given singular values.
func withSpectrum(spectrum func(rnd *rand.Rand, n, m int) []float64) func(*rand.Rand, int, int) []float64 {
	return func(rnd *rand.Rand, r, c int) []float64 {
		return matrices.Prescribed(rnd, r, c, spectrum(rnd, min(r, c), max(r, c)))
	}
}

func gaussian(rnd *rand.Rand, r, c int) []float64 { return matrices.Gaussian(rnd, r*c) }

func families() []family {
	edit := func(f func(rnd *rand.Rand, a []float64, r, c int)) func(*rand.Rand, int, int) []float64 {
		return func(rnd *rand.Rand, r, c int) []float64 {
			a := gaussian(rnd, r, c)
			f(rnd, a, r, c)
			return a
		}
	}
	values := func(f func(rnd *rand.Rand, i, n int) float64) func(*rand.Rand, int, int) []float64 {
		return withSpectrum(func(rnd *rand.Rand, n, _ int) []float64 {
			s := make([]float64, n)
			for i := range s {
				s[i] = f(rnd, i, n)
			}
			return s
		})
	}
	return []family{
		{"noise", gaussian},
		{"uniform", edit(func(rnd *rand.Rand, a []float64, _, _ int) {
			for i := range a {
				a[i] = rnd.Float64()
			}
		})},
		{"spikes", edit(func(rnd *rand.Rand, a []float64, r, c int) {
			for range 1 + rnd.IntN(8) {
				strength := math.Pow(10, 3*rnd.Float64()) / math.Sqrt(float64(min(r, c)))
				u, v := matrices.Gaussian(rnd, r), matrices.Gaussian(rnd, c)
				for i := range a {
					a[i] += strength * u[i/c] * v[i%c]
				}
			}
		})},
		{"power law", withSpectrum(func(rnd *rand.Rand, n, _ int) []float64 {
			p := 0.3 + 3*rnd.Float64()
			s := make([]float64, n)
			for i := range s {
				s[i] = math.Pow(float64(i+1), -p)
			}
			return s
		})},
		{"geometric", withSpectrum(func(rnd *rand.Rand, n, _ int) []float64 {
			q := math.Pow(10, -8*rnd.Float64()/float64(n))
			s := make([]float64, n)
			for i := range s {
				s[i] = math.Pow(q, float64(i))
			}
			return s
		})},
		{"rank-deficient", withSpectrum(func(rnd *rand.Rand, n, _ int) []float64 {
			s := make([]float64, n)
			for i := range 1 + rnd.IntN(n) {
				s[i] = 0.5 + rnd.Float64()
			}
			return s
		})},
		{"orthogonal", values(func(*rand.Rand, int, int) float64 { return 1 })},
		{"two clusters", values(func(rnd *rand.Rand, i, n int) float64 {
			if i < n/3 {
				return 100
			}
			return 1
		})},
		{"random values", values(func(rnd *rand.Rand, _, _ int) float64 { return rnd.Float64() })},
		{"outlier rows and columns", edit(func(rnd *rand.Rand, a []float64, r, c int) {
			f := math.Pow(10, 4*rnd.Float64())
			row, col := rnd.IntN(r), rnd.IntN(c)
			for i := range a {
				if i/c == row {
					a[i] *= f
				}
				if i%c == col {
					a[i] *= f
				}
			}
		})},
		{"some heavy rows", edit(func(rnd *rand.Rand, a []float64, r, c int) {
			f, heavy := math.Pow(10, 4*rnd.Float64()), 1+rnd.IntN(r)
			for i := range heavy * c {
				a[i] *= f
			}
		})},
		{"graded rows", edit(func(rnd *rand.Rand, a []float64, r, c int) {
			q := math.Pow(10, -6*rnd.Float64()/float64(r))
			for i := range a {
				a[i] *= math.Pow(q, float64(i/c))
			}
		})},
		{"graded columns, ascending", edit(func(rnd *rand.Rand, a []float64, r, c int) {
			q := math.Pow(10, 6*rnd.Float64()/float64(c))
			for i := range a {
				a[i] *= math.Pow(q, float64(i%c))
			}
		})},
		{"duplicate rows", edit(func(rnd *rand.Rand, a []float64, r, c int) {
			for i := 1; i < r; i += 2 {
				copy(a[i*c:(i+1)*c], a[(i-1)*c:i*c])
			}
		})},
		{"sparse", edit(func(rnd *rand.Rand, a []float64, _, _ int) {
			for i := range a {
				if rnd.Float64() < 0.95 {
					a[i] = 0
				}
			}
			a[0] = 1
		})},
		{"diagonal", func(rnd *rand.Rand, r, c int) []float64 {
			a := make([]float64, r*c)
			for i := range min(r, c) {
				a[i*c+i] = math.Pow(10, -6*rnd.Float64())
			}
			return a
		}},
		{"heavy tails", edit(func(rnd *rand.Rand, a []float64, _, _ int) {
			for i := range a {
				a[i] /= math.Sqrt(rnd.Float64()) + 1e-3
			}
		})},
		{"tiny", edit(func(rnd *rand.Rand, a []float64, _, _ int) { scaleAll(a, 1e-30) })},
		{"huge", edit(func(rnd *rand.Rand, a []float64, _, _ int) { scaleAll(a, 1e30) })},
	}
}

func scaleAll(a []float64, f float64) {
	for i := range a {
		a[i] *= f
	}
}

// solver is Gram or Direct.
type solver[T kernel.Float] func(ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, maxAbs float64, workers int) (*Result, error)

// TestCampaign looks for a matrix whose singular values are off by more than
// the reported bound, by either way. It prints, for each family, the largest error
// in units of the bound.
//
//	go test ./internal/engine/native -run Campaign -campaign 20000 -v -timeout 2h
func TestCampaign(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	t.Run("float32", func(t *testing.T) { campaign(t, Gram[float32]) })
	t.Run("float64", func(t *testing.T) { campaign(t, Gram[float64]) })
	t.Run("float32 direct", func(t *testing.T) { campaign(t, Direct[float32]) })
	t.Run("float64 direct", func(t *testing.T) { campaign(t, Direct[float64]) })
}

func campaign[T kernel.Float](t *testing.T, solve solver[T]) {
	ctx := context.Background()
	worst := make(map[string]float64)
	all := families()
	for trial := range *campaignSize {
		rnd := rand.New(rand.NewPCG(*campaignSeed, uint64(trial)))
		f := all[trial%len(all)]
		n := 1 + int(math.Pow(10, 2.4*rnd.Float64()))
		if trial%40 == 0 { // large enough for deflation
			n = minDeflated + rnd.IntN(200)
		}
		m := int(float64(n) * math.Pow(8, rnd.Float64()*rnd.Float64()))
		r, c := n, m
		if trial/len(all)%2 == 1 {
			r, c = c, r
		}
		a := f.make(rnd, r, c)
		w, maxAbs := stored(a, r, c, trial/len(all)/2%2 == 1)
		if maxAbs == 0 {
			continue
		}
		e := -math.Ilogb(maxAbs)
		want, err := lapack.SingularValues(ctx, lapack.Source{Rows: r, Cols: c, Scale: math.Ldexp(1, e), Segment: func(dst []float64, i, j int) {
			copy(dst, a[i*c+j:])
		}})
		require.NoError(t, err)
		kernels := kernel.All[T]()
		k := kernels[(trial+trial/40)%len(kernels)]
		k.OneStage = 0 // in one stage the yardstick would be measured by itself
		got, err := solve(ctx, &k, w, maxAbs, 1+trial%3)
		require.NoError(t, err)
		for i, s := range want {
			s = math.Ldexp(s, -e)
			truth := 0x1p-54 * float64(r+c+256) * math.Ldexp(want[0], -e) // what the yardstick may be off
			ratio := max(0, math.Abs(got.Values[i]-s)-truth) / got.Errors[i]
			if ratio > worst[f.name] {
				worst[f.name] = ratio
			}
			if ratio > 1 {
				t.Errorf("trial %d, %s, %d×%d, %s: s[%d] = %g, should be %g: error %g exceeds the bound %g (s₁ = %g)",
					trial, f.name, r, c, k.Name, i, got.Values[i], s, got.Values[i]-s, got.Errors[i], got.Values[0])
				break
			}
		}
	}
	var names []string
	for name := range worst {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		t.Logf("%-26s largest error %.3f of the bound", name, worst[name])
	}
}

// stored rounds a to float32, or to bfloat16, as a checkpoint would hold it, and
// a itself with it.
func stored(a []float64, r, c int, half bool) (*kernel.Matrix, float64) {
	w := &kernel.Matrix{Rows: r, Cols: c, Stride: c}
	var maxAbs float64
	for i, v := range a {
		f := float32(v)
		if half {
			w.BF16 = append(w.BF16, matrices.BF16(f))
			f = math.Float32frombits(uint32(w.BF16[i]) << 16)
		} else {
			w.F32 = append(w.F32, f)
		}
		a[i] = float64(f)
		maxAbs = max(maxAbs, math.Abs(a[i]))
	}
	return w, maxAbs
}
