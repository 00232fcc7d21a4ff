package native

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine"
	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// projectionFactor times ε is the size of the rounding errors of an element of U·Z, in units
// of the product of the norms of its row of U and its column of Z.
const projectionFactor = 2

// projection splits W, wide or transposed to be so, into W = U·Z + W′ with
// Z = Uᵀ·W, for a U of few orthonormal columns. It is made slab by slab while the
// Gram matrix of W′ is summed, so that neither Z nor W′ is ever stored.
type projection[T kernel.Float] struct {
	k     *kernel.Kernel[T]
	u     *block.Panels[T] // n×rank
	minus []T              // −Uᵀ in squares of NR×NR, those of a panel of W one after another
	z     *block.Panels[T] // GramDepth×rank: Zᵀ of this slab

	rank int              // columns of U
	zz   *block.Panels[T] // rank×rank: Z·Zᵀ
	long float64          // the largest square of the norm of a column of Z
	leak float64          // ‖Uᵀ·W′‖²_F
	r    *block.Panels[T] // n×rank: W′·Zᵀ, which is zero when U is invariant
}

// newProjection returns a projection along the orthonormal columns of an n×rank
// matrix, where n is the shorter side of W.
func newProjection[T kernel.Float](k *kernel.Kernel[T], columns mat.Matrix) *projection[T] {
	n, rank := columns.Dims()
	u := block.NewPanels(k, n, rank)
	for i := range n {
		for j := range rank {
			u.Set(i, j, T(columns.At(i, j)))
		}
	}
	p := &projection[T]{
		k: k, u: u, minus: make([]T, len(u.Data)), rank: rank,
		z: block.NewPanels(k, kernel.GramDepth, rank), zz: block.NewPanels(k, rank, rank), r: block.NewPanels(k, n, rank),
	}
	for i := range u.Rows {
		for c := range u.Cols {
			p.square(i/k.NR, c/k.NR)[c%k.NR*k.NR+i%k.NR] = -u.Get(i, c)
		}
	}
	return p
}

// square returns −Uᵀ of rows c·NR… and columns i·NR….
func (p *projection[T]) square(i, c int) []T {
	size := p.k.NR * p.k.NR
	return p.minus[(i*p.u.Count()+c)*size:][:size]
}

// apply replaces the panels of a slab of W by those of W′.
func (p *projection[T]) apply(ctx context.Context, slab block.Slab[T], workers int) error {
	k, depth := p.k, slab.Depth
	if err := terms(ctx, k, slab, p.u, p.z, workers); err != nil {
		return err
	}
	p.long = max(p.long, p.rows(depth, true))
	for b := range p.u.Count() {
		for c := range p.u.Count() {
			k.Strip(depth, k.NR/k.MR, p.z.At(b, 0), 1, k.NR, p.z.At(c, 0), p.zz.At(c, b*k.NR), k.NR)
		}
	}
	err := parallel.For(ctx, workers, slab.Panels, func(i int) {
		for c := range p.u.Count() {
			k.Strip(k.NR, kernel.RoundUp(depth, k.MR)/k.MR, p.z.At(c, 0), k.NR, 1, p.square(i, c), slab.Panel(i), k.NR)
		}
		addRows(k, slab, i, p.z, p.r)
	})
	if err != nil {
		return err
	}
	// Some terms do not stand for others: the errors are where Z was, or where terms of it
	// cancelled.
	if err := terms(ctx, k, slab, p.u, p.z, workers); err != nil {
		return err
	}
	p.leak += p.rows(depth, false)
	return nil
}

// rows returns the largest of the squares of the norms of the first rows of z, or else
// their sum.
func (p *projection[T]) rows(count int, largest bool) (all float64) {
	for i := range count {
		var square float64
		for j := range p.rank {
			v := float64(p.z.Get(i, j))
			square += v * v
		}
		if largest {
			all = max(all, square)
		} else {
			all += square
		}
	}
	return all
}

// outliers returns the eigenvalues of Z·Zᵀ, with ‖R‖_F and a bound on the rounding errors
// of W′. Those are of U·Z, element by element, and as good as independent: their spectral
// norm grows with the largest norm of a row and of a column (Seginer 2000), the former of which is
// √(uᵀ·Z·Zᵀ·u) for a row u of U.
func (p *projection[T]) outliers() (outliers, error) {
	rank := p.rank
	zz := mat.NewSymDense(rank, nil)
	for i := range rank {
		for j := range i + 1 {
			zz.SetSym(i, j, float64(p.zz.Get(i, j)))
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(zz, false) {
		return outliers{}, fmt.Errorf("%w of the eigenvalues of Z·Zᵀ", engine.ErrConvergence)
	}
	top := eig.Values(nil)
	slices.Reverse(top)
	var coupling, wide float64
	row := mat.NewVecDense(rank, nil)
	for i := range p.r.Rows {
		for j := range rank {
			r := float64(p.r.Get(i, j))
			coupling += r * r
			row.SetVec(j, float64(p.u.Get(i, j)))
		}
		wide = max(wide, mat.Inner(row, zz, row))
	}
	rounding := projectionFactor * kernel.Eps[T]() * (math.Sqrt(wide) + math.Sqrt(p.long))
	return outliers{top, math.Sqrt(coupling), rounding, 2 * math.Sqrt(p.leak)}, nil
}
