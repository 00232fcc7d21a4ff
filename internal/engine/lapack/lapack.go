// Package lapack computes singular values by Householder bidiagonalisation,
// from gonum's LAPACK building blocks.
//
// It is LAPACK's dgesvd for values only (QR first when the matrix is tall,
// dgebrd, then dqds) with two differences: the rows stream through the QR in
// blocks, so that no float64 copy of a tall matrix exists, and every loop looks
// at the context between pieces of about a tenth of a second.
package lapack

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	blasgonum "gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/lapack"
	lapackgonum "gonum.org/v1/gonum/lapack/gonum"

	"github.com/gospectrum/spectrum/internal/engine"
)

// Source is a Rows×Cols matrix that is read piece by piece.
type Source struct {
	Rows, Cols int
	Scale      float64 // factor on every element, a power of two
	// Segment fills dst from row i, starting at column j.
	Segment func(dst []float64, i, j int)
}

const (
	// panel is the number of columns reduced before the rest is updated.
	panel = 32
	// pieceFlops is the work done between two looks at the context.
	pieceFlops = 5e8
	// minBlock is the least number of elements worth reading at once.
	minBlock = 1 << 17
)

var (
	bl blasgonum.Implementation
	la lapackgonum.Implementation
)

// blockRows returns how many rows of an m×n matrix, n ≤ m, are held at once,
// and whether they go through a QR factorisation first.
func blockRows(m, n int) (rows int, qr bool) {
	if float64(m) < 1.6*float64(n) { // LAPACK's crossover in ilaenv
		return m, false
	}
	return min(m, n+max(n, minBlock/n)), true
}

// Workspace returns about how many bytes [SingularValues] allocates for a
// rows×cols matrix.
func Workspace(rows, cols int) int64 {
	n := min(rows, cols)
	block, _ := blockRows(max(rows, cols), max(n, 1))
	return 8 * (int64(block)*int64(n) + int64(block+2*n)*panel + 10*int64(n))
}

// SingularValues returns the min(Rows, Cols) singular values of Scale·src in
// descending order.
func SingularValues(ctx context.Context, src Source) ([]float64, error) {
	m, n := max(src.Rows, src.Cols), min(src.Rows, src.Cols)
	block, qr := blockRows(m, n)
	a := make([]float64, block*n)
	if !qr {
		src.loadRows(a, 0, m)
		return bidiagonal(ctx, a, m, n)
	}
	// Each step factors [R; next rows] = Q·R' and keeps R'. Orthogonal
	// transformations from the left leave the singular values alone.
	loaded := 0
	for held := 0; loaded < m; held = n {
		rows := min(block-held, m-loaded)
		src.loadRows(a[held*n:], loaded, rows)
		loaded += rows
		if err := triangularise(ctx, a, held+rows, n); err != nil {
			return nil, err
		}
	}
	return bidiagonal(ctx, a, n, n)
}

// loadRows writes rows i0… of the tall orientation of src to dst.
func (s *Source) loadRows(dst []float64, i0, rows int) {
	if s.Rows >= s.Cols {
		for i := range rows {
			row := dst[i*s.Cols : (i+1)*s.Cols]
			s.Segment(row, i0+i, 0)
			for k := range row {
				row[k] *= s.Scale
			}
		}
		return
	}
	buf := make([]float64, rows)
	for j := range s.Rows {
		s.Segment(buf, j, i0)
		for i, v := range buf {
			dst[i*s.Rows+j] = v * s.Scale
		}
	}
}

// triangularise overwrites the m×n matrix a with its upper triangular QR
// factor in the first min(m, n) rows; the rest of a becomes zero.
func triangularise(ctx context.Context, a []float64, m, n int) error {
	tau := make([]float64, panel)
	t := make([]float64, panel*panel)
	work := make([]float64, n*panel)
	for i := 0; i < min(m, n); i += panel {
		ib := min(panel, min(m, n)-i)
		la.Dgeqr2(m-i, ib, a[i*n+i:], n, tau[:ib], work)
		triangularFactor(t, a[i*n+i:], tau[:ib], m-i, n)
		step := chunk(4*(m-i)*ib, 64)
		for j := i + ib; j < n; j += step {
			if err := ctx.Err(); err != nil {
				return err
			}
			la.Dlarfb(blas.Left, blas.Trans, lapack.Forward, lapack.ColumnWise,
				m-i, min(step, n-j), ib, a[i*n+i:], n, t, panel, a[i*n+j:], n, work, panel)
		}
	}
	for i := range m {
		clear(a[i*n : i*n+min(i, n)])
	}
	return ctx.Err()
}

// triangularFactor computes the upper triangular T of the block reflector
// H₀·H₁⋯ = I − V·T·Vᵀ whose m-long vectors stand below the diagonal of v, with
// unit diagonal (LAPACK's dlarft, forward and by columns).
//
// gonum's Dlarft is not used: up to v0.17.0 it forgets where the first vector
// ends once the second ends earlier, and gives a wrong T for matrices with
// zero or dependent columns.
func triangularFactor(t, v, tau []float64, m, ldv int) {
	for i, x := range tau {
		for j := range i {
			t[j*panel+i] = -x * v[i*ldv+j]
		}
		if i > 0 && i+1 < m {
			bl.Dgemv(blas.Trans, m-i-1, i, -x, v[(i+1)*ldv:], ldv, v[(i+1)*ldv+i:], ldv, 1, t[i:], panel)
		}
		if i > 0 {
			bl.Dtrmv(blas.Upper, blas.NoTrans, blas.NonUnit, i, t, panel, t[i:], panel)
		}
		t[i*panel+i] = x
	}
}

// bidiagonal returns the singular values of the m×n matrix a, n ≤ m, which it
// destroys.
func bidiagonal(ctx context.Context, a []float64, m, n int) ([]float64, error) {
	d, e, err := Reduce(ctx, a, m, n)
	if err != nil {
		return nil, err
	}
	if !la.Dbdsqr(blas.Upper, n, 0, 0, 0, d, e, nil, 1, nil, 1, nil, 1, make([]float64, 4*n)) {
		return nil, fmt.Errorf("%w of dqds, in gonum's dbdsqr", engine.ErrConvergence)
	}
	for k := range d {
		d[k] = math.Abs(d[k])
	}
	slices.Sort(d)
	slices.Reverse(d)
	return d, nil
}

// chunk returns how many units of the given flops make up a piece of work, at
// least least.
func chunk(flops, least int) int {
	return max(least, int(pieceFlops/float64(max(flops, 1))))
}
