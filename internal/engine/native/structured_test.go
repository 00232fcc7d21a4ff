package native

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gospectrum/spectrum/internal/test/matrices"
	"github.com/gospectrum/spectrum/internal/test/yardstick"
)

// factor draws a number between 1 and 2, as the checkpoint might hold it.
func factor(rnd *rand.Rand) float64 { return 1 + rnd.Float64() }

func sign(rnd *rand.Rand) float64 { return float64(2*rnd.IntN(2) - 1) }

// each makes matrices of the elements that f, which it asks for once per matrix, draws.
func each(name string, f func(rnd *rand.Rand, r, c int) func(i, j int) float64) family {
	return family{name: name, make: func(rnd *rand.Rand, r, c int) []float64 {
		a, at := make([]float64, r*c), f(rnd, r, c)
		for i := range a {
			a[i] = at(i/c, i%c)
		}
		return a
	}}
}

// signPatterns are matrices of one magnitude.
func signPatterns() []family {
	hadamard := each("hadamard block", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
		x := factor(rnd)
		return func(i, j int) float64 { return x * yardstick.Hadamard(i, j) }
	})
	hadamard.exact = func(a []float64, r, c int) []float64 {
		if r != c {
			return nil
		}
		return yardstick.HadamardValues(r, a[0])
	}
	ones := each("constant", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
		x := factor(rnd)
		return func(int, int) float64 { return x }
	})
	ones.exact = func(a []float64, r, c int) []float64 {
		s := make([]float64, min(r, c))
		s[0] = math.Abs(a[0]) * math.Sqrt(float64(r)*float64(c))
		return s
	}
	return []family{
		hadamard, ones,
		each("signs", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
			x := factor(rnd)
			return func(int, int) float64 { return x * sign(rnd) }
		}),
		each("checkerboard", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
			x, w := factor(rnd), 1+rnd.IntN(9)
			return func(i, j int) float64 { return x * float64(1-2*((i/w+j/w)%2)) }
		}),
		each("circulant signs", func(rnd *rand.Rand, r, c int) func(i, j int) float64 {
			x, first := factor(rnd), make([]float64, max(r, c))
			for i := range first {
				first[i] = x * sign(rnd)
			}
			return func(i, j int) float64 { return first[(i+j)%len(first)] }
		}),
		each("rank-one signs, a few flipped", func(rnd *rand.Rand, r, c int) func(i, j int) float64 {
			x, odds := factor(rnd), rnd.Float64()*0.1
			return func(i, j int) float64 {
				v := x * yardstick.Hadamard(i, 21) * yardstick.Hadamard(j, 13)
				if rnd.Float64() < odds {
					v = -v
				}
				return v
			}
		}),
		each("sparse signs", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
			x, odds := factor(rnd), math.Pow(10, -2*rnd.Float64())
			return func(i, j int) float64 {
				if rnd.Float64() > odds && i+j > 0 {
					return 0
				}
				return x * sign(rnd)
			}
		}),
		each("triangle", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
			x := factor(rnd)
			return func(i, j int) float64 {
				if j > i {
					return 0
				}
				return x
			}
		}),
	}
}

// levelled are matrices of few magnitudes.
func levelled() []family {
	levels := func(name string, draw func(rnd *rand.Rand) float64, group int) family {
		return each(name, func(rnd *rand.Rand, r, c int) func(i, j int) float64 {
			// one scale for everything, or for each group of a row
			scale := factor(rnd)
			var last [2]int
			return func(i, j int) float64 {
				if at := [2]int{i, j / max(1, group)}; group > 0 && at != last {
					scale, last = factor(rnd), at
				}
				return scale * draw(rnd)
			}
		})
	}
	nf4 := []float64{-1, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.09105003, 0, 0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1}
	int4 := func(rnd *rand.Rand) float64 { return float64(rnd.IntN(16) - 8) }
	e2m1 := func(rnd *rand.Rand) float64 {
		return sign(rnd) * []float64{0, 0.5, 1, 1.5, 2, 3, 4, 6}[rnd.IntN(8)]
	}
	return []family{
		levels("ternary", func(rnd *rand.Rand) float64 { return float64(rnd.IntN(3) - 1) }, 0),
		levels("four bits", int4, 0),
		levels("four bits in groups", int4, 32),
		levels("four bits, positive", func(rnd *rand.Rand) float64 { return float64(rnd.IntN(16)) }, 0),
		levels("normal four bits", func(rnd *rand.Rand) float64 { return nf4[rnd.IntN(16)] }, 0),
		levels("e2m1", e2m1, 0),
		levels("eight bits", func(rnd *rand.Rand) float64 { return math.Round(40 * rnd.NormFloat64()) }, 0),
		levels("eight-bit floats", func(rnd *rand.Rand) float64 {
			f, e := math.Frexp(rnd.NormFloat64())
			return math.Ldexp(math.Round(16*f)/16, e)
		}, 0),
		levels("three levels", func(rnd *rand.Rand) float64 { return []float64{0.3, 0.5123, 0.77}[rnd.IntN(3)] }, 0),
		levels("one octave", func(rnd *rand.Rand) float64 { return sign(rnd) * factor(rnd) }, 0),
		each("a third alike", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
			x, odds := factor(rnd)/7, 0.5*rnd.Float64()
			return func(int, int) float64 {
				if rnd.Float64() < odds {
					return x
				}
				return rnd.NormFloat64()
			}
		}),
		each("block constants", func(rnd *rand.Rand, r, c int) func(i, j int) float64 {
			h, w := 1+rnd.IntN(r), 1+rnd.IntN(c)
			x := matrices.Gaussian(rnd, ((r+h-1)/h)*((c+w-1)/w))
			return func(i, j int) float64 { return x[i/h*((c+w-1)/w)+j/w] }
		}),
		each("signed rows", func(rnd *rand.Rand, r, _ int) func(i, j int) float64 {
			x := matrices.Gaussian(rnd, r)
			return func(i, _ int) float64 { return x[i] * sign(rnd) }
		}),
		each("signed columns", func(rnd *rand.Rand, _, c int) func(i, j int) float64 {
			x := matrices.Gaussian(rnd, c)
			return func(_, j int) float64 { return x[j] * sign(rnd) }
		}),
		each("hadamard, scaled columns", func(rnd *rand.Rand, _, c int) func(i, j int) float64 {
			x := matrices.Gaussian(rnd, c)
			return func(i, j int) float64 { return x[j] * yardstick.Hadamard(i, j) }
		}),
		each("a part in a pattern", func(rnd *rand.Rand, r, _ int) func(i, j int) float64 {
			x, part := factor(rnd), rnd.IntN(r+1)
			return func(i, j int) float64 {
				if i < part {
					return x * yardstick.Hadamard(i, j)
				}
				return rnd.NormFloat64()
			}
		}),
	}
}

// smooth are matrices of the textbooks.
func smooth() []family {
	return []family{
		each("kahan", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
			sin, cos := math.Sincos(math.Pi / 2 * rnd.Float64())
			return func(i, j int) float64 {
				switch {
				case i == j:
					return math.Pow(sin, float64(i))
				case i < j:
					return -cos * math.Pow(sin, float64(i))
				}
				return 0
			}
		}),
		each("vandermonde", func(rnd *rand.Rand, r, _ int) func(i, j int) float64 {
			x := make([]float64, r)
			for i := range x {
				x[i] = 2*rnd.Float64() - 1
			}
			return func(i, j int) float64 { return math.Pow(x[i], float64(j)) }
		}),
		each("hilbert", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
			shift := math.Ceil(10 * rnd.Float64())
			return func(i, j int) float64 { return 1 / (float64(i+j) + shift) }
		}),
		each("cosines", func(_ *rand.Rand, r, c int) func(i, j int) float64 {
			n := float64(max(r, c))
			return func(i, j int) float64 { return math.Cos(math.Pi * float64(i) * (float64(j) + 0.5) / n) }
		}),
		each("circulant", func(rnd *rand.Rand, r, c int) func(i, j int) float64 {
			x := matrices.Gaussian(rnd, max(r, c))
			return func(i, j int) float64 { return x[(i+j)%len(x)] }
		}),
		each("toeplitz", func(rnd *rand.Rand, r, c int) func(i, j int) float64 {
			x := matrices.Gaussian(rnd, r+c)
			return func(i, j int) float64 { return x[i-j+c] }
		}),
		each("ramp", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
			x, y := factor(rnd), factor(rnd)
			return func(i, j int) float64 { return x + y*float64(i+j) }
		}),
		each("identity and more", func(rnd *rand.Rand, _, _ int) func(i, j int) float64 {
			x, y := factor(rnd), math.Pow(10, -6*rnd.Float64())
			return func(i, j int) float64 {
				if i == j {
					return x + y
				}
				return y
			}
		}),
		edited("duplicate rows", func(_ *rand.Rand, a []float64, r, c int) {
			for i := 1; i < r; i += 2 {
				copy(a[i*c:(i+1)*c], a[(i-1)*c:i*c])
			}
		}),
		edited("most rows repeated", func(rnd *rand.Rand, a []float64, r, c int) {
			kinds := 1 + rnd.IntN(3)
			for i := range r {
				if rnd.IntN(10) > 0 {
					copy(a[i*c:(i+1)*c], a[i%min(kinds, r)*c:])
				}
			}
		}),
		edited("most columns repeated", func(rnd *rand.Rand, a []float64, r, c int) {
			repeated := slices.Clone(a[:c])
			for j := range repeated {
				repeated[j] = float64(j)
				if rnd.IntN(10) > 0 {
					repeated[j] = 0
				}
			}
			for i := range a {
				a[i] = a[i/c*c+int(repeated[i%c])]
			}
		}),
		edited("one direction with gaps", func(rnd *rand.Rand, a []float64, r, c int) {
			f := math.Pow(10, -9*rnd.Float64())
			period := []int{96, 384, 1 + rnd.IntN(400)}[rnd.IntN(3)]
			quiet, loud := rnd.IntN(period), rnd.IntN(max(r, c))
			u, v := make([]float64, r), make([]float64, c)
			for i := range u {
				u[i] = 1 + rnd.Float64()
			}
			for j := range v {
				v[j] = (1 + 0.3*rnd.Float64()) * float64(1-2*rnd.IntN(2))
				if j%period < quiet {
					v[j] = 0
				}
				if j >= loud && j < loud+384 {
					v[j] *= 1.5
				}
			}
			for i := range a {
				a[i] = u[i/c]*v[i%c] + f*a[i]
			}
		}),
		edited("pattern and a little noise", func(rnd *rand.Rand, a []float64, _, c int) {
			x, f := factor(rnd), math.Pow(10, -8*rnd.Float64())
			for i := range a {
				a[i] = x*yardstick.Hadamard(i/c, i%c) + f*a[i]
			}
		}),
	}
}

// families are all of them.
func families() []family { return slices.Concat(ordinary(), signPatterns(), levelled(), smooth()) }
