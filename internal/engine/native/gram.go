package native

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/hugepage"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/symmetric"
)

// boundFactor is c of the package documentation. TestCampaign looks for matrices
// beyond the bound.
const boundFactor = 20

// Gram computes all singular values of w in arithmetic T through its Gram matrix. Every
// element of w is finite and at most maxAbs > 0 in magnitude.
func Gram[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, maxAbs float64, workers int) (*Result, error) {
	n, m := min(w.Rows, w.Cols), max(w.Rows, w.Cols)
	exp := scaleExponent[T](w, maxAbs)
	scale, work := T(math.Ldexp(1, exp)), hugepage.Make[T](block.GramLen(n))
	g, err := block.Gram(ctx, k, w, scale, workers, work)
	if err != nil {
		return nil, err
	}
	var top []float64 // eigenvalues taken out of G
	var coupling float64
	trace, frobenius, row := g.Norms()
	if kernel.Single[T]() && dominated(n, m, trace, frobenius) {
		u, err := dominant(ctx, k, g, workers)
		if err != nil {
			return nil, err
		}
		if u != nil {
			p := newProjection(k, u)
			err := block.GramOf(ctx, k, g, w, scale, workers, work, func(s block.Slab[T]) error { return p.apply(ctx, s, workers) })
			if err != nil {
				return nil, err
			}
			if top, coupling, err = p.eigenvalues(); err != nil {
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
	// Taking top out of G left as many eigenvalues of zero, which are the least.
	lambda = lambda[:n-len(top)]
	b := bound{row: row, eps: kernel.Eps[T]()}
	if len(top) > 0 {
		b.extra = couplingError(coupling, top[len(top)-1]-lambda[0])
	}
	return b.finish(top, lambda, exp, k.Name), nil
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
	solver := 8 * kernel.Eps64
	if b.eps == kernel.Eps64 {
		solver = kernel.Eps64
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

// GramWorkspace returns about how many bytes [Gram] allocates for an r×c matrix in
// arithmetic of the given width: half the Gram matrix in blocks, one slab of packed
// panels, what the reduction needs, and in float32 some vectors for deflation. What is
// garbage by then still takes its place.
func GramWorkspace(r, c, width int) int64 {
	n := min(r, c)
	size := int64(width) * (int64(block.SymLen(n)) + int64(block.GramLen(n)) + int64(symmetric.WorkLen(n)))
	if width == 4 && n >= minDeflated {
		size += deflationBytes * int64(n)
	}
	return size
}
