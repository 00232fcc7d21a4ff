// Package matrices makes what the tests of the engine compute with: matrices whose
// singular values are known, random ones, and weights in every type they are stored in.
package matrices

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/lapack/testlapack"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// Prescribed returns a row-major r×c matrix with the min(r, c) singular values s: they
// are multiplied by random orthogonal matrices from both sides, which rounds.
func Prescribed(rnd *rand.Rand, r, c int, s []float64) []float64 {
	a := make([]float64, r*c)
	testlapack.Dlagge(r, c, r-1, c-1, s, a, c, rnd, make([]float64, r+c))
	return a
}

// Spectrum is a kind of spectrum for Prescribed.
type Spectrum struct {
	Name  string
	value func(i, n int) float64 // the i-th largest of n values
}

// Values returns n singular values, descending.
func (s Spectrum) Values(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = s.value(i, n)
	}
	return values
}

// Spectra are kinds that solvers find hard in different ways.
var Spectra = []Spectrum{
	{"linear", func(i, n int) float64 { return float64(n-i) / float64(n) }},
	{"geometric", func(i, n int) float64 { return math.Pow(1e-12, float64(i)/float64(n)) }},
	{"log", func(i, _ int) float64 { return 1 / math.Log(float64(i)+math.E) }},
	{"rank-deficient", func(i, n int) float64 { return max(0, float64(n/2+1-i)/float64(n)) }},
	{"equal", func(_, _ int) float64 { return 1 }},
	{"one large", func(i, _ int) float64 { return math.Pow(1e-5, float64(min(i, 1))) }},
	{"two clusters", func(i, n int) float64 { return math.Pow(1e-3, float64(2*i/n)) }},
}

// Gaussian returns n standard normal numbers, such as the elements of a matrix.
func Gaussian(rnd *rand.Rand, n int) []float64 {
	a := make([]float64, n)
	for i := range a {
		a[i] = rnd.NormFloat64()
	}
	return a
}

// Padded copies an r×c matrix to the corner of a rows×cols matrix of zeros.
func Padded[T kernel.Float](a []float64, r, c, lda, rows, cols int) []T {
	out := make([]T, rows*cols)
	for i := range r {
		for j := range c {
			out[i*cols+j] = T(a[i*lda+j])
		}
	}
	return out
}

// EveryType returns one random r×c matrix in every type it may be stored in, and the
// elements, rows stride apart, which all of the types hold exactly.
func EveryType(rnd *rand.Rand, r, c, stride int) (all []*kernel.Matrix, elements []float64) {
	elements = make([]float64, (r-1)*stride+c)
	for i := range elements {
		elements[i] = float64(rnd.IntN(255)-127) / 64
	}
	all = make([]*kernel.Matrix, 4)
	for i := range all {
		all[i] = &kernel.Matrix{Rows: r, Cols: c, Stride: stride}
	}
	all[0].F64 = elements
	for _, v := range elements {
		all[1].F32 = append(all[1].F32, float32(v))
		all[2].BF16 = append(all[2].BF16, BF16(float32(v)))
		all[3].F16 = append(all[3].F16, F16(v))
	}
	return all, elements
}

// BF16 returns the bits of the bfloat16 number nearest to f, even where two are.
func BF16(f float32) uint16 {
	u := math.Float32bits(f)
	return uint16((u + 0x7fff + u>>16&1) >> 16)
}

// F16 returns the bits of the binary16 number nearest to v, even where two are, for |v| below
// 65520.
func F16(v float64) uint16 {
	bits := uint16(math.Float64bits(v) >> 48 & 0x8000)
	v = math.Abs(v)
	exp := -13 // below, numbers are as far apart as there
	if v >= 0x1p-14 {
		_, exp = math.Frexp(v)
	}
	// In units of the last digit, which 11 digits have before the point.
	units := math.RoundToEven(math.Ldexp(v, 11-exp))
	return bits | uint16(int(units)+(exp+13)<<10)
}
