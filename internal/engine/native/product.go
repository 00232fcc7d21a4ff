package native

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/bidiagonal"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/lapack"
)

// Factor is one of two matrices whose product is analysed; every element is finite and at
// most MaxAbs > 0 in magnitude.
type Factor struct {
	W          *kernel.Matrix
	MaxAbs     float64
	Transposed bool // the factor is the transpose of W
}

// triangle is the triangular factor R of 2^exp times a factor.
type triangle struct {
	r   *mat.Dense
	exp int
	off float64 // bound on the relative error of every singular value of a product with it
}

// triangle computes R from the Gram matrix where that is accurate, else by reflections.
func (f Factor) triangle(ctx context.Context, k *kernel.Kernel[float64], left bool, workers int) (t triangle, err error) {
	t.exp = scaleExponent[float64](f.W, f.MaxAbs)
	inner, outer := f.W.Rows, f.W.Cols
	if left {
		inner, outer = outer, inner
	}
	if outer >= 4*inner {
		if t.r, t.off, err = f.cholesky(ctx, k, t.exp, workers); err != nil || t.r != nil {
			return t, err
		}
	}
	t.r, err = bidiagonal.Triangle(ctx, k, f.W, math.Ldexp(1, t.exp), left, workers)
	return t, err
}

// wellConditioned is the relative error of singular values up to which R comes from the Gram
// matrix, in a fifth of the time.
const wellConditioned = 1e-9

// cholesky returns the Cholesky factor of the Gram matrix G = R^T·R of a factor, nil where the
// factor is not conditioned well enough. With E the errors of G and of its factorisation, at most
// p·ε·tr(G), the Gram matrix of a product changes by no more than R^-T·E·R^-1 relatively
// (Ostrowski's theorem), its eigenvalues, and the squares of its singular values, likewise.
func (f Factor) cholesky(ctx context.Context, k *kernel.Kernel[float64], exp, workers int) (r *mat.Dense, off float64, err error) {
	s := newSquarer(k, f.W, exp, workers)
	g, err := s.gram(ctx)
	if err != nil {
		return nil, 0, err
	}
	dense := mat.NewSymDense(g.N, nil)
	for i := range g.N {
		for j := range i + 1 {
			dense.SetSym(i, j, g.Get(i, j))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(dense) {
		return nil, 0, nil
	}
	var upper, inverse mat.TriDense
	chol.UTo(&upper)
	if err := inverse.InverseTri(&upper); err != nil {
		return nil, 0, nil // as good as singular
	}
	trace, inv := mat.Trace(dense), mat.Norm(&inverse, 2)
	off = directFactor * growth(f.W.Rows, f.W.Cols) * kernel.Eps[float64]() * trace * inv * inv
	if !(off <= wellConditioned) {
		return nil, 0, nil
	}
	return mat.DenseCopyOf(&upper), off, nil
}

// Product computes the singular values of scale·left·right, left r×k and right k×c, without
// forming the product: those of R₁·R₂ᵀ, where R₁ and R₂ are the triangular factors of left
// and of the transpose of right, or these themselves where they have no more rows than columns.
// There are min(r, k, c); all others of the product are zero.
//
// With the backward errors of the factorisations, left and right are off by at most
// p·ε·‖left‖_F and p·ε·‖right‖_F with the p of [Direct], the product of the two by k·ε, and its
// singular values by p·ε again, each times ‖left‖_F·‖right‖_F at most. So all values are off
// by at most (3·p + 2·k + 4)·ε·|scale|·‖left‖_F·‖right‖_F. A triangular factor that comes from the
// Gram matrix adds a relative error of at most wellConditioned, see [Factor.cholesky].
func Product(ctx context.Context, k *kernel.Kernel[float64], left, right Factor, scale float64, workers int) (*Result, error) {
	a, err := left.triangle(ctx, k, !left.Transposed, workers)
	if err != nil {
		return nil, err
	}
	b, err := right.triangle(ctx, k, right.Transposed, workers)
	if err != nil {
		return nil, err
	}
	var core mat.Dense
	core.Mul(a.r, b.r.T())
	n := min(core.Dims())
	// The norms of the factors are those of the triangles.
	norms := mat.Norm(a.r, 2) * mat.Norm(b.r, 2)
	values, err := lapack.SingularValues(ctx, lapack.Source{Rows: core.RawMatrix().Rows, Cols: core.RawMatrix().Cols, Scale: 1, Segment: func(dst []float64, i, j int) {
		copy(dst, core.RawRowView(i)[j:])
	}})
	if err != nil {
		return nil, err
	}
	inner := left.W.Cols
	if left.Transposed {
		inner = left.W.Rows
	}
	p := directFactor * (growth(left.W.Rows, left.W.Cols) + growth(right.W.Rows, right.W.Cols) + 1)
	bound := (p + float64(2*inner) + 4) * kernel.Eps[float64]() * norms
	// A product with the scale itself might leave the range of float64 on the way.
	fraction, exp := math.Frexp(math.Abs(scale))
	scaled := func(x float64) float64 { return math.Ldexp(x*fraction, exp-a.exp-b.exp) }
	for i := range values {
		values[i] = scaled(values[i])
	}
	errs := make([]float64, n)
	for i, v := range values {
		errs[i] = scaled(bound) + (a.off+b.off)*v + 0x1p-1074
	}
	return &Result{Values: values, Errors: errs, Kernel: k.Name + " product"}, nil
}
