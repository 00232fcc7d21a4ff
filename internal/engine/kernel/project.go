package kernel

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// Projection splits W, wide or transposed to be so, into W = U·Z + W′ with
// Z = Uᵀ·W, for a U of few orthonormal columns. It is made slab by slab while the
// Gram matrix of W′ is summed, so that neither Z nor W′ is ever stored.
type Projection[T Float] struct {
	k     *Kernel[T]
	u     *Panels[T] // n×rank
	minus []T        // −Uᵀ in squares of NR×NR, those of a panel of W one after another
	z     *Panels[T] // GramDepth×rank: Zᵀ of this slab

	Rank int        // columns of U
	ZZ   *Panels[T] // Rank×Rank: Z·Zᵀ
	R    *Panels[T] // n×Rank: W′·Zᵀ, which is zero when U is invariant
}

// NewProjection returns a projection along the orthonormal columns of an n×rank
// matrix, where n is the shorter side of W.
func (k *Kernel[T]) NewProjection(columns mat.Matrix) *Projection[T] {
	n, rank := columns.Dims()
	u := k.NewPanels(n, rank)
	for i := range n {
		for j := range rank {
			u.Set(i, j, T(columns.At(i, j)))
		}
	}
	p := &Projection[T]{
		k: k, u: u, minus: make([]T, len(u.Data)), Rank: rank,
		z: k.NewPanels(GramDepth, rank), ZZ: k.NewPanels(rank, rank), R: k.NewPanels(n, rank),
	}
	for i := range u.Rows {
		for c := range u.Cols {
			p.square(i/k.NR, c/k.NR)[c%k.NR*k.NR+i%k.NR] = -u.Get(i, c)
		}
	}
	return p
}

// square returns −Uᵀ of rows c·NR… and columns i·NR….
func (p *Projection[T]) square(i, c int) []T {
	size := p.k.NR * p.k.NR
	return p.minus[(i*p.u.Count()+c)*size:][:size]
}

// apply replaces the packed panels of W in work by those of W′.
func (p *Projection[T]) apply(ctx context.Context, workers int, work []T, panels, depth int) error {
	k := p.k
	panel := func(i int) []T { return work[i*GramDepth*k.NR : (i+1)*GramDepth*k.NR] }
	// Rows of older slabs below depth are computed too, and not used.
	clear(p.z.Data)
	const chunk = 2 * blockUnit
	err := parallel.For(ctx, workers, (depth+chunk-1)/chunk, func(t int) {
		for c := range p.u.Count() {
			for i := range panels {
				k.Strip(k.NR, chunk/k.MR, panel(i)[t*chunk*k.NR:], k.NR, 1, p.u.At(c, i*k.NR), p.z.At(c, t*chunk), k.NR)
			}
		}
	})
	if err != nil {
		return err
	}
	for b := range p.u.Count() {
		for c := range p.u.Count() {
			k.Strip(depth, k.NR/k.MR, p.z.At(b, 0), 1, k.NR, p.z.At(c, 0), p.ZZ.At(c, b*k.NR), k.NR)
		}
	}
	return parallel.For(ctx, workers, panels, func(i int) {
		for c := range p.u.Count() {
			k.Strip(k.NR, roundUp(depth, k.MR)/k.MR, p.z.At(c, 0), k.NR, 1, p.square(i, c), panel(i), k.NR)
		}
		for c := range p.u.Count() {
			k.Strip(depth, k.NR/k.MR, panel(i), 1, k.NR, p.z.At(c, 0), p.R.At(c, i*k.NR), k.NR)
		}
	})
}
