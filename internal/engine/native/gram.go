package native

import (
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
	s := newSquarer(k, w, scaleExponent[T](w, maxAbs), workers)
	g, err := s.gram(ctx)
	if err != nil {
		return nil, err
	}
	_, frobenius, row := g.Norms()
	return s.solve(ctx, g, frobenius, row, outliers{})
}

// solve returns the singular values that g, the Gram matrix of what the outliers left of
// W, has together with these, given its norms, see [block.Sym.Norms]. It overwrites g.
func (s *squarer[T]) solve(ctx context.Context, g *block.Sym[T], frobenius, row float64, out outliers) (*Result, error) {
	// Sparse or graded weights leave ‖G‖_F far below 1, where squares underflow.
	shift := 0
	if frobenius > 0 {
		shift = -math.Ilogb(frobenius) / 2 * 2
		g.Scale(T(math.Ldexp(1, shift)))
		out.scale(shift)
		row = math.Ldexp(row, shift)
	}
	if gramRepeats(g) {
		if err := g.Rotate(ctx, s.workers); err != nil {
			return nil, err
		}
	}
	lambda, err := symmetric.Values(ctx, s.k, g, s.workers)
	if err != nil {
		return nil, err
	}
	slices.Reverse(lambda)
	// Taking outliers out of G left as many eigenvalues of zero, which are the least.
	lambda = lambda[:g.N-len(out.top)]
	b := bound{row: row, eps: kernel.Eps[T](), growth: growth(s.w.Rows, s.w.Cols)}
	return b.finish(out, lambda, s.exp+shift/2, s.k.Name), nil
}

// squarer makes Gram matrices of scale·W.
type squarer[T kernel.Float] struct {
	k       *kernel.Kernel[T]
	w       *kernel.Matrix
	exp     int // of the power of two that W is multiplied by
	scale   T   // that power
	workers int
	work    []T
	rotate  bool // the terms of the sums, because they repeat
}

func newSquarer[T kernel.Float](k *kernel.Kernel[T], w *kernel.Matrix, exp, workers int) *squarer[T] {
	work := hugepage.Make[T](block.GramLen(min(w.Rows, w.Cols)))
	return &squarer[T]{k, w, exp, T(math.Ldexp(1, exp)), workers, work, weightsRepeat(w)}
}

// gram returns the Gram matrix.
func (s *squarer[T]) gram(ctx context.Context) (*block.Sym[T], error) {
	if !s.rotate {
		return block.Gram(ctx, s.k, s.w, s.scale, s.workers, s.work)
	}
	g := block.NewSym[T](min(s.w.Rows, s.w.Cols))
	return g, s.gramOf(ctx, g, func(block.Slab[T]) error { return nil })
}

// gramOf overwrites g with the Gram matrix of what change makes of the slabs.
func (s *squarer[T]) gramOf(ctx context.Context, g *block.Sym[T], change func(block.Slab[T]) error) error {
	return block.GramOf(ctx, s.k, g, s.w, s.scale, s.workers, s.work, s.rotating(ctx, change))
}

// slabs calls do for the slabs of terms first up to last that gramOf multiplies.
func (s *squarer[T]) slabs(ctx context.Context, first, last int, do func(block.Slab[T]) error) error {
	return block.Slabs(ctx, s.k, s.w, s.scale, first, last, s.workers, s.work, s.rotating(ctx, do))
}

// rotating rotates slabs, where that is called for, before do gets them.
func (s *squarer[T]) rotating(ctx context.Context, do func(block.Slab[T]) error) func(block.Slab[T]) error {
	if !s.rotate {
		return do
	}
	return func(slab block.Slab[T]) error {
		if err := slab.Rotate(ctx, s.workers); err != nil {
			return err
		}
		return do(slab)
	}
}

// bound holds what the error bound of the package documentation needs to know.
type bound struct {
	row    float64 // the largest norm of a row of G
	eps    float64 // unit roundoff
	growth float64 // of the errors with the length of the sums
}

// finish turns the descending eigenvalues of the scaled Gram matrix, and those
// taken out of it before, into singular values with their bounds.
func (b bound) finish(out outliers, lambda []float64, exp int, kernelName string) *Result {
	var squares float64
	for _, l := range lambda {
		squares += l * l
	}
	norm := math.Sqrt(squares)
	row := norm / math.Sqrt(float64(len(lambda)))
	if norm > 0 {
		row += 2 * b.row * b.row / norm
	}
	factor := boundFactor * b.growth
	near := factor * b.eps * norm
	solver := 8 * kernel.Eps64
	if b.eps == kernel.Eps64 {
		solver = kernel.Eps64
	}
	all, extra := out.join(lambda)
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
		delta := factor*(b.eps*(math.Sqrt(float64(to-from))*row+3*l)+solver*all[0]) + extra[i]
		s := math.Sqrt(l)
		// Undoing the scale rounds only where the result is subnormal.
		r.Values[i] = math.Ldexp(s, -exp)
		r.Errors[i] = math.Ldexp(rootError(l, delta)+out.apart(l, lambda[0]), -exp) + 0x1p-1074
	}
	return r
}

// GramWorkspace returns about how many bytes [Gram] allocates for an r×c matrix in
// arithmetic of the given width: half the Gram matrix in blocks, the totals of a long sum,
// one slab of packed panels, and what the reduction needs. What is garbage by then still
// takes its place.
func GramWorkspace(r, c, width int) int64 {
	n := min(r, c)
	return int64(width) * (int64(block.SymLen(n)) + int64(block.TotalLen(n, max(r, c))) + int64(block.GramLen(n)) + int64(symmetric.WorkLen(n)))
}
