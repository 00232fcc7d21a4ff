package native

import (
	"context"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// # The first look
//
// Whether W is dominated by few directions is asked of one slab of it, S, multiplied with
// vectors x of signs at random: the expectation of ‖Sᵀ·x‖² is the
// sum of squares of S, and that of ‖S·Sᵀ·x‖² is ‖SᵀS‖²_F, whose diagonal is made of squares
// of norms of columns and whose other elements are inner products of pairs of columns (Hutchinson
// 1990). Both grow with the part of the columns that is looked at, the latter with its square, so
// that they tell the trace and the norm of the Gram matrix of all of W, if S is like it.
// Where it is not, time is lost and no more.

const (
	// dominance is how much larger than that of noise ‖G‖²_F·n/tr² must be.
	dominance = 8
	// tilt is what that must be, and unevenness what the mean of the fourth powers of the norms
	// of rows, or of columns, must be over the square of the mean of their squares, to
	// make W uneven: both are about 1 for noise.
	tilt       = 2
	unevenness = 1.15
	// warmUps is the number of further products with S·Sᵀ, whose largest eigenvectors
	// resemble those of W and are where the search for these begins.
	warmUps = 2
	// leastLooked is the least number of slabs of W at which one is a small part.
	leastLooked = 4
)

// sight is what a look at W gives.
type sight struct {
	dominated bool       // by few directions
	uneven    bool       // near square, and rows or columns differ in size, or directions in strength
	trace     float64    // about that of the Gram matrix
	start     *mat.Dense // if dominated: columns that are rich in what dominates
}

// look looks at one slab of W. Where one is no small part of W, or float32 cannot gain by it, it
// sees nothing.
func (s *squarer[T]) look(ctx context.Context) (seen sight, err error) {
	n, m := min(s.w.Rows, s.w.Cols), max(s.w.Rows, s.w.Cols)
	if n < minDeflated || m < leastLooked*kernel.GramDepth {
		return sight{}, nil
	}
	v := random(n)
	x, y := block.NewPanels(s.k, n, candidates), block.NewPanels(s.k, n, candidates)
	z := block.NewPanels(s.k, kernel.GramDepth, candidates)
	first := m / 2 / kernel.GramDepth * kernel.GramDepth
	err = s.slabs(ctx, first, min(m, first+kernel.GramDepth), func(slab block.Slab[T]) error {
		store(x, v)
		if err := square(ctx, s.k, slab, x, z, y, s.workers); err != nil {
			return err
		}
		if seen = judge(n, m, z, y, slab); !seen.dominated {
			return nil
		}
		load(v, y)
		for range warmUps {
			if !orthonormalise(v) {
				seen.dominated = false // by so few that nothing is left
				return nil
			}
			store(x, v)
			clear(y.Data)
			if err := square(ctx, s.k, slab, x, z, y, s.workers); err != nil {
				return err
			}
			load(v, y)
		}
		seen.start = v
		return nil
	})
	return seen, err
}

// judge fills in all but the start, for an n×m matrix, given z = Sᵀ·x and y = S·z for a slab.
func judge[T kernel.Float](n, m int, z, y *block.Panels[T], slab block.Slab[T]) sight {
	var squares, fourths, norm float64
	for p := range slab.Depth {
		var q float64 // the square of the norm of column p
		for j := range candidates {
			q += float64(z.Get(p, j)) * float64(z.Get(p, j)) / candidates
		}
		squares += q
		fourths += q * q / (1 + 2./candidates)
	}
	for i := range n {
		for j := range candidates {
			norm += float64(y.Get(i, j)) * float64(y.Get(i, j)) / candidates
		}
	}
	part, beta := float64(m)/float64(slab.Depth), float64(n)/float64(m)
	trace := part * squares
	frobenius2 := part*fourths + part*part*max(0, norm-fourths)
	excess := frobenius2 * float64(n) / ((1 + beta) * trace * trace)
	columns := fourths * float64(slab.Depth) / (squares * squares)
	seen := sight{dominated: excess > dominance, trace: trace}
	if nearSquare(n, m) {
		seen.dominated = excess > tilt
		seen.uneven = excess > tilt || columns > unevenness || slab.RowUnevenness() > unevenness
	}
	return seen
}

// dominant returns the columns to take out of W before its Gram matrix is computed; nil
// where there are none.
func (s *squarer[T]) dominant(ctx context.Context, seen sight) (*mat.Dense, error) {
	if seen.start == nil {
		return nil, nil
	}
	n, products := min(s.w.Rows, s.w.Cols), productsOfW
	if nearSquare(s.w.Rows, s.w.Cols) {
		products = productsOfDirect
	}
	z := block.NewPanels(s.k, kernel.GramDepth, candidates)
	r, err := krylov(s.k, seen.start, products, func(x, y *block.Panels[T]) error {
		clear(y.Data)
		return s.slabs(ctx, 0, max(s.w.Rows, s.w.Cols), func(slab block.Slab[T]) error {
			return square(ctx, s.k, slab, x, z, y, s.workers)
		})
	})
	if err != nil {
		return nil, err
	}
	return r.columns(seen.trace, n), nil
}

// dominantOf returns the columns to take out of W, found by products with its Gram matrix
// g, which has the given trace; nil where there are none.
func (s *squarer[T]) dominantOf(ctx context.Context, g *block.Sym[T], trace float64) (*mat.Dense, error) {
	r, err := krylov(s.k, random(g.N), productsOfG, func(x, y *block.Panels[T]) error {
		return block.MulSym(ctx, s.k, g, x, y, s.workers)
	})
	if err != nil {
		return nil, err
	}
	return r.columns(trace, g.N), nil
}

// random returns candidates columns of independent signs, always the same.
func random(rows int) *mat.Dense {
	rnd := rand.New(rand.NewPCG(1, 2))
	v := mat.NewDense(rows, candidates, nil)
	for i := range rows {
		bits := rnd.Uint64()
		for j := range candidates {
			v.Set(i, j, 1-2*float64(bits>>j&1))
		}
	}
	return v
}
