// Package native computes singular values with bounds on their errors, in two
// ways. [SingularValues] goes through the Gram matrix: packed products, two-stage
// reduction, eigenvalues, square roots. [Direct] reduces the matrix itself, with
// two to three times the arithmetic, and loses nothing by squaring. See packages
// kernel, eigen and direct for the parts.
//
// # Error bound of the Gram matrix
//
// Every stage computes an orthogonal similarity of the Gram matrix G = W·Wᵀ up
// to a perturbation E whose elements are rounding errors, ε (the unit roundoff)
// times those of G. An eigenvalue λ with eigenvector v moves by vᵀEv, about
// ε·g with g = ‖G‖_F/√n where the norm of G is spread over its rows. Where it sits
// in few rows the average is over few elements; with ρ the largest norm of a
// row, r = g + 2·ρ²/(√n·g) is g when all rows are alike and 2·ρ when there is
// only one. k eigenvalues closer together than ‖E‖ move by the eigenvalues of a
// k×k piece of E, which are √k times as large. Large eigenvalues are also off by
// ε relatively, and the tridiagonal solver, always in float64, leaves errors of
// the order of its roundoff u times the largest, more where Sturm counts do not
// correct it. So
//
//	δλ = c·ε·√k·r + 3·c·ε·λ + q·c·u·λ₁,  q = 8 in float32, 1 in float64
//
// with k the number of eigenvalues within c·ε·‖G‖_F of λ. The factors are
// calibrated, see boundFactor. A singular value s = √λ is then off by at most
// s − √(s²−δλ), or max(s, √δλ) where that does not exist.
//
// # Error bound of the direct way
//
// The reduction is backward stable: what it computes are the singular values of a
// matrix W + E, so every one of them is off by at most ‖E‖₂ = p·ε·s₁. In the worst case
// p grows like n; rounding errors that average out leave a p that hardly grows: up to
// 17 for n ≤ 400 and 23 for n = 1024, where all singular values are equal and the
// largest of n random errors counts, and 20 where one row or column holds
// nearly all of ‖W‖. Noise has p < 3. See directFactor.
package native

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/hugepage"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/symmetric"
)

// boundFactor is c of the package documentation. TestCampaign looks for matrices
// beyond the bound.
const boundFactor = 20

// Result is a spectrum with what is known of its error.
type Result struct {
	Values []float64 // descending
	Errors []float64 // bound on the absolute error of each
	Kernel string
}

// SingularValues computes all singular values of w in arithmetic T. Every
// element of w is finite and at most maxAbs > 0 in magnitude.
func SingularValues[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, maxAbs float64, workers int) (*Result, error) {
	n, m := min(w.Rows, w.Cols), max(w.Rows, w.Cols)
	exp := scaleExponent[T](w, maxAbs)
	scale, work := T(math.Ldexp(1, exp)), hugepage.Make[T](kernel.GramLen(n))
	g, err := kernel.Gram(ctx, k, w, scale, workers, work)
	if err != nil {
		return nil, err
	}
	var top []float64 // eigenvalues taken out of G
	var coupling float64
	trace, frobenius, row := g.Norms()
	if unitRoundoff[T]() == 0x1p-24 && dominated(n, m, trace, frobenius) {
		u, err := dominant(ctx, k, g, workers)
		if err != nil {
			return nil, err
		}
		if u != nil {
			p := k.NewProjection(u)
			if err := kernel.GramProjected(ctx, k, g, w, scale, workers, work, p); err != nil {
				return nil, err
			}
			if top, coupling, err = split(p); err != nil {
				return nil, err
			}
			_, frobenius, row = g.Norms()
		}
	}
	// Sparse or graded weights leave ‖G‖_F far below 1, where squares underflow.
	shift := 0
	if frobenius > 0 {
		shift = -math.Ilogb(frobenius) / 2 * 2
		g.Scale(T(math.Ldexp(1, shift)))
		for i := range top {
			top[i] = math.Ldexp(top[i], shift)
		}
		row, coupling, exp = math.Ldexp(row, shift), math.Ldexp(coupling, shift), exp+shift/2
	}
	lambda, err := symmetric.Values(ctx, k, g, workers)
	if err != nil {
		return nil, err
	}
	slices.Reverse(lambda)
	lambda = lambda[:n-len(top)] // the others are the zeros that top left
	b := bound{row: row, eps: unitRoundoff[T]()}
	if len(top) > 0 {
		b.extra = couplingError(coupling, top[len(top)-1]-lambda[0])
	}
	return b.finish(top, lambda, exp, k.Name), nil
}

// scaleExponent returns the exponent of the power of two, which scales without
// rounding, for which |scale·w| ≤ 1/√(r·c). Then ‖scale·W‖_F ≤ 1, and no sum of squares
// overflows.
func scaleExponent[T kernel.Float](w *kernel.Matrix, maxAbs float64) int {
	exp := -math.Ilogb(maxAbs) - 1 - (math.Ilogb(float64(w.Rows)*float64(w.Cols))+2)/2
	lowest, highest := exponents[T]()
	return max(lowest, min(highest, exp))
}

// bound holds what the error bound of the package documentation needs to know.
type bound struct {
	row   float64 // the largest norm of a row of G
	eps   float64 // unit roundoff
	extra float64 // error of every eigenvalue from other sources
}

// finish turns the descending eigenvalues of the scaled Gram matrix, and those
// taken out of it before, into singular values with their bounds.
func (b bound) finish(top, lambda []float64, exp int, kernelName string) *Result {
	var squares float64
	for _, l := range lambda {
		squares += l * l
	}
	norm := math.Sqrt(squares)
	row := norm/math.Sqrt(float64(len(lambda))) + 2*b.row*b.row/norm
	near := boundFactor * b.eps * norm
	solver := 8 * 0x1p-53
	if b.eps == 0x1p-53 {
		solver = 0x1p-53
	}
	all := slices.Concat(top, lambda)
	slices.SortFunc(all, func(x, y float64) int { return cmp.Compare(y, x) })
	n := len(all)
	r := &Result{Values: make([]float64, n), Errors: make([]float64, n), Kernel: kernelName}
	from, to := 0, 0 // the eigenvalues near the current one
	for i, l := range all {
		for all[from] > l+near {
			from++
		}
		for to < n && all[to] >= l-near {
			to++
		}
		l = max(l, 0)
		delta := boundFactor*(b.eps*(math.Sqrt(float64(to-from))*row+3*l)+solver*all[0]) + b.extra
		s := math.Sqrt(l)
		bound := max(s, math.Sqrt(delta))
		if l > delta {
			bound = s - math.Sqrt(l-delta)
		}
		// Undoing the scale rounds only where the result is subnormal.
		r.Values[i] = math.Ldexp(s, -exp)
		r.Errors[i] = math.Ldexp(bound, -exp) + 0x1p-1074
	}
	return r
}

// unitRoundoff returns ε of T.
func unitRoundoff[T kernel.Float]() float64 {
	if T(1)+T(0x1p-30) == 1 {
		return 0x1p-24
	}
	return 0x1p-53
}

// exponents returns the range of powers of two that T represents, subnormal
// ones included: they scale as exactly as any other.
func exponents[T kernel.Float]() (lowest, highest int) {
	if unitRoundoff[T]() == 0x1p-24 {
		return -149, 127
	}
	return -1074, 1023
}

// Workspace returns about how many bytes SingularValues allocates for an r×c
// matrix in arithmetic of the given width: half the Gram matrix in blocks, one
// slab of packed panels, what the reduction needs, and in float32 some vectors for
// deflation. What is garbage by then still takes its place.
func Workspace(r, c, width int) int64 {
	n := min(r, c)
	size := int64(width) * (int64(kernel.SymLen(n)) + int64(kernel.GramLen(n)) + int64(symmetric.WorkLen(n)))
	if width == 4 && n >= minDeflated {
		size += deflationBytes * int64(n)
	}
	return size
}
