package symmetric

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/householder"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// reducer brings a symmetric matrix to band form by blocked Householder
// transformations (Bischof, Lang & Sun 2000, the first stage of SBR): for each
// panel of Band columns, with A₂₁ = Q·R below the band and A₂₂ the rest,
// A₂₂ ← Qᵀ·A₂₂·Q = A₂₂ − V·Wᵀ − W·Vᵀ.
type reducer[T kernel.Float] struct {
	k    *kernel.Kernel[T]
	a    *block.Sym[T]
	n    int // order
	np   int // rows, rounded up to the width of a panel
	team *parallel.Team

	p      *householder.Panel[T] // np rows: the reflectors V
	x      householder.Tall[T]   // np rows: A₂₂·V
	vw     []T                   // np×2·Band row-major: [V W], the left operand of the update
	packed []T                   // −[W V]ᵀ in panels, the right operand
	vx     [][]T                 // Vᵀ·X, the share of each block of rows
	small  smallWork[T]

	band *block.BandMatrix[T]
}

// newReducer allocates the workspace for a.
func newReducer[T kernel.Float](k *kernel.Kernel[T], a *block.Sym[T], team *parallel.Team) *reducer[T] {
	np := kernel.RoundUp(a.N, k.NR)
	r := &reducer[T]{
		k: k, a: a, n: a.N, np: np, team: team,
		p: householder.NewPanel(k, np), x: householder.NewTall(k, np),
		vw: make([]T, np*2*kernel.Band), packed: make([]T, np*2*kernel.Band),
		vx:   make([][]T, a.Blocks()),
		band: block.NewSymBand[T](a.N),
	}
	for i := range r.vx {
		r.vx[i] = make([]T, kernel.Band*kernel.Band)
	}
	r.small = newSmallWork(k)
	return r
}

// reduce returns the band matrix; a is overwritten.
func (r *reducer[T]) reduce(ctx context.Context) (*block.BandMatrix[T], error) {
	first := 0
	for ; first+kernel.Band+1 < r.n; first += kernel.Band {
		r.storeDiagonal(first)
		r.loadPanel(first)
		r.p.Factor(first+kernel.Band, r.n, func(i, j int, v T) { r.band.Set(first+kernel.Band+i, first+j, v) })
		if err := r.update(ctx, first+kernel.Band); err != nil {
			return nil, err
		}
	}
	for ; first < r.n; first += kernel.Band {
		r.storeDiagonal(first)
		r.storeBelow(first)
	}
	return r.band, nil
}

// storeDiagonal copies the lower half of the diagonal block of columns first…
// to the band.
func (r *reducer[T]) storeDiagonal(first int) {
	b := r.a.Block
	block, at := r.a.At(first/b, first/b), first%b
	for i := range min(kernel.Band, r.n-first) {
		for j := range i + 1 {
			r.band.Set(first+i, first+j, block[(at+i)*b+at+j])
		}
	}
}

// storeBelow copies what lies under a diagonal block and was never reduced: at
// most one row.
func (r *reducer[T]) storeBelow(first int) {
	b, row := r.a.Block, first+kernel.Band
	if row >= r.n {
		return
	}
	block := r.a.At(row/b, first/b)
	for j := range kernel.Band {
		r.band.Set(row, first+j, block[row%b*b+first%b+j])
	}
}

// loadPanel copies the columns first…first+Band below the band to V.
func (r *reducer[T]) loadPanel(first int) {
	b, nr := r.a.Block, r.k.NR
	for row := first + kernel.Band; row < r.np; row++ {
		src := r.a.At(row/b, first/b)[row%b*b+first%b:][:kernel.Band]
		for q := range kernel.Band / nr {
			copy(r.p.V.Cols(q, row)[:nr], src[q*nr:])
		}
	}
}

// rows returns the rows of block row i from start on.
func (r *reducer[T]) rows(i, start int) (lo, hi int) {
	return max(start, i*r.a.Block), min(r.np, (i+1)*r.a.Block)
}

// update applies the reflectors in V to the rows and columns from start on.
func (r *reducer[T]) update(ctx context.Context, start int) error {
	firstBlock, blocks := start/r.a.Block, r.a.Blocks()
	count := blocks - firstBlock
	// Longest first, so that no worker is left with a long one at the end.
	err := r.team.For(ctx, count, func(i int) { r.multiply(firstBlock+i, start) })
	if err != nil {
		return err
	}
	r.small.correction(r.vx[firstBlock:], r.p.Tri)
	err = r.team.For(ctx, count, func(i int) { r.combine(firstBlock+i, start) })
	if err != nil {
		return err
	}
	return r.team.For(ctx, count*(count+1)/2, func(t int) {
		i, j := block.Triangle(t)
		r.rankUpdate(firstBlock+i, firstBlock+j, start)
	})
}

// multiply computes block row i of X = A₂₂·V and its share of Vᵀ·X.
func (r *reducer[T]) multiply(i, start int) {
	k, b, nr := r.k, r.a.Block, r.k.NR
	lo, hi := r.rows(i, start)
	for q := range kernel.Band / nr {
		clear(r.x.Cols(q, lo)[:(hi-lo)*nr])
	}
	for j := start / b; j < r.a.Blocks(); j++ {
		jlo, jhi := r.rows(j, start)
		var a []T
		rs, cs := b, 1
		if j <= i {
			a = r.a.At(i, j)[(lo-i*b)*b+jlo-j*b:]
		} else { // stored as its transpose
			a = r.a.At(j, i)[(jlo-j*b)*b+lo-i*b:]
			rs, cs = 1, b
		}
		for q := range kernel.Band / nr {
			k.Strip(jhi-jlo, (hi-lo)/k.MR, a, rs, cs, r.p.V.Cols(q, jlo), r.x.Cols(q, lo), nr)
		}
	}
	clear(r.vx[i])
	for p := range kernel.Band / nr {
		for q := range kernel.Band / nr {
			k.Strip(hi-lo, nr/k.MR, r.p.V.Cols(p, lo), 1, nr, r.x.Cols(q, lo), r.vx[i][p*nr*kernel.Band+q*nr:], kernel.Band)
		}
	}
}

// combine computes block row i of W = X·T − ½·V·M, M = Tᵀ·Vᵀ·X·T, and lays out
// both operands of the rank update.
func (r *reducer[T]) combine(i, start int) {
	k, nr := r.k, r.k.NR
	lo, hi := r.rows(i, start)
	for row := lo; row < hi; row++ {
		out := r.vw[row*2*kernel.Band:][:2*kernel.Band]
		for q := range kernel.Band / nr {
			copy(out[q*nr:(q+1)*nr], r.p.V.Cols(q, row))
		}
		clear(out[kernel.Band:])
	}
	tiles := (hi - lo) / k.MR
	for q := range kernel.Band / nr {
		w := r.vw[lo*2*kernel.Band+kernel.Band+q*nr:]
		for p := range kernel.Band / nr {
			if p <= q { // T is upper triangular
				k.Strip(nr, tiles, r.x.Cols(p, lo), nr, 1, r.p.T.Panel(q, p), w, 2*kernel.Band)
			}
			k.Strip(nr, tiles, r.p.V.Cols(p, lo), nr, 1, r.small.m.Panel(q, p), w, 2*kernel.Band)
		}
	}
	for g := lo; g < hi; g += nr {
		out := r.packed[g*2*kernel.Band:][:nr*2*kernel.Band]
		for j := range nr {
			row := r.vw[(g+j)*2*kernel.Band:][:2*kernel.Band]
			for p := range kernel.Band {
				out[p*nr+j] = -row[kernel.Band+p]
				out[(kernel.Band+p)*nr+j] = -row[p]
			}
		}
	}
}

// rankUpdate computes block (i, j) of A₂₂ − V·Wᵀ − W·Vᵀ.
func (r *reducer[T]) rankUpdate(i, j, start int) {
	k, b, nr := r.k, r.a.Block, r.k.NR
	lo, hi := r.rows(i, start)
	jlo, jhi := r.rows(j, start)
	block := r.a.At(i, j)
	for g := jlo; g < jhi; g += nr {
		k.Strip(2*kernel.Band, (hi-lo)/k.MR, r.vw[lo*2*kernel.Band:], 2*kernel.Band, 1, r.packed[g*2*kernel.Band:], block[(lo-i*b)*b+g-j*b:], b)
	}
}

// WorkLen returns the number of elements of workspace [Values] allocates for
// a matrix of order n: reflectors, products, both operands of the update, the
// band, and the shares of each block row.
func WorkLen(n int) int {
	return 6*(n+kernel.Band)*kernel.Band + block.SymBandLen(n) + (n/kernel.Band+1)*kernel.Band*kernel.Band
}
