package block

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/hugepage"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// Dense is a matrix in square blocks, as [Sym] is: block (I, J) holds rows
// I·Block… and columns J·Block…, contiguous and row-major. What lies beyond Rows
// and Cols in the last blocks is zero.
type Dense[T kernel.Float] struct {
	Rows, Cols int
	Block      int // order of a block, see Size
	across     int // blocks in a row of them
	data       []T
}

// DenseLen returns the number of elements stored for a rows×cols matrix.
func DenseLen(rows, cols int) int64 {
	b := Size(cols)
	return int64(kernel.RoundUp(rows, b)) * int64(kernel.RoundUp(cols, b))
}

// NewDense returns a zero matrix.
func NewDense[T kernel.Float](rows, cols int) *Dense[T] {
	b := Size(cols)
	return &Dense[T]{
		Rows: rows, Cols: cols, Block: b, across: kernel.RoundUp(cols, b) / b,
		data: hugepage.Make[T](int(DenseLen(rows, cols))),
	}
}

// At returns block (i, j).
func (d *Dense[T]) At(i, j int) []T {
	size := d.Block * d.Block
	at := (i*d.across + j) * size
	return d.data[at : at+size : at+size]
}

// Load fills rows `to` and on, `to` a multiple of Block, with count rows of scale·W
// from row `from` on, and the rest of the last block row with zeros. W is read in
// the tall orientation: its rows are those of w when w has more rows than columns,
// and else its columns.
func (d *Dense[T]) Load(ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, scale T, to, from, count, workers int) error {
	b := d.Block
	deep := kernel.RoundUp(count, b) / b
	scratch := make([]kernel.PackScratch[T], min(parallel.Useful(workers), deep*d.across))
	return parallel.ForWorker(ctx, workers, deep*d.across, func(worker, t int) {
		i, j := t/d.across, t%d.across
		rows := min(b, count-i*b)
		block := d.At(to/b+i, j)
		clear(block[rows*b:])
		k.Pack(block[:rows*b], b, w, scale, j*b, from+i*b, &scratch[worker])
	})
}

// Store copies a slab to the rows of d that are its terms: d is W in the tall orientation.
func (d *Dense[T]) Store(ctx context.Context, slab Slab[T], workers int) error {
	nr := slab.size / kernel.GramDepth
	return parallel.For(ctx, workers, slab.Panels, func(i int) {
		panel, col := slab.Panel(i), i*nr
		for p := range slab.Depth {
			row := slab.First + p
			block := d.At(row/d.Block, col/d.Block)
			copy(block[row%d.Block*d.Block+col%d.Block:][:nr], panel[p*nr:])
		}
	})
}
