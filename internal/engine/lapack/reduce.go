package lapack

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas"
)

// Reduce returns the diagonal and the n−1 superdiagonal elements of a bidiagonal
// matrix with the singular values of the row-major m×n matrix a, 1 ≤ n ≤ m, which it
// destroys. Squares of its elements do not overflow.
//
// It is LAPACK's dgebrd but for its reflectors, see reflect.
func Reduce(ctx context.Context, a []float64, m, n int) (d, e []float64, err error) {
	d, e = make([]float64, n), make([]float64, n)
	x, y, u := make([]float64, m*panel), make([]float64, n*panel), make([]float64, n*panel)
	sum := make([]float64, n)
	for i := 0; i < n; {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		nb := min(panel, n-i)
		if nb < n-i {
			nb = min(panel, chunk(4*(m-i)*(n-i), 4))
		}
		p := strip{m: m - i, n: n - i, nb: nb, a: a[i*n+i:], lda: n, x: x, y: y, sum: sum}
		p.reduce(d[i:], e[i:])
		next := i + nb
		if next == n {
			break
		}
		// The product with a transpose is made of inner products, which are added to an
		// element once; the other rounds the element for each of its terms.
		for j := range n - next {
			for k := range nb {
				u[j*nb+k] = a[(i+k)*n+next+j]
			}
		}
		step := chunk(4*(n-next)*nb, 64)
		for r := next; r < m; r += step {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			rows := min(step, m-r)
			bl.Dgemm(blas.NoTrans, blas.Trans, rows, n-next, nb,
				-1, a[r*n+i:], n, y[nb*nb:], nb, 1, a[r*n+next:], n)
			bl.Dgemm(blas.NoTrans, blas.Trans, rows, n-next, nb,
				-1, x[(r-i)*nb:], nb, u, nb, 1, a[r*n+next:], n)
		}
		i = next
	}
	return d, e[:n-1], ctx.Err()
}

// strip is the first nb columns and rows of an m×n matrix whose rows are lda apart, on
// their way to two diagonals (LAPACK's dlabrd). After i columns and rows the matrix is
// A − V·Yᵀ − X·Uᵀ. V, the reflectors of the columns, and Uᵀ, those of the rows, stand
// in A in place of what they eliminated, with their ones; X and Y have nb columns.
type strip struct {
	m, n, nb int
	a        []float64
	lda      int
	x, y     []float64
	sum      []float64 // n elements of scratch
}

func (p *strip) reduce(d, e []float64) {
	for i := range p.nb {
		p.updateColumn(i)
		var tau float64
		column := p.a[i*p.lda+i:]
		d[i], tau = reflect(column, p.m-i, p.lda)
		if i == p.n-1 {
			return
		}
		p.column(i, tau)
		p.updateRow(i)
		row := p.a[i*p.lda+i+1:]
		e[i], tau = reflect(row, p.n-i-1, 1)
		p.row(i, tau)
	}
}

// updateColumn makes column i what it is after the i reflections before.
func (p *strip) updateColumn(i int) {
	rows, to := p.m-i, p.a[i*p.lda+i:]
	p.gemv(blas.NoTrans, rows, i, -1, p.a[i*p.lda:], p.lda, p.y[i*p.nb:], 1, to, p.lda)
	p.gemv(blas.NoTrans, rows, i, -1, p.x[i*p.nb:], p.nb, p.a[i:], p.lda, to, p.lda)
}

// column sets column i of Y to τ·(A − V·Yᵀ − X·Uᵀ)ᵀ·v, without the rows above i+1.
func (p *strip) column(i int, tau float64) {
	rows, right := p.m-i, p.n-i-1
	v, out, t := p.a[i*p.lda+i:], p.y[(i+1)*p.nb+i:], p.y[i:]
	zero(out, right, p.nb)
	p.gemv(blas.Trans, rows, right, 1, p.a[i*p.lda+i+1:], p.lda, v, p.lda, out, p.nb)
	zero(t, i, p.nb)
	p.gemv(blas.Trans, rows, i, 1, p.a[i*p.lda:], p.lda, v, p.lda, t, p.nb)
	p.gemv(blas.NoTrans, right, i, -1, p.y[(i+1)*p.nb:], p.nb, t, p.nb, out, p.nb)
	zero(t, i, p.nb)
	p.gemv(blas.Trans, rows, i, 1, p.x[i*p.nb:], p.nb, v, p.lda, t, p.nb)
	p.gemv(blas.Trans, i, right, -1, p.a[i+1:], p.lda, t, p.nb, out, p.nb)
	bl.Dscal(right, tau, out, p.nb)
}

// updateRow makes row i, right of the diagonal, what it is after i reflections and that of
// column i.
func (p *strip) updateRow(i int) {
	right, to := p.n-i-1, p.a[i*p.lda+i+1:]
	p.gemv(blas.NoTrans, right, i+1, -1, p.y[(i+1)*p.nb:], p.nb, p.a[i*p.lda:], 1, to, 1)
	p.gemv(blas.Trans, i, right, -1, p.a[i+1:], p.lda, p.x[i*p.nb:], 1, to, 1)
}

// row sets column i of X to τ·(A − V·Yᵀ − X·Uᵀ)·u, without the rows above i+1.
func (p *strip) row(i int, tau float64) {
	below, right := p.m-i-1, p.n-i-1
	if below == 0 {
		return
	}
	u, out, t := p.a[i*p.lda+i+1:], p.x[(i+1)*p.nb+i:], p.x[i:]
	zero(out, below, p.nb)
	p.gemv(blas.NoTrans, below, right, 1, p.a[(i+1)*p.lda+i+1:], p.lda, u, 1, out, p.nb)
	zero(t, i+1, p.nb)
	p.gemv(blas.Trans, right, i+1, 1, p.y[(i+1)*p.nb:], p.nb, u, 1, t, p.nb)
	p.gemv(blas.NoTrans, below, i+1, -1, p.a[(i+1)*p.lda:], p.lda, t, p.nb, out, p.nb)
	zero(t, i, p.nb)
	p.gemv(blas.NoTrans, i, right, 1, p.a[i+1:], p.lda, u, 1, t, p.nb)
	p.gemv(blas.NoTrans, below, i, -1, p.x[(i+1)*p.nb:], p.nb, t, p.nb, out, p.nb)
	bl.Dscal(below, tau, out, p.nb)
}

// The number of terms that gemv sums before it adds them to what is there. Dgemv makes inner
// products with rows in several sums; those with columns it sums one term after the other.
const (
	rowTerms    = 128
	columnTerms = 32
)

// gemv adds alpha times the product of the r×c matrix a, or of its transpose, with x to y, so
// many terms at a time. Dgemv alone adds the terms of a transpose to y one by one, and each
// rounds all of y.
func (p *strip) gemv(t blas.Transpose, r, c int, alpha float64, a []float64, lda int, x []float64, incX int, y []float64, incY int) {
	if r == 0 || c == 0 {
		return
	}
	if t == blas.NoTrans {
		for j := 0; j < c; j += rowTerms {
			bl.Dgemv(t, r, min(rowTerms, c-j), alpha, a[j:], lda, x[j*incX:], incX, 1, y, incY)
		}
		return
	}
	for i := 0; i < r; i += columnTerms {
		bl.Dgemv(t, min(columnTerms, r-i), c, 1, a[i*lda:], lda, x[i*incX:], incX, 0, p.sum, 1)
		bl.Daxpy(c, alpha, p.sum, 1, y, incY)
	}
}

func zero(x []float64, n, inc int) {
	for i := range n {
		x[i*inc] = 0
	}
}

// reflect overwrites the n elements of x, inc apart, by the vector v of the reflector
// 1 − τ·v·vᵀ that maps x to a multiple of the first unit vector, with v₀ = 1, and returns
// the multiple and τ.
//
// LAPACK's dlarfg takes τ from the norm of x. Here it is 2/vᵀv for the v that is stored:
// one that is off by a few roundings stretches, and after a few hundred reflections of a
// matrix whose singular values are all alike the stretch is felt.
func reflect(x []float64, n, inc int) (multiple, tau float64) {
	alpha, tail := x[0], squares(x, 1, n, inc)
	x[0] = 1
	if tail == 0 {
		for i := 1; i < n; i++ {
			x[i*inc] = 0
		}
		return alpha, 0
	}
	scale := 1 / (alpha + math.Copysign(math.Sqrt(alpha*alpha+tail), alpha))
	for i := 1; i < n; i++ {
		x[i*inc] *= scale
	}
	tau = 2 / (1 + squares(x, 1, n, inc))
	return alpha - tau*(alpha+scale*tail), tau
}

// squares returns the sum of the squares of elements from to n, in four sums that round
// less than one.
func squares(x []float64, from, n, inc int) float64 {
	var sum [4]float64
	for i := from; i < n; i++ {
		v := x[i*inc]
		sum[i%4] += v * v
	}
	return (sum[0] + sum[1]) + (sum[2] + sum[3])
}
