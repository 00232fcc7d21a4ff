package native

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// chunk is the number of terms of a slab's product with columns that a worker computes at
// a time. It divides GramDepth, so that the last chunk of a slab ends within its panels.
const chunk = 2 * kernel.Band

// terms sets z, of GramDepth rows, to slabᵀ·x. Rows from the depth of the slab on are of no
// use: there the panels still hold terms of the slab before.
func terms[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], slab block.Slab[T], x, z *block.Panels[T], workers int) error {
	clear(z.Data)
	return parallel.For(ctx, workers, kernel.RoundUp(slab.Depth, chunk)/chunk, func(t int) {
		for c := range x.Count() {
			for i := range slab.Panels {
				k.Strip(k.NR, chunk/k.MR, slab.Panel(i)[t*chunk*k.NR:], k.NR, 1, x.At(c, i*k.NR), z.At(c, t*chunk), k.NR)
			}
		}
	})
}

// addRows adds the rows of panel i of slab·z to y.
func addRows[T kernel.Float](k *kernel.Kernel[T], slab block.Slab[T], i int, z, y *block.Panels[T]) {
	for c := range z.Count() {
		k.Strip(slab.Depth, k.NR/k.MR, slab.Panel(i), 1, k.NR, z.At(c, 0), y.At(c, i*k.NR), k.NR)
	}
}

// square adds slab·slabᵀ·x to y, with z of GramDepth rows in between.
func square[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], slab block.Slab[T], x, z, y *block.Panels[T], workers int) error {
	if err := terms(ctx, k, slab, x, z, workers); err != nil {
		return err
	}
	return parallel.For(ctx, workers, slab.Panels, func(i int) { addRows(k, slab, i, z, y) })
}
