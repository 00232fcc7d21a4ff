package bidiagonal

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// triangularise leaves in the first rows of l.a the triangular factor R of the QR
// factorisation of scale·w, and zeros in the rows below up to the end of a block.
//
// R of the first rows is computed in place. The others come by stepRows at a
// time: with E those below R, each panel of the factorisation of [R; E] works on
// Band rows of R and all of E, since R is triangular.
func triangularise[T kernel.Float](ctx context.Context, l *left[T], w *kernel.Matrix, scale T, rotate bool, workers int) error {
	k, a := l.k, l.a
	m := max(w.Rows, w.Cols)
	step := stepRows(m)
	top := a.Rows - step
	team := parallel.NewTeam(workers)
	defer team.Stop()
	f := &factorer[T]{left: l, team: team}
	load := func(to, from, count int) error {
		err := a.Load(ctx, k, w, scale, to, from, count, workers)
		if err == nil && rotate {
			err = a.Rotate(ctx, to, from, count, workers)
		}
		return err
	}
	if err := load(0, 0, top); err != nil {
		return err
	}
	for first := 0; first < a.Cols; first += kernel.Band {
		f.rows = segments(f.rows[:0], a.Block, first, top, 0)
		if err := f.step(ctx, first, top-first); err != nil {
			return err
		}
	}
	for loaded := top; loaded < m; loaded += step {
		count := min(step, m-loaded)
		if err := load(top, loaded, count); err != nil {
			return err
		}
		for first := 0; first < a.Cols; first += kernel.Band {
			f.rows = segments(f.rows[:0], a.Block, first, first+kernel.Band, 0)
			f.rows = segments(f.rows, a.Block, top, top+kernel.RoundUp(count, k.NR), kernel.Band)
			if err := f.step(ctx, first, kernel.Band+count); err != nil {
				return err
			}
		}
	}
	return nil
}

// factorer computes a QR factorisation.
type factorer[T kernel.Float] struct {
	*left[T]
	team *parallel.Team
	cols []segment
}

// step eliminates the columns first…first+Band of f.rows, n in number, below the
// diagonal.
func (f *factorer[T]) step(ctx context.Context, first, n int) error {
	a, b := f.a, f.a.Block
	f.loadPanel(first)
	for _, s := range f.rows {
		block := a.At(s.block, first/b)
		for i := range s.count {
			clear(block[(s.lo+i)*b+first%b:][:kernel.Band])
		}
	}
	diagonal := a.At(first/b, first/b)[first%b*b+first%b:]
	f.p.Factor(0, n, func(i, j int, v T) { diagonal[i*b+j] = v })
	f.layOut(0, kernel.RoundUp(n, f.k.NR))
	// Half a block at a time: the update finds it in the cache.
	width := max(kernel.Band, b/2)
	f.cols = segments(f.cols[:0], width, first+kernel.Band, kernel.RoundUp(a.Cols, f.k.NR), 0)
	return f.team.For(ctx, len(f.cols), func(i int) {
		c := f.cols[i]
		c.lo += c.block * width % b
		c.block = c.block * width / b
		f.project(c)
		for _, s := range f.rows {
			f.update(s, c, kernel.Band)
		}
	})
}
