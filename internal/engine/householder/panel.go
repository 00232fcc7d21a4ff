// Package householder holds what the reductions of symmetric matrices and of
// general ones to band form, and of bands to two diagonals, have in common:
// the QR factorisation of a panel with its block reflector (LAPACK's dgeqrt, whose T is
// dlarft's), single reflectors (dlarfg), and the order in which bulges are chased.
package householder

import (
	"math"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// factorRows is the number of rows of a panel that one kernel call works on.
// Sums over longer columns are added in float64. Every MR divides it.
const factorRows = 128

// Tall is a matrix of Band columns in panels of the kernel's width.
type Tall[T kernel.Float] struct {
	nr, rows int
	data     []T
}

// NewTall allocates a zero matrix.
func NewTall[T kernel.Float](k *kernel.Kernel[T], rows int) Tall[T] {
	return Tall[T]{k.NR, rows, make([]T, rows*kernel.Band)}
}

// Cols returns the q-th NR columns from the given row on.
func (m Tall[T]) Cols(q, row int) []T { return m.data[(q*m.rows+row)*m.nr : (q+1)*m.rows*m.nr] }

// Panel is a tall matrix, and after [Panel.Factor] the block reflector
// Q = I − V·T·Vᵀ of its QR factorisation.
type Panel[T kernel.Float] struct {
	V Tall[T]
	// Tri is the upper triangular T, row-major, and T the same as a right operand.
	Tri []float64
	T   Square[T]

	k   *kernel.Kernel[T]
	n   int // rows that take part in the current factorisation
	end int // n rounded up to the width of a panel

	tau  []float64 // Band
	sum  []float64 // NR: Σ x[c]·x over the rows below the pivot of column c
	w    []T       // NR
	part []T       // NR
	prod []T       // NR×NR: a product of two panels
	out  []T       // NR×NR: right operand
	s    []float64 // Band×Band: Vᵀ·V, upper half
}

// NewPanel allocates a panel of up to the given number of rows, a multiple of
// the kernel's NR.
func NewPanel[T kernel.Float](k *kernel.Kernel[T], rows int) *Panel[T] {
	return &Panel[T]{
		V: NewTall(k, rows), Tri: make([]float64, kernel.Band*kernel.Band), T: NewSquare[T](k.NR),
		k:   k,
		tau: make([]float64, kernel.Band), sum: make([]float64, k.NR),
		w: make([]T, k.NR), part: make([]T, k.NR), prod: make([]T, k.NR*k.NR), out: make([]T, k.NR*k.NR),
		s: make([]float64, kernel.Band*kernel.Band),
	}
}

// Factor overwrites rows start to n of V with the reflectors of their QR
// factorisation, unit lower trapezoidal, and computes T (Schreiber & Van Loan
// 1989). start is a multiple of NR; rows from n up to one must be zeros. It calls
// setR with every element of the upper triangular R that has a row: i ≤ j,
// start+i < n.
func (p *Panel[T]) Factor(start, n int, setR func(i, j int, v T)) {
	nr := p.k.NR
	p.n, p.end = n, kernel.RoundUp(n, nr)
	clear(p.tau)
	for q := range kernel.Band / nr {
		top := start + q*nr
		if top >= p.end { // above all pivots: all of it is R
			p.storeR(start, q, setR)
			continue
		}
		p.factorColumns(start, q)
		p.storeR(start, q, setR)
		clear(p.prod)
		p.dot(q, q, top)
		p.triangle(q)
		for next := q + 1; next < kernel.Band/nr; next++ {
			p.applyTo(next, q, top)
		}
	}
	clear(p.s)
	for q := range kernel.Band / nr {
		if top := start + q*nr; top < p.end {
			for i := range q + 1 {
				clear(p.prod)
				p.dot(i, q, top)
				p.keep(i, q)
			}
		}
	}
	clear(p.Tri)
	p.columns(0, kernel.Band)
	p.T.Set(p.Tri, 1)
}

// factorColumns eliminates the columns of panel q below their pivots.
func (p *Panel[T]) factorColumns(start, q int) {
	k, nr := p.k, p.k.NR
	w, sum := p.w, p.sum
	pivot := start + q*nr
	clear(w)
	p.pass(q, min(pivot+1, p.end), 0, 0)
	for c := range nr {
		row := pivot + c
		if row+1 >= p.n {
			return // nothing below this pivot, nor below the next
		}
		head := p.V.Cols(q, row)[:nr]
		alpha := float64(head[c])
		clear(w)
		if scale := tailScale[T](alpha, sum[c]); scale != 0 {
			w[c] = T(1 - scale)
			scale = 1 - float64(w[c]) // what the kernel will use
			// τ = 2/vᵀv for the v that is stored: a reflector that is not
			// orthogonal to the last bit shrinks or stretches every
			// eigenvalue, and n of them in a row are felt.
			tau := 2 / (1 + scale*scale*sum[c])
			p.tau[q*nr+c] = tau
			head[c] = T(alpha - tau*(alpha+scale*sum[c]))
			for j := c + 1; j < nr; j++ {
				x := tau * (float64(head[j]) + scale*sum[j])
				head[j] = T(float64(head[j]) - x)
				w[j] = T(scale * x)
			}
		}
		next := min(c+1, nr-1)
		// The row of the next pivot takes part in the reflection, not in the
		// sums for the next reflector.
		k.Reflect(1, p.V.Cols(q, row+1), c, next, w, p.part)
		p.pass(q, min(row+2, p.end), c, next)
	}
}

// pass reflects the rows of panel q from row on and sums for the next column.
func (p *Panel[T]) pass(q, row, col, next int) {
	clear(p.sum)
	for ; row < p.end; row += factorRows {
		rows := min(factorRows, p.end-row)
		p.k.Reflect(rows, p.V.Cols(q, row), col, next, p.w, p.part)
		for j, v := range p.part {
			p.sum[j] += float64(v)
		}
	}
}

// tailScale returns s such that v = [1; s·x] is the vector of the reflector that
// maps [alpha; x] to a multiple of the first unit vector, given the squared
// norm of x; 0 means that x is as good as 0, see negligible.
func tailScale[T kernel.Float](alpha, norm2 float64) float64 {
	if norm2 <= negligible[T]() {
		return 0
	}
	return 1 / (alpha + math.Copysign(math.Sqrt(alpha*alpha+norm2), alpha))
}

// negligible returns the squared norm below which a column counts as zero: beside
// a matrix whose norm is near 1 it is, and the squares of its elements may have
// underflown, with which a reflector would not be orthogonal.
func negligible[T kernel.Float]() float64 {
	if kernel.Single[T]() {
		return 0x1p-100
	}
	return 0x1p-900
}

// storeR hands out the upper triangle of panel q and puts zeros and the unit
// diagonal of V in its place.
func (p *Panel[T]) storeR(start, q int, setR func(i, j int, v T)) {
	nr := p.k.NR
	for i := range (q + 1) * nr {
		row := start + i
		if row >= p.end {
			return
		}
		head := p.V.Cols(q, row)[:nr]
		for c := max(0, i-q*nr); c < nr; c++ {
			if row < p.n {
				setR(i, q*nr+c, head[c])
			}
			head[c] = 0
			if i == q*nr+c && row < p.n {
				head[c] = 1
			}
		}
	}
}

// dot adds the product of panels i and q of V, from row top on, to prod.
func (p *Panel[T]) dot(i, q, top int) {
	k, nr := p.k, p.k.NR
	for row := top; row < p.end; row += factorRows {
		k.Strip(min(factorRows, p.end-row), nr/k.MR, p.V.Cols(i, row), 1, nr, p.V.Cols(q, row), p.prod, nr)
	}
}

// applyTo applies the transpose of the reflectors of panel q to panel next.
func (p *Panel[T]) applyTo(next, q, top int) {
	k, nr := p.k, p.k.NR
	clear(p.prod)
	p.dot(q, next, top)
	p.applyT(q)
	for row := top; row < p.end; row += factorRows {
		tiles := min(factorRows, p.end-row) / k.MR
		k.Strip(nr, tiles, p.V.Cols(q, row), nr, 1, p.out, p.V.Cols(next, row), nr)
	}
}

// keep stores prod as block (i, q) of Vᵀ·V.
func (p *Panel[T]) keep(i, q int) {
	nr := p.k.NR
	for r := range nr {
		for c := range nr {
			p.s[(i*nr+r)*kernel.Band+q*nr+c] = float64(p.prod[r*nr+c])
		}
	}
}

// triangle computes T of panel q alone, from prod = VᵀV.
func (p *Panel[T]) triangle(q int) {
	p.keep(q, q)
	p.columns(q*p.k.NR, (q+1)*p.k.NR)
}

// columns computes the square of T from row and column lo to hi: column c is
// −τ·T·(Vᵀ·v), with τ on the diagonal.
func (p *Panel[T]) columns(lo, hi int) {
	for c := lo; c < hi; c++ {
		tau := p.tau[c]
		for i := lo; i < c; i++ {
			var x float64
			for l := i; l < c; l++ {
				x += p.Tri[i*kernel.Band+l] * p.s[l*kernel.Band+c]
			}
			p.Tri[i*kernel.Band+c] = -tau * x
		}
		p.Tri[c*kernel.Band+c] = tau
	}
}

// applyT sets out to −T_qᵀ·prod.
func (p *Panel[T]) applyT(q int) {
	nr, at := p.k.NR, q*p.k.NR
	for i := range nr {
		for j := range nr {
			var x float64
			for l := range i + 1 {
				x += p.Tri[(at+l)*kernel.Band+at+i] * float64(p.prod[l*nr+j])
			}
			p.out[i*nr+j] = T(-x)
		}
	}
}

// Square is a Band×Band matrix in panels, a right operand.
type Square[T kernel.Float] struct {
	nr   int
	data []T
}

// NewSquare allocates a zero matrix in panels nr wide.
func NewSquare[T kernel.Float](nr int) Square[T] {
	return Square[T]{nr, make([]T, kernel.Band*kernel.Band)}
}

// Panel returns columns q·NR… from row p·NR on.
func (s Square[T]) Panel(q, p int) []T {
	return s.data[(q*kernel.Band+p*s.nr)*s.nr : (q+1)*kernel.Band*s.nr]
}

// Set fills s with factor·m, m row-major.
func (s Square[T]) Set(m []float64, factor float64) {
	for i := range kernel.Band {
		for j := range kernel.Band {
			s.data[(j/s.nr*kernel.Band+i)*s.nr+j%s.nr] = T(factor * m[i*kernel.Band+j])
		}
	}
}
