// Package bidiagonal computes all singular values of a matrix without squaring it:
// dense → band → bidiagonal → singular values, after a QR factorisation where the
// matrix is tall, and without the band where it is small. It is the accurate
// companion of the Gram matrix: every value is off by a modest multiple of ε·s₁,
// however small it is itself.
//
// In LAPACK's words it is dgesvd without vectors: dgeqrf (triangularise), dgebrd, here in
// two stages (reducer, then bidiagonalise, which is dgbbrd) as in the PLASMA library, and
// dlasq1 (bidiagonalValues). Small matrices take dgebrd itself, from package lapack.
//
// With m rows and n columns, m ≥ n, the reduction takes 4mn² − 4/3·n³ flops, or
// 2mn² + 2n³ through QR, and the band 8·Band·n² more, nearly all of the former in
// matrix products on the packed kernels.
package bidiagonal

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/householder"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/lapack"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// streamRows is the least number of rows of a tall matrix that join the triangular factor
// at a time. Each step of that works on these rows and on Band rows of the factor:
// the latter cost nothing extra while streamRows is much larger than Band. And it works
// on half a column of blocks at a time, whose streamRows·block.MaxSize/2 elements of 8
// bytes, 432 KiB, must stay in the L2 cache. Every block size divides it.
const streamRows = 3 * block.MaxSize

// maxSteps bounds the number of times that rows join the triangular factor. Each rounds
// the factor once more, so longer matrices take more rows at a time.
const maxSteps = 1024

// stepRows returns the number of rows of a matrix with m that join the factor at a time.
func stepRows(m int) int { return max(streamRows, kernel.RoundUp(m/maxSteps, streamRows)) }

// Values returns the singular values of scale·w in descending order. The Frobenius
// norm of scale·w must not exceed 1 by much: sums of squares are not scaled. Where
// its numbers repeat, rotate has its rows and columns rotated (see package block), so
// that their rounding errors do not repeat. The result does not depend on workers.
func Values[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, scale T, rotate bool, workers int) ([]float64, error) {
	d, e, err := bidiagonal(ctx, k, w, scale, rotate, workers)
	if err != nil {
		return nil, err
	}
	// Far below the rounding errors of float32, the last digits do not matter.
	return bidiagonalValues(ctx, d, e, kernel.Single[T](), workers)
}

// Overwrite is [Values] of a matrix that is there already, which it overwrites. It has at
// least as many rows as columns.
func Overwrite[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], a *block.Dense[T], workers int) ([]float64, error) {
	d, e, err := twoStages(ctx, newLeft(k, a), a.Rows, workers)
	if err != nil {
		return nil, err
	}
	return bidiagonalValues(ctx, d, e, kernel.Single[T](), workers)
}

// bidiagonal returns the diagonal and the superdiagonal of a bidiagonal matrix with
// the singular values of scale·w.
func bidiagonal[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, scale T, rotate bool, workers int) (d, e []float64, err error) {
	m, n := max(w.Rows, w.Cols), min(w.Rows, w.Cols)
	height, stream := shape(m, n)
	a := block.NewDense[T](height, n)
	if stream {
		l := newLeft(k, a)
		if err := triangularise(ctx, l, w, scale, rotate, workers); err != nil {
			return nil, nil, err
		}
		return twoStages(ctx, l, n, workers)
	}
	if err := a.Load(ctx, k, w, scale, 0, 0, m, workers); err != nil {
		return nil, nil, err
	}
	if rotate {
		if err := a.Rotate(ctx, 0, 0, m, workers); err != nil {
			return nil, nil, err
		}
	}
	if a, ok := any(a).(*block.Dense[float64]); ok && n <= k.OneStage {
		return lapack.Reduce(ctx, rowMajor(a), m, n)
	}
	return twoStages(ctx, newLeft(k, a), m, workers)
}

// twoStages reduces the first rows of the matrix of l.
func twoStages[T kernel.Float](ctx context.Context, l *left[T], rows, workers int) (d, e []float64, err error) {
	team := parallel.NewTeam(workers)
	defer team.Stop()
	b, err := newReducer(l, rows, team).reduce(ctx)
	if err != nil {
		return nil, nil, err
	}
	return bidiagonalise(ctx, l.k, b, workers)
}

// shape returns the number of rows that are held of an m×n matrix, m ≥ n, and
// whether they stream through a QR factorisation. That saves flops from m = 5/3·n
// on, and memory.
func shape(m, n int) (rows int, stream bool) {
	top := kernel.RoundUp(n, block.Size(n))
	if m <= 5*n/3 || m <= top {
		return m, false
	}
	return top + stepRows(m), true
}

// WorkLen returns the number of elements [Values] allocates for an r×c matrix: the
// dense matrix, reflectors, products, both operands of the update, the shares of
// each block, the band, and vectors as long as the spectrum.
func WorkLen(r, c int) int64 {
	n := min(r, c)
	rows, _ := shape(max(r, c), n)
	return block.DenseLen(rows, n) + int64(4*rows+4*n+(n/block.Size(n)+24)*kernel.Band)*kernel.Band + int64(block.UpperBandLen(n)+12*n)
}

// segment is a part of a block row, or of a block column: its lines lo to
// lo+count are rows at… of a panel.
type segment struct{ block, lo, count, at int }

// segments cuts the rows (or columns) from start to end where blocks end and
// appends the pieces to s; row start is row `at` of the panel.
func segments(s []segment, block, start, end, at int) []segment {
	for start < end {
		lo := start % block
		count := min(block-lo, end-start)
		s = append(s, segment{start / block, lo, count, at})
		start += count
		at += count
	}
	return s
}

// left is a block reflector that is applied to a matrix from the left:
// Qᵀ·A = A − V·Yᵀ with Y = Aᵀ·V·T.
type left[T kernel.Float] struct {
	k    *kernel.Kernel[T]
	a    *block.Dense[T]
	p    *householder.Panel[T] // V
	rows []segment             // the rows of A that V belongs to

	z, y  householder.Tall[T] // Aᵀ·V and Y
	rowOp []T                 // [V X] row-major, 2·Band wide: left operand of the update
	colOp []T                 // −[Y U]ᵀ in panels, 2·Band deep: right operand
}

// newLeft allocates the workspace for a.
func newLeft[T kernel.Float](k *kernel.Kernel[T], a *block.Dense[T]) *left[T] {
	rows, cols := kernel.RoundUp(a.Rows, k.NR), kernel.RoundUp(a.Cols, k.NR)
	return &left[T]{
		k: k, a: a, p: householder.NewPanel(k, rows),
		z: householder.NewTall(k, rows), y: householder.NewTall(k, cols),
		rowOp: make([]T, rows*2*kernel.Band), colOp: make([]T, cols*2*kernel.Band),
	}
}

// loadPanel copies the columns first…first+Band of the rows to V.
func (l *left[T]) loadPanel(first int) {
	b, nr := l.a.Block, l.k.NR
	for _, s := range l.rows {
		block := l.a.At(s.block, first/b)
		for i := range s.count {
			src := block[(s.lo+i)*b+first%b:][:kernel.Band]
			for q := range kernel.Band / nr {
				copy(l.p.V.Cols(q, s.at+i)[:nr], src[q*nr:])
			}
		}
	}
}

// layOut copies V from row `from` to row `to` to its place in rowOp.
func (l *left[T]) layOut(from, to int) {
	nr := l.k.NR
	for q := range kernel.Band / nr {
		v := l.p.V.Cols(q, 0)
		for row := from; row < to; row++ {
			copy(l.rowOp[row*2*kernel.Band+q*nr:][:nr], v[row*nr:])
		}
	}
}

// project computes Y for a segment of columns, and lays it out in colOp.
func (l *left[T]) project(c segment) {
	k, b, nr := l.k, l.a.Block, l.k.NR
	tiles := c.count / k.MR
	for q := range kernel.Band / nr {
		z := l.z.Cols(q, c.at)
		clear(z[:c.count*nr])
		for _, s := range l.rows {
			k.Strip(s.count, tiles, l.a.At(s.block, c.block)[s.lo*b+c.lo:], 1, b, l.p.V.Cols(q, s.at), z, nr)
		}
	}
	for q := range kernel.Band / nr {
		y := l.y.Cols(q, c.at)
		clear(y[:c.count*nr])
		for p := range q + 1 { // T is upper triangular
			k.Strip(nr, tiles, l.z.Cols(p, c.at), nr, 1, l.p.T.Panel(q, p), y, nr)
		}
	}
	l.pack(l.y, c, 0)
}

// pack lays out the rows of −m that belong to a segment of columns from row `depth`
// of colOp on.
func (l *left[T]) pack(m householder.Tall[T], c segment, depth int) {
	nr := l.k.NR
	for g := c.at; g < c.at+c.count; g += nr {
		out := l.colOp[g*2*kernel.Band+depth*nr:][:kernel.Band*nr]
		for q := range kernel.Band / nr {
			src := m.Cols(q, g)[:nr*nr]
			for j := range nr {
				for p, v := range src[j*nr : (j+1)*nr] {
					out[(q*nr+p)*nr+j] = -v
				}
			}
		}
	}
}

// update adds the product of the operands, `depth` terms of it, to the
// intersection of a segment of rows with one of columns.
func (l *left[T]) update(s, c segment, depth int) {
	k, b, nr := l.k, l.a.Block, l.k.NR
	block := l.a.At(s.block, c.block)
	for g := 0; g < c.count; g += nr {
		k.Strip(depth, s.count/k.MR, l.rowOp[s.at*2*kernel.Band:], 2*kernel.Band, 1,
			l.colOp[(c.at+g)*2*kernel.Band:], block[s.lo*b+c.lo+g:], b)
	}
}
