// Package planted makes random matrices whose noise, and whose signal in it, are
// known: what the tests and the study of the noise estimators measure against.
package planted

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
)

// Entries draws one entry of noise, of mean zero and variance one.
type Entries func(*rand.Rand) float64

// Gaussian draws normal entries.
func Gaussian(r *rand.Rand) float64 { return r.NormFloat64() }

// Uniform draws uniform entries.
func Uniform(r *rand.Rand) float64 { return math.Sqrt(12) * (r.Float64() - 0.5) }

// Sign draws ±1.
func Sign(r *rand.Rand) float64 { return float64(2*r.IntN(2) - 1) }

// StudentT5 draws from Student's t of five degrees of freedom, scaled to
// variance one. Its fourth moment is finite and its fifth is not.
func StudentT5(r *rand.Rand) float64 {
	var chi2 float64
	for range 5 {
		x := r.NormFloat64()
		chi2 += x * x
	}
	return r.NormFloat64() * math.Sqrt(5/chi2) * math.Sqrt(3./5)
}

// Matrix returns rows×cols entries of noise plus the strengths times outer
// products of random orthonormal vectors.
func Matrix(r *rand.Rand, rows, cols int, entries Entries, strengths []float64) *mat.Dense {
	w := mat.NewDense(rows, cols, nil)
	raw := w.RawMatrix().Data
	for i := range raw {
		raw[i] = entries(r)
	}
	if len(strengths) == 0 {
		return w
	}
	u, v := Orthonormal(r, rows, len(strengths)), Orthonormal(r, cols, len(strengths))
	u.Apply(func(_, j int, x float64) float64 { return x * strengths[j] }, u)
	var signal mat.Dense
	signal.Mul(u, v.T())
	w.Add(w, &signal)
	return w
}

// Orthonormal returns n random orthonormal columns of length rows.
func Orthonormal(r *rand.Rand, rows, n int) *mat.Dense {
	g := mat.NewDense(rows, n, nil)
	for i := range rows {
		for j := range n {
			g.Set(i, j, r.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(g)
	var q mat.Dense
	qr.QTo(&q)
	return mat.DenseCopyOf(q.Slice(0, rows, 0, n))
}

// Known is a back-end that knows the answer: several analyses of one matrix
// cost one computation.
type Known struct{ Values []float64 }

// Name implements [spectrum.Backend].
func (Known) Name() string { return "known" }

// Workspace implements [spectrum.Backend].
func (Known) Workspace(_, _ int) int64 { return 0 }

// Workers implements [spectrum.Backend].
func (Known) Workers(_, _, _ int) int { return 1 }

// Spectra implements [spectrum.Backend].
func (k Known) Spectra(context.Context, spectrum.Problem) iter.Seq2[*spectrum.Spectrum, error] {
	return func(yield func(*spectrum.Spectrum, error) bool) {
		yield(&spectrum.Spectrum{Values: k.Values, Precision: "float64"}, nil)
	}
}
