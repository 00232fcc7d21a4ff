package eigen

import (
	"math"

	"github.com/gospectrum/spectrum/internal/kernel"
)

// factorRows is the number of rows of a panel that one kernel call works on.
// Sums over longer columns are added in float64.
const factorRows = 128

// factor overwrites v, the panel of columns first…, with the reflectors V of
// its QR factorisation, unit lower trapezoidal, computes their triangular
// factor T (Q = I − V·T·Vᵀ, Schreiber & Van Loan 1989) and stores R in the band.
func (r *reducer[T]) factor(first int) {
	start, nr := first+Band, r.k.NR
	clear(r.small.tau)
	for q := range Band / nr {
		top := start + q*nr
		if top >= r.np { // above all pivots: all of it is R
			r.storeR(first, q)
			continue
		}
		r.factorColumns(start, q)
		r.storeR(first, q)
		r.small.reset()
		r.dot(r.v, q, r.v, q, top)
		r.small.triangle(q, q)
		for next := q + 1; next < Band/nr; next++ {
			r.applyTo(next, q, top)
		}
	}
	clear(r.small.s)
	for q := range Band / nr {
		if top := start + q*nr; top < r.np {
			for p := range q + 1 {
				r.small.reset()
				r.dot(r.v, p, r.v, q, top)
				r.small.keep(p, q)
			}
		}
	}
	r.small.full()
}

// factorColumns eliminates the columns of panel q below their pivots.
func (r *reducer[T]) factorColumns(start, q int) {
	k, nr := r.k, r.k.NR
	w, part := r.small.w, r.small.part
	sum := r.small.sum // Σ x[c]·x over the rows below the pivot of column c
	pivot := start + q*nr
	clear(w)
	r.pass(q, min(pivot+1, r.np), 0, 0)
	for c := range nr {
		row := pivot + c
		if row+1 >= r.n {
			return // nothing below this pivot, nor below the next
		}
		head := r.panel(r.v, q, row)[:nr]
		alpha := float64(head[c])
		clear(w)
		if scale := tailScale(alpha, sum[c]); scale != 0 {
			w[c] = T(1 - scale)
			scale = 1 - float64(w[c]) // what the kernel will use
			// τ = 2/vᵀv for the v that is stored: a reflector that is not
			// orthogonal to the last bit shrinks or stretches every
			// eigenvalue, and n of them in a row are felt.
			tau := 2 / (1 + scale*scale*sum[c])
			r.small.tau[q*nr+c] = tau
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
		k.Reflect(1, r.panel(r.v, q, row+1), c, next, w, part)
		r.pass(q, min(row+2, r.np), c, next)
	}
}

// pass reflects the rows of panel q from row on and sums for the next column.
func (r *reducer[T]) pass(q, row, col, next int) {
	clear(r.small.sum)
	for ; row < r.np; row += factorRows {
		rows := min(factorRows, r.np-row)
		r.k.Reflect(rows, r.panel(r.v, q, row), col, next, r.small.w, r.small.part)
		for j, v := range r.small.part {
			r.small.sum[j] += float64(v)
		}
	}
}

// tailScale returns s such that v = [1; s·x] is the vector of the reflector that
// maps [alpha; x] to a multiple of the first unit vector, given the squared
// norm of x; 0 means x is 0 already.
func tailScale(alpha, norm2 float64) float64 {
	if norm2 == 0 {
		return 0
	}
	return 1 / (alpha + math.Copysign(math.Sqrt(alpha*alpha+norm2), alpha))
}

// storeR moves the upper triangle of panel q to the band and puts zeros and the
// unit diagonal of V in its place.
func (r *reducer[T]) storeR(first, q int) {
	start, nr := first+Band, r.k.NR
	for i := range (q + 1) * nr {
		row := start + i
		if row >= r.np {
			return
		}
		head := r.panel(r.v, q, row)[:nr]
		for c := max(0, i-q*nr); c < nr; c++ {
			if row < r.n {
				r.band.Set(row, first+q*nr+c, head[c])
			}
			head[c] = 0
			if i == q*nr+c && row < r.n {
				head[c] = 1
			}
		}
	}
}

// dot adds Aᵀ·B for panel p of a and panel q of b, from row top on, to
// small.prod.
func (r *reducer[T]) dot(a []T, p int, b []T, q, top int) {
	k, nr := r.k, r.k.NR
	for row := top; row < r.np; row += factorRows {
		k.Strip(min(factorRows, r.np-row), nr/k.MR, r.panel(a, p, row), 1, nr, r.panel(b, q, row), r.small.prod, nr)
	}
}

// applyTo applies the transpose of the reflectors of panel q to panel next.
func (r *reducer[T]) applyTo(next, q, top int) {
	k, nr := r.k, r.k.NR
	r.small.reset()
	r.dot(r.v, q, r.v, next, top)
	r.small.applyT(q)
	for row := top; row < r.np; row += factorRows {
		tiles := min(factorRows, r.np-row) / k.MR
		k.Strip(nr, tiles, r.panel(r.v, q, row), nr, 1, r.small.out, r.panel(r.v, next, row), nr)
	}
}

// smallWork holds the Band×Band matrices of one panel and what is computed from
// them, in float64 where it costs nothing.
type smallWork[T kernel.Float] struct {
	nr   int
	tau  []float64
	sum  []float64 // nr
	w    []T       // nr
	part []T       // nr
	prod []T       // nr×nr: a product of two panels
	out  []T       // nr×nr: right operand
	s    []float64 // Band×Band: Vᵀ·V, upper half
	tri  []float64 // Band×Band: T
	z, y []float64 // Band×Band
	t, m packedSquare[T]

	wide  *kernel.Kernel[float64] // for products of these
	right []float64               // Band×Band: their right operand, in panels
}

// packedSquare is a Band×Band matrix in panels.
type packedSquare[T kernel.Float] struct {
	nr   int
	data []T
}

// panel returns columns q·nr… from row p·nr on.
func (s packedSquare[T]) panel(q, p int) []T {
	return s.data[(q*Band+p*s.nr)*s.nr : (q+1)*Band*s.nr]
}

func (s packedSquare[T]) set(m []float64, factor float64) {
	for i := range Band {
		for j := range Band {
			s.data[(j/s.nr*Band+i)*s.nr+j%s.nr] = T(factor * m[i*Band+j])
		}
	}
}

func newSmallWork[T kernel.Float](k *kernel.Kernel[T]) smallWork[T] {
	nr := k.NR
	square := func() []float64 { return make([]float64, Band*Band) }
	return smallWork[T]{
		nr: nr, tau: make([]float64, Band), sum: make([]float64, nr),
		w: make([]T, nr), part: make([]T, nr), prod: make([]T, nr*nr), out: make([]T, nr*nr),
		s: square(), tri: square(), z: square(), y: square(),
		t: packedSquare[T]{nr, make([]T, Band*Band)}, m: packedSquare[T]{nr, make([]T, Band*Band)},
		wide: kernel.Named[float64](k.Name), right: square(),
	}
}

func (s *smallWork[T]) reset() { clear(s.prod) }

// keep stores prod as block (p, q) of Vᵀ·V.
func (s *smallWork[T]) keep(p, q int) {
	for i := range s.nr {
		for j := range s.nr {
			s.s[(p*s.nr+i)*Band+q*s.nr+j] = float64(s.prod[i*s.nr+j])
		}
	}
}

// triangle computes T of panel q alone, from prod = VᵀV.
func (s *smallWork[T]) triangle(p, q int) {
	s.keep(p, q)
	s.columns(q*s.nr, (q+1)*s.nr)
}

// full computes T of all panels.
func (s *smallWork[T]) full() {
	clear(s.tri)
	s.columns(0, Band)
	s.t.set(s.tri, 1)
}

// columns computes the square of T from row and column lo to hi: column c is
// −τ·T·(Vᵀ·v), with τ on the diagonal.
func (s *smallWork[T]) columns(lo, hi int) {
	for c := lo; c < hi; c++ {
		tau := s.tau[c]
		for i := lo; i < c; i++ {
			var x float64
			for l := i; l < c; l++ {
				x += s.tri[i*Band+l] * s.s[l*Band+c]
			}
			s.tri[i*Band+c] = -tau * x
		}
		s.tri[c*Band+c] = tau
	}
}

// applyT sets out to −T_qᵀ·prod.
func (s *smallWork[T]) applyT(q int) {
	nr, at := s.nr, q*s.nr
	for i := range nr {
		for j := range nr {
			var x float64
			for l := range i + 1 {
				x += s.tri[(at+l)*Band+at+i] * float64(s.prod[l*nr+j])
			}
			s.out[i*nr+j] = T(-x)
		}
	}
}

// correction sums the shares of Vᵀ·X and sets m to −½·Tᵀ·(Vᵀ·X)·T.
func (s *smallWork[T]) correction(shares [][]T) {
	clear(s.z)
	for _, share := range shares {
		for i, v := range share {
			s.z[i] += float64(v)
		}
	}
	s.product(s.z, Band, 1, s.tri, s.y) // y = z·T
	s.product(s.tri, 1, Band, s.y, s.z) // z = Tᵀ·y
	s.m.set(s.z, -0.5)
}

// product sets c to a·b, all Band×Band; element (i, j) of a is at i·rs + j·cs.
func (s *smallWork[T]) product(a []float64, rs, cs int, b, c []float64) {
	nr := s.wide.NR
	for i, v := range b {
		row, col := i/Band, i%Band
		s.right[(col/nr*Band+row)*nr+col%nr] = v
	}
	clear(c)
	for q := range Band / nr {
		s.wide.Strip(Band, Band/s.wide.MR, a, rs, cs, s.right[q*Band*nr:], c[q*nr:], Band)
	}
}
