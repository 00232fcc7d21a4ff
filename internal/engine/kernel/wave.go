package kernel

import (
	"fmt"
	"unsafe"
)

// waveRows bounds the rows of one kernel call to some tens of microseconds.
const waveRows = 2048

// wave is the state of the sweeps that [Sweeper.Sweep] makes side by side, in the
// order the assembly knows: for each sweep its shift, the quantities of the root-free
// recurrence, and the row it handed to the next sweep.
//
// The kernel takes row i of d and e for i = rows−1 down to 0 into the first sweep,
// and stores what the last sweep makes of row i+wavePad. Each sweep does, for the row
// (α, b) it is given, with σ its shift,
//
//	r = p + b;  c' = p/r;  s' = b/r
//	γ' = c'·(α−σ) − s'·γ
//	it hands on d = γ + (α−γ'), e = s·r
//	p' = γ'²·r/p, or c·b where c' is not above waveSmall; at least waveFloor
//
// and goes on with p', c', s', γ'. The letters are those of LAPACK's dsterf. Rows of
// zeros before and after a matrix pass through and leave no trace.
type wave struct {
	shift, p, c, s, gamma, d, e [Shifts]float64
}

// Sweeper makes QL sweeps over symmetric tridiagonal matrices.
type Sweeper struct {
	sweep func(w *float64, rows int, d, e *float64)
	w     wave
	d, e  []float64
}

// NewSweeper returns a Sweeper for matrices of up to n rows.
func (k *Kernel[T]) NewSweeper(n int) *Sweeper {
	return &Sweeper{sweep: k.wave, d: make([]float64, n+2*wavePad), e: make([]float64, n+2*wavePad)}
}

// Sweep makes one root-free QL sweep (Pal, Walker & Kahan; Parlett, The Symmetric
// Eigenvalue Problem, section 8.15) for each shift, over the matrix whose
// diagonal is d and whose subdiagonal, squared, is e. Its elements are below 2 in
// magnitude, its eigenvalues and the shifts below 6.
//
// A sweep runs from the last row to the first and each step waits for the one
// before; but a row is finished as soon as the sweep is past it, and the next
// sweep may follow: Shifts of them go through the matrix side by side.
func (s *Sweeper) Sweep(d, e []float64, shifts *[Shifts]float64) {
	n := len(d)
	if len(e) != n-1 || n+2*wavePad > len(s.d) {
		panic(fmt.Sprintf("kernel: Sweep over %d rows and %d subdiagonal elements, with room for %d rows", n, len(e), len(s.d)-2*wavePad))
	}
	// Row i is at i+wavePad. The last row enters with nothing below it, and rows
	// that do not exist push the last ones out.
	for i := range wavePad {
		s.d[i], s.e[i] = 0, 0
	}
	copy(s.d[wavePad:], d)
	copy(s.e[wavePad:], e)
	s.e[wavePad+n-1] = 0
	s.w = wave{shift: *shifts}
	for i := range Shifts {
		s.w.p[i], s.w.c[i] = 1, 1
	}
	for hi := wavePad + n; hi > 0; {
		rows := min(waveRows, hi)
		hi -= rows
		s.sweep(&s.w.shift[0], rows, &s.d[hi], &s.e[hi])
	}
	copy(d, s.d[wavePad:])
	copy(e, s.e[wavePad:])
}

// waveGeneric is the recurrence in Go.
func waveGeneric(state *float64, rows int, dp, ep *float64) {
	w := (*wave)(unsafe.Pointer(state))
	d, e := unsafe.Slice(dp, rows+wavePad), unsafe.Slice(ep, rows+wavePad)
	for i := rows - 1; i >= 0; i-- {
		alpha, b := d[i], e[i]
		for l := range Shifts {
			p, oldC, oldGamma := w.p[l], w.c[l], w.gamma[l]
			r := p + b
			c, sine := p/r, b/r
			// float64 keeps the compiler from fusing what the assembly does not.
			gamma := float64(c*(alpha-w.shift[l])) - float64(sine*oldGamma)
			next := gamma * gamma * (r / p)
			if c <= waveSmall {
				next = oldC * b
			}
			w.p[l], w.c[l], w.gamma[l] = max(next, waveFloor), c, gamma
			outD, outE := oldGamma+(alpha-gamma), w.s[l]*r
			w.s[l] = sine
			alpha, w.d[l] = w.d[l], outD
			b, w.e[l] = w.e[l], outE
		}
		d[i+wavePad], e[i+wavePad] = alpha, b
	}
}
