package native

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gospectrum/spectrum/internal/test/matrices"
)

// family makes the matrices of one kind, row-major.
type family struct {
	name string
	make func(rnd *rand.Rand, r, c int) []float64
	// spectral families prescribe singular values, and take a matrix near square.
	spectral bool
	// exact returns the singular values of the stored matrix where they are known by
	// construction, and else nil.
	exact func(a []float64, r, c int) []float64
}

// withSpectrum makes matrices with the given singular values.
func withSpectrum(name string, spectrum func(rnd *rand.Rand, n int) []float64) family {
	return family{name: name, spectral: true, make: func(rnd *rand.Rand, r, c int) []float64 {
		s := spectrum(rnd, min(r, c))
		if min(r, c) > 200 {
			return turned(rnd, r, c, s)
		}
		return matrices.Prescribed(rnd, r, c, s)
	}}
}

// values makes matrices whose i-th of n singular values is f.
func values(name string, f func(rnd *rand.Rand, i, n int) float64) family {
	return withSpectrum(name, func(rnd *rand.Rand, n int) []float64 {
		s := make([]float64, n)
		for i := range s {
			s[i] = f(rnd, i, n)
		}
		return s
	})
}

// edited makes noise that f changes.
func edited(name string, f func(rnd *rand.Rand, a []float64, r, c int)) family {
	return family{name: name, make: func(rnd *rand.Rand, r, c int) []float64 {
		a := matrices.Gaussian(rnd, r*c)
		f(rnd, a, r, c)
		return a
	}}
}

// turned returns a matrix with singular values s, nearly, in O(n²·log n): rows and columns
// of a diagonal one go through rounds of rotations of random pairs.
func turned(rnd *rand.Rand, r, c int, s []float64) []float64 {
	a := make([]float64, r*c)
	for i, v := range s {
		a[i*c+i] = v
	}
	for range 12 {
		order := rnd.Perm(r)
		for i := 0; i+1 < r; i += 2 {
			sin, cos := math.Sincos(2 * math.Pi * rnd.Float64())
			x, y := a[order[i]*c:][:c], a[order[i+1]*c:][:c]
			for j, v := range x {
				x[j], y[j] = cos*v-sin*y[j], sin*v+cos*y[j]
			}
		}
		order = rnd.Perm(c)
		for j := 0; j+1 < c; j += 2 {
			sin, cos := math.Sincos(2 * math.Pi * rnd.Float64())
			for i := range r {
				row := a[i*c : (i+1)*c]
				x, y := row[order[j]], row[order[j+1]]
				row[order[j]], row[order[j+1]] = cos*x-sin*y, sin*x+cos*y
			}
		}
	}
	return a
}

func scaleAll(a []float64, f float64) {
	for i := range a {
		a[i] *= f
	}
}

// addSpikes adds k outer products of up to the given strength times the edge of unit noise.
func addSpikes(rnd *rand.Rand, a []float64, r, c, k int, strength func(i int) float64) {
	edge := (math.Sqrt(float64(r)) + math.Sqrt(float64(c))) / math.Sqrt(float64(r)*float64(c))
	for s := range k {
		f := edge * strength(s)
		u, v := matrices.Gaussian(rnd, r), matrices.Gaussian(rnd, c)
		for i := range a {
			a[i] += f * u[i/c] * v[i%c]
		}
	}
}

// ordinary families are like the weights of networks, or prescribe what solvers find hard.
func ordinary() []family {
	return []family{
		edited("noise", func(*rand.Rand, []float64, int, int) {}),
		edited("uniform", func(rnd *rand.Rand, a []float64, _, _ int) {
			for i := range a {
				a[i] = rnd.Float64()
			}
		}),
		edited("spikes", func(rnd *rand.Rand, a []float64, r, c int) {
			top := math.Pow(10, 2*rnd.Float64())
			addSpikes(rnd, a, r, c, 1+rnd.IntN(8), func(i int) float64 { return top / float64(i+1) })
		}),
		edited("heavy", func(rnd *rand.Rand, a []float64, r, c int) {
			rows, cols := matrices.Gaussian(rnd, r), matrices.Gaussian(rnd, c)
			for i := range a {
				a[i] *= math.Exp(0.3 * (rows[i/c] + cols[i%c]))
			}
			addSpikes(rnd, a, r, c, min(30, r, c), func(i int) float64 { return 20 * math.Pow(float64(i+1), -0.7) })
		}),
		edited("mean", func(rnd *rand.Rand, a []float64, _, _ int) {
			mean := math.Pow(10, 3*rnd.Float64()-1)
			for i := range a {
				a[i] += mean
			}
		}),
		withSpectrum("power law", func(rnd *rand.Rand, n int) []float64 {
			p := 0.3 + 3*rnd.Float64()
			s := make([]float64, n)
			for i := range s {
				s[i] = math.Pow(float64(i+1), -p)
			}
			return s
		}),
		withSpectrum("geometric", func(rnd *rand.Rand, n int) []float64 {
			q := math.Pow(10, -8*rnd.Float64()/float64(n))
			s := make([]float64, n)
			for i := range s {
				s[i] = math.Pow(q, float64(i))
			}
			return s
		}),
		withSpectrum("rank-deficient", func(rnd *rand.Rand, n int) []float64 {
			s := make([]float64, n)
			for i := range 1 + rnd.IntN(n) {
				s[i] = 0.5 + rnd.Float64()
			}
			return s
		}),
		values("orthogonal", func(*rand.Rand, int, int) float64 { return 1 }),
		values("two clusters", func(_ *rand.Rand, i, n int) float64 {
			if i < n/3 {
				return 100
			}
			return 1
		}),
		values("random values", func(rnd *rand.Rand, _, _ int) float64 { return rnd.Float64() }),
		edited("outlier rows and columns", func(rnd *rand.Rand, a []float64, r, c int) {
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
		}),
		edited("some heavy rows", func(rnd *rand.Rand, a []float64, r, c int) {
			f, heavy := math.Pow(10, 4*rnd.Float64()), 1+rnd.IntN(r)
			scaleAll(a[:heavy*c], f)
		}),
		edited("graded rows", func(rnd *rand.Rand, a []float64, r, c int) {
			q := math.Pow(10, -6*rnd.Float64()/float64(r))
			for i := range r {
				scaleAll(a[i*c:(i+1)*c], math.Pow(q, float64(i)))
			}
		}),
		edited("graded columns, ascending", func(rnd *rand.Rand, a []float64, r, c int) {
			q := math.Pow(10, 6*rnd.Float64()/float64(c))
			for i := range a {
				a[i] *= math.Pow(q, float64(i%c))
			}
		}),
		edited("sparse", func(rnd *rand.Rand, a []float64, _, _ int) {
			for i := range a {
				if rnd.Float64() < 0.95 {
					a[i] = 0
				}
			}
			a[0] = 1
		}),
		{name: "diagonal", make: func(rnd *rand.Rand, r, c int) []float64 {
			a := make([]float64, r*c)
			for i := range min(r, c) {
				a[i*c+i] = math.Pow(10, -6*rnd.Float64())
			}
			return a
		}, exact: func(a []float64, r, c int) []float64 {
			s := make([]float64, min(r, c))
			for i := range s {
				s[i] = a[i*c+i]
			}
			slices.Sort(s)
			slices.Reverse(s)
			return s
		}},
		edited("heavy tails", func(rnd *rand.Rand, a []float64, _, _ int) {
			for i := range a {
				a[i] /= math.Sqrt(rnd.Float64()) + 1e-3
			}
		}),
		edited("tiny", func(_ *rand.Rand, a []float64, _, _ int) { scaleAll(a, 1e-30) }),
		edited("huge", func(_ *rand.Rand, a []float64, _, _ int) { scaleAll(a, 1e30) }),
	}
}
