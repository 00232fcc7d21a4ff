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

// chunk is the number of terms of Z that a worker computes at a time. It divides
// GramDepth, so that the last chunk of a slab ends within its panels.
const chunk = 2 * kernel.Band

// apply replaces the panels of a slab of W by those of W′.
func (p *projection[T]) apply(ctx context.Context, slab block.Slab[T], workers int) error {
	k, depth := p.k, slab.Depth
	// The last chunk goes beyond depth, where the panels still hold terms of the slab
	// before. What comes of those are rows of z beyond depth, which meet only rows of the
	// panels beyond depth below, and nobody reads either.
	clear(p.z.Data)
	err := parallel.For(ctx, workers, kernel.RoundUp(depth, chunk)/chunk, func(t int) {
		for c := range p.u.Count() {
			for i := range slab.Panels {
				k.Strip(k.NR, chunk/k.MR, slab.Panel(i)[t*chunk*k.NR:], k.NR, 1, p.u.At(c, i*k.NR), p.z.At(c, t*chunk), k.NR)
			}
		}
	})
	if err != nil {
		return err
	}
	for b := range p.u.Count() {
		for c := range p.u.Count() {
			k.Strip(depth, k.NR/k.MR, p.z.At(b, 0), 1, k.NR, p.z.At(c, 0), p.zz.At(c, b*k.NR), k.NR)
		}
	}
	return parallel.For(ctx, workers, slab.Panels, func(i int) {
		panel := slab.Panel(i)
		for c := range p.u.Count() {
			k.Strip(k.NR, kernel.RoundUp(depth, k.MR)/k.MR, p.z.At(c, 0), k.NR, 1, p.square(i, c), panel, k.NR)
		}
		for c := range p.u.Count() {
			k.Strip(depth, k.NR/k.MR, panel, 1, k.NR, p.z.At(c, 0), p.r.At(c, i*k.NR), k.NR)
		}
	})
}

// eigenvalues returns those of Z·Zᵀ, descending, and ‖R‖_F.
func (p *projection[T]) eigenvalues() (top []float64, coupling float64, err error) {
	rank := p.rank
	sym := mat.NewSymDense(rank, nil)
	for i := range rank {
		for j := range i + 1 {
			sym.SetSym(i, j, float64(p.zz.Get(i, j)))
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(sym, false) {
		return nil, 0, fmt.Errorf("%w of the eigenvalues of Z·Zᵀ", engine.ErrConvergence)
	}
	top = eig.Values(nil)
	slices.Reverse(top)
	for i := range p.r.Rows {
		for j := range rank {
			r := float64(p.r.Get(i, j))
			coupling += r * r
		}
	}
	return top, math.Sqrt(coupling), nil
}
