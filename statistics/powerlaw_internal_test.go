package statistics

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainly is the fit as it is written: every x_min on every eigenvalue.
func plainly(logs []float64) (at int, least float64) {
	f := newFit(logs)
	at, least = -1, math.Inf(1)
	for i := range max(0, len(logs)-1) {
		if f.mean[i] == 0 {
			continue
		}
		var most float64
		for j := i; j < len(logs); j++ {
			most = max(most, math.Abs(f.deviation(i, j)))
		}
		if most < least {
			at, least = i, most
		}
	}
	return at, least
}

// families are spectra of many kinds, of n values.
func families(rng *rand.Rand, n int) map[string][]float64 {
	all := map[string][]float64{}
	add := func(name string, value func(i int) float64) {
		v := make([]float64, n)
		for i := range v {
			v[i] = value(i)
		}
		slices.SortFunc(v, func(a, b float64) int { return -cmp.Compare(a, b) })
		all[name] = v
	}
	add("uniform", func(int) float64 { return rng.Float64() })
	add("pareto", func(int) float64 { return math.Pow(rng.Float64(), -0.7) })
	add("normal", func(int) float64 { return math.Exp(3 * rng.NormFloat64()) })
	add("duplicates", func(int) float64 { return float64(1 + rng.IntN(4)) })
	add("nearly equal", func(int) float64 { return 1 + 1e-14*rng.Float64() })
	add("equal", func(int) float64 { return 0.1 })
	add("zeros", func(int) float64 { return max(0, rng.NormFloat64()) })
	add("wide", func(int) float64 { return math.Ldexp(1, rng.IntN(2000)-1000) })
	add("steps", func(i int) float64 { return float64(1 + i/7) })
	add("geometric", func(i int) float64 { return math.Pow(0.99, float64(i)) })
	add("bulk and spikes", func(i int) float64 {
		if i%17 == 0 {
			return 2 + 10*rng.Float64()
		}
		return 1 + 0.5*math.Sin(float64(i)*2.4)
	})
	return all
}

// Leaving out what cannot be the least or the largest changes no bit.
func TestFitIsThatOfTheDoubleLoop(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 1))
	for _, n := range []int{1, 2, 3, 4, 5, 8, 13, 33, 64, 65, 66, 127, 128, 129, 200, 500} {
		for range 8 {
			for name, v := range families(rng, n) {
				logs := logarithms(v)
				at, least := plainly(logs)
				gotAt, got := newFit(logs).best()
				require.Equal(t, at, gotAt, "%s of %d", name, n)
				require.Equal(t, math.Float64bits(least), math.Float64bits(got), "%s of %d", name, n)
			}
		}
	}
}

// The double loop itself, with sums and powers as the paper has them and no logarithms
// kept, finds the same law.
func TestFitIsThatOfThePaper(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 2))
	for _, name := range []string{"uniform", "pareto", "bulk and spikes", "geometric"} {
		v := families(rng, 150)[name]
		s, err := New(v, nil, 150, 300)
		require.NoError(t, err)
		least, alpha, tail := math.Inf(1), 0., 0
		for k := len(v); k > 1; k-- {
			xmin := v[k-1] * v[k-1]
			var sum, most float64
			for _, x := range v[:k] {
				sum += math.Log(x * x / xmin)
			}
			a := 1 + float64(k)/sum
			for i := range k {
				x := v[k-1-i] * v[k-1-i]
				most = max(most, math.Abs(1-math.Pow(x/xmin, 1-a)-float64(i)/float64(k)))
			}
			if most < least {
				least, alpha, tail = most, a, k
			}
		}
		p := s.PowerLaw()
		require.Equal(t, tail, p.Tail, name)
		require.InEpsilon(t, alpha, p.Alpha, 1e-12, name)
		require.InDelta(t, least, p.Distance, 1e-13, name)
		require.InEpsilon(t, v[tail-1]*v[tail-1], p.XMin, 1e-15, name)
	}
}

func BenchmarkPowerLaw(b *testing.B) {
	for _, n := range []int{4096, 16384} {
		for name, v := range families(rand.New(rand.NewPCG(1, 1)), n) {
			b.Run(fmt.Sprintf("%d/%s", n, name), func(b *testing.B) {
				s, err := New(v, []float64{1e-9}, n, n)
				require.NoError(b, err)
				for b.Loop() {
					s.PowerLaw()
				}
			})
		}
	}
}
