package block

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// Panels is a matrix of few columns in panels: element (i, j) of the q-th panel,
// whose columns are q·NR…, is at (q·Rows + i)·NR + j.
type Panels[T kernel.Float] struct {
	NR, Rows, Cols int // Cols is a multiple of NR
	Data           []T
}

// NewPanels returns a zero matrix; rows and columns are rounded up to what the
// kernels need.
func NewPanels[T kernel.Float](k *kernel.Kernel[T], rows, cols int) *Panels[T] {
	p := &Panels[T]{NR: k.NR, Rows: kernel.RoundUp(rows, kernel.Band), Cols: kernel.RoundUp(cols, k.NR)}
	p.Data = make([]T, p.Rows*p.Cols)
	return p
}

// Count returns the number of panels.
func (p *Panels[T]) Count() int { return p.Cols / p.NR }

// At returns the q-th panel from the given row on.
func (p *Panels[T]) At(q, row int) []T { return p.Data[(q*p.Rows+row)*p.NR : (q+1)*p.Rows*p.NR] }

// Set sets element (i, j).
func (p *Panels[T]) Set(i, j int, v T) { p.At(j/p.NR, i)[j%p.NR] = v }

// Get returns element (i, j).
func (p *Panels[T]) Get(i, j int) T { return p.At(j/p.NR, i)[j%p.NR] }

// MulSym sets y to A·x. The result does not depend on workers.
func MulSym[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], a *Sym[T], x, y *Panels[T], workers int) error {
	b := a.Block
	clear(y.Data)
	return parallel.For(ctx, workers, a.Blocks(), func(i int) {
		lo, hi := i*b, min((i+1)*b, x.Rows)
		for j := range a.Blocks() {
			jlo, jhi := j*b, min((j+1)*b, x.Rows)
			block, rs, cs := a.At(max(i, j), min(i, j)), b, 1
			if j > i { // stored as its transpose
				rs, cs = 1, b
			}
			for q := range x.Count() {
				k.Strip(jhi-jlo, (hi-lo)/k.MR, block, rs, cs, x.At(q, jlo), y.At(q, lo), k.NR)
			}
		}
	})
}
