package native

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/bidiagonal"
	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// Single computes all singular values of w in float32, by the way that a first look at w
// calls for: through its Gram matrix, with or without what dominates it (see
// deflation), or without squaring. Every element of w is finite and at most maxAbs > 0 in
// magnitude.
func Single(ctx context.Context, k *kernel.Kernel[float32], w *kernel.Matrix, maxAbs float64, workers int) (*Result, error) {
	s := newSquarer(k, w, scaleExponent[float32](w, maxAbs), workers)
	seen, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	u, err := s.dominant(ctx, seen)
	switch {
	case err != nil:
		return nil, err
	case seen.uneven:
		return unsquared(ctx, s, u)
	case u != nil:
		return deflated(ctx, s, block.NewSym[float32](min(w.Rows, w.Cols)), u)
	}
	g, err := s.gram(ctx)
	if err != nil {
		return nil, err
	}
	trace, frobenius, row := g.Norms()
	if !seen.dominated && dominated(g.N, max(w.Rows, w.Cols), trace, frobenius) { // else they were looked for
		if u, err = s.dominantOf(ctx, g, trace); err != nil {
			return nil, err
		}
	}
	if u != nil {
		return deflated(ctx, s, g, u)
	}
	return s.solve(ctx, g, frobenius, row, outliers{})
}

// nearSquare reports whether the least singular values of r×c noise are so small that the
// Gram matrix of an uneven one does not resolve them in float32, while the way that does not
// square costs little more.
func nearSquare(r, c int) bool { return 5*min(r, c) >= 4*max(r, c) }

// deflated overwrites g with the Gram matrix of what the columns u leave of W, and returns
// the singular values of both parts.
func deflated(ctx context.Context, s *squarer[float32], g *block.Sym[float32], u *mat.Dense) (*Result, error) {
	p := newProjection(s.k, u)
	err := s.gramOf(ctx, g, func(slab block.Slab[float32]) error { return p.apply(ctx, slab, s.workers) })
	if err != nil {
		return nil, err
	}
	out, err := p.outliers()
	if err != nil {
		return nil, err
	}
	_, frobenius, row := g.Norms()
	return s.solve(ctx, g, frobenius, row, out)
}

// unsquared returns the singular values of W by the direct way, those of the columns u, if
// any, apart from those of what they leave.
func unsquared(ctx context.Context, s *squarer[float32], u *mat.Dense) (*Result, error) {
	r, c := s.w.Rows, s.w.Cols
	a := block.NewDense[float32](max(r, c), min(r, c))
	var p *projection[float32]
	if u != nil {
		p = newProjection(s.k, u)
	}
	err := s.slabs(ctx, 0, max(r, c), func(slab block.Slab[float32]) error {
		if p != nil {
			if err := p.apply(ctx, slab, s.workers); err != nil {
				return err
			}
		}
		return a.Store(ctx, slab, s.workers)
	})
	if err != nil {
		return nil, err
	}
	var out outliers
	if p != nil {
		if out, err = p.outliers(); err != nil {
			return nil, err
		}
	}
	rest, err := bidiagonal.Overwrite(ctx, s.k, a, s.workers)
	if err != nil {
		return nil, err
	}
	// Taking outliers out of W left as many values of zero, which are the least.
	rest = rest[:len(rest)-len(out.top)]
	return out.beside(rest, directBound[float32](r, c, rest[0]), s.exp, s.k.Name+" direct"), nil
}

// beside returns the singular values of both parts of W, given those of W′, which are off
// by at most bound.
func (o outliers) beside(rest []float64, bound float64, exp int, kernelName string) *Result {
	squares := make([]float64, len(rest))
	for i, s := range rest {
		squares[i] = s * s
	}
	all, extra := o.join(squares)
	n := len(all)
	r := &Result{Values: make([]float64, n), Errors: make([]float64, n), Kernel: kernelName}
	last := math.Inf(1) // of the outliers, which are all above the others or nearly so
	if len(o.top) > 0 {
		last = o.top[len(o.top)-1]
	}
	for i, l := range all {
		s := math.Sqrt(l)
		e := bound + o.apart(l, squares[0])
		if l >= last { // its square was summed
			e += 2 * boundFactor * kernel.Eps32 * s
		}
		r.Values[i] = math.Ldexp(s, -exp)
		r.Errors[i] = math.Ldexp(e+rootError(l, extra[i]), -exp) + 0x1p-1074
	}
	return r
}

// rootError bounds the error of √λ for a λ ≥ 0 that is off by at most delta.
func rootError(lambda, delta float64) float64 {
	if lambda > delta {
		return math.Sqrt(lambda) - math.Sqrt(lambda-delta)
	}
	return max(math.Sqrt(lambda), math.Sqrt(delta))
}

// SingleWorkspace returns about how many bytes [Single] allocates for an r×c matrix.
func SingleWorkspace(r, c int) int64 {
	size := GramWorkspace(r, c, 4)
	if nearSquare(r, c) {
		size = max(size, DirectWorkspace(r, c, 4)+4*int64(block.GramLen(min(r, c))))
	}
	if n := min(r, c); n >= minDeflated {
		size += deflationBytes*int64(n) + deflationFixed
	}
	return size
}
