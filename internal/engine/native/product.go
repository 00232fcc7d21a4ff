package native

import (
	"context"
	"math"
	"slices"

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

// triangle returns 2^exp·R of the factor, of which the longer side is that of the product.
func (f Factor) triangle(ctx context.Context, k *kernel.Kernel[float64], left bool, workers int) (r *mat.Dense, exp int, err error) {
	exp = scaleExponent[float64](f.W, f.MaxAbs)
	r, err = bidiagonal.Triangle(ctx, k, f.W, math.Ldexp(1, exp), left, workers)
	return r, exp, err
}

// Product computes the singular values of scale·left·right, left r×k and right k×c, without
// forming the product: those of R₁·R₂ᵀ, where R₁ and R₂ are the triangular factors of left
// and of the transpose of right, or these themselves where they have no more rows than columns.
// There are min(r, k, c); all others of the product are zero.
//
// With the backward errors of the factorisations, left and right are off by at most
// p·ε·‖left‖_F and p·ε·‖right‖_F with the p of [Direct], the product of the two by k·ε, and its
// singular values by p·ε again, each times ‖left‖_F·‖right‖_F at most. So all values are off
// by at most (3·p + 2·k + 4)·ε·|scale|·‖left‖_F·‖right‖_F.
func Product(ctx context.Context, k *kernel.Kernel[float64], left, right Factor, scale float64, workers int) (*Result, error) {
	a, expA, err := left.triangle(ctx, k, !left.Transposed, workers)
	if err != nil {
		return nil, err
	}
	b, expB, err := right.triangle(ctx, k, right.Transposed, workers)
	if err != nil {
		return nil, err
	}
	var core mat.Dense
	core.Mul(a, b.T())
	n := min(core.Dims())
	// The norms of the factors are those of the triangles.
	norms := mat.Norm(a, 2) * mat.Norm(b, 2)
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
	scaled := func(x float64) float64 { return math.Ldexp(x*math.Abs(scale), -expA-expB) }
	for i := range values {
		values[i] = scaled(values[i])
	}
	errs := slices.Repeat([]float64{scaled(bound) + 0x1p-1074}, n)
	return &Result{Values: values, Errors: errs, Kernel: k.Name + " product"}, nil
}
