package bidiagonal

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/householder"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// reducer brings a matrix to upper band form by blocked Householder
// transformations from both sides (Großer & Lang 1999). For each panel of Band
// columns with reflectors Qᵀ·A = A − V·Yᵀ, the first Band rows of Qᵀ·A are brought
// to lower triangular form from the right by P = I − U·T·Uᵀ, and the rest becomes
//
//	Qᵀ·A·P = A − V·Yᵀ − X·Uᵀ,  X = (A − V·Yᵀ)·U·T = (A·U)·T − V·(Yᵀ·U·T),
//
// one update with 2·Band terms.
type reducer[T kernel.Float] struct {
	*left[T]
	m, n int
	team *parallel.Team

	right  *householder.Panel[T] // U
	sum    []float64             // Band×Band: Yᵀ·U
	top    []float64             // Band×Band: scratch
	vTop   householder.Square[T] // −V₁ᵀ, V₁ the first Band rows of V
	yut    householder.Square[T] // −Yᵀ·U·T
	mul    *householder.Multiplier
	shares [][]T     // Yᵀ·U, the share of each segment of columns
	cols   []segment // of A right of the panel
	below  []segment // rows of A below the first Band of the panel

	band *block.BandMatrix[T]
}

// newReducer allocates the rest of the workspace for the first m rows of l.a; those
// below are zero up to the end of a block.
func newReducer[T kernel.Float](l *left[T], m int, team *parallel.Team) *reducer[T] {
	nr, n := l.k.NR, l.a.Cols
	r := &reducer[T]{
		left: l, m: m, n: n, team: team,
		right: householder.NewPanel(l.k, kernel.RoundUp(n, nr)),
		sum:   make([]float64, kernel.Band*kernel.Band), top: make([]float64, kernel.Band*kernel.Band),
		vTop: householder.NewSquare[T](nr), yut: householder.NewSquare[T](nr),
		mul:    householder.NewMultiplier(l.k.Name),
		shares: make([][]T, n/l.a.Block+2),
		band:   block.NewUpperBand[T](n),
	}
	for i := range r.shares {
		r.shares[i] = make([]T, kernel.Band*kernel.Band)
	}
	return r
}

// reduce returns the band matrix; a is overwritten.
func (r *reducer[T]) reduce(ctx context.Context) (*block.BandMatrix[T], error) {
	rows, cols := kernel.RoundUp(r.m, r.k.NR), kernel.RoundUp(r.n, r.k.NR)
	for first := 0; first < r.n; first += kernel.Band {
		next := first + kernel.Band
		r.rows = segments(r.rows[:0], r.a.Block, first, rows, 0)
		r.below = segments(r.below[:0], r.a.Block, next, rows, kernel.Band)
		r.cols = segments(r.cols[:0], r.a.Block, next, cols, 0)
		r.loadPanel(first)
		r.p.Factor(0, r.m-first, func(i, j int, v T) { r.band.Set(first+i, first+j, v) })
		if next >= r.n {
			break
		}
		if err := r.step(ctx, first); err != nil {
			return nil, err
		}
	}
	return r.band, ctx.Err()
}

// step applies the reflectors of the panel of columns first… to the columns
// right of it, eliminates the rows first…first+Band right of the band, and applies
// the reflectors of those to the rows below.
func (r *reducer[T]) step(ctx context.Context, first int) error {
	r.setTop()
	err := r.team.For(ctx, len(r.cols), func(i int) {
		r.project(r.cols[i])
		r.loadRows(r.cols[i], first)
	})
	if err != nil {
		return err
	}
	r.right.Factor(0, r.n-first-kernel.Band, func(i, j int, v T) { r.band.Set(first+j, first+kernel.Band+i, v) })
	if len(r.below) == 0 {
		return nil
	}
	err = r.team.For(ctx, len(r.cols), func(i int) {
		r.pack(r.right.V, r.cols[i], kernel.Band)
		r.share(i)
	})
	if err != nil {
		return err
	}
	r.multiplyShares()
	err = r.team.For(ctx, len(r.below), func(i int) { r.expand(r.below[i]) })
	if err != nil {
		return err
	}
	return r.team.For(ctx, len(r.below)*len(r.cols), func(t int) {
		r.update(r.below[t/len(r.cols)], r.cols[t%len(r.cols)], 2*kernel.Band)
	})
}

// setTop sets vTop from the first rows of V.
func (r *reducer[T]) setTop() {
	nr := r.k.NR
	clear(r.top)
	for q := range kernel.Band / nr {
		for i := range min(kernel.Band, kernel.RoundUp(r.m, nr)) {
			for j, v := range r.p.V.Cols(q, i)[:nr] {
				r.top[(q*nr+j)*kernel.Band+i] = float64(v)
			}
		}
	}
	r.vTop.Set(r.top, -1)
}

// loadRows writes the transpose of the rows first…first+Band of A − V·Yᵀ to the
// right panel, for a segment of columns.
func (r *reducer[T]) loadRows(c segment, first int) {
	k, b, nr := r.k, r.a.Block, r.k.NR
	block := r.a.At(first/b, c.block)[first%b*b+c.lo:]
	for q := range kernel.Band / nr {
		u := r.right.V.Cols(q, c.at)
		for j := range nr {
			for i, v := range block[(q*nr+j)*b:][:c.count] {
				u[i*nr+j] = v
			}
		}
		for p := range q + 1 { // V₁ is lower triangular
			k.Strip(nr, c.count/k.MR, r.y.Cols(p, c.at), nr, 1, r.vTop.Panel(q, p), u, nr)
		}
	}
}

// share computes the share of a segment of columns in Yᵀ·U.
func (r *reducer[T]) share(i int) {
	k, nr, c := r.k, r.k.NR, r.cols[i]
	clear(r.shares[i])
	for p := range kernel.Band / nr {
		for q := range kernel.Band / nr {
			k.Strip(c.count, nr/k.MR, r.y.Cols(p, c.at), 1, nr, r.right.V.Cols(q, c.at), r.shares[i][p*nr*kernel.Band+q*nr:], kernel.Band)
		}
	}
}

// multiplyShares sets yut to −(Yᵀ·U)·T.
func (r *reducer[T]) multiplyShares() {
	clear(r.sum)
	for _, share := range r.shares[:len(r.cols)] {
		for i, v := range share {
			r.sum[i] += float64(v)
		}
	}
	r.mul.Product(r.sum, kernel.Band, 1, r.right.Tri, r.top)
	r.yut.Set(r.top, -1)
}

// expand computes A·U, in z, and X for a segment of rows, and lays the latter out
// beside V in rowOp.
func (r *reducer[T]) expand(s segment) {
	k, b, nr := r.k, r.a.Block, r.k.NR
	r.layOut(s.at, s.at+s.count)
	tiles := s.count / k.MR
	for q := range kernel.Band / nr {
		x := r.z.Cols(q, s.at)
		clear(x[:s.count*nr])
		for _, c := range r.cols {
			k.Strip(c.count, tiles, r.a.At(s.block, c.block)[s.lo*b+c.lo:], b, 1, r.right.V.Cols(q, c.at), x, nr)
		}
	}
	for i := s.at; i < s.at+s.count; i++ {
		clear(r.rowOp[i*2*kernel.Band+kernel.Band:][:kernel.Band])
	}
	for q := range kernel.Band / nr {
		out := r.rowOp[s.at*2*kernel.Band+kernel.Band+q*nr:]
		for p := range kernel.Band / nr {
			if p <= q { // T is upper triangular
				k.Strip(nr, tiles, r.z.Cols(p, s.at), nr, 1, r.right.T.Panel(q, p), out, 2*kernel.Band)
			}
			k.Strip(nr, tiles, r.p.V.Cols(p, s.at), nr, 1, r.yut.Panel(q, p), out, 2*kernel.Band)
		}
	}
}
