package symmetric

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// maxSweeps is the number of QL sweeps allowed per eigenvalue, as in LAPACK. Two
// are the rule.
const maxSweeps = 30

// TridiagonalValues is the third stage of [Values]: it overwrites d, the
// diagonal of a symmetric tridiagonal matrix, with its eigenvalues in ascending
// order, and destroys e, the subdiagonal.
//
// It is the root-free QL algorithm of Pal, Walker and Kahan (Parlett, The
// Symmetric Eigenvalue Problem, section 8.15), with the convergence test of
// LAPACK's dsterf; a block is turned around rather than swept from the other
// end. Long blocks get kernel.Shifts sweeps at a time, with the eigenvalues of
// their first rows as shifts (as in the small-bulge multishift QR of Braman,
// Byers & Mathias 2002): that takes a few sweeps more, in a fraction of the time.
// It looks at ctx before each sweep.
func TridiagonalValues(ctx context.Context, newSweeper func(n int) *kernel.Sweeper, d, e []float64) error {
	// A power of two brings the largest element near 1, so that squares
	// neither overflow nor vanish beside it.
	var largest float64
	for _, s := range [][]float64{d, e} {
		for _, v := range s {
			largest = max(largest, math.Abs(v))
		}
	}
	if largest == 0 {
		return ctx.Err()
	}
	exp := -math.Ilogb(largest)
	for i := range d {
		d[i] = math.Ldexp(d[i], exp)
	}
	for i := range e {
		e[i] = math.Ldexp(e[i], exp)
		e[i] *= e[i]
	}
	q := ql{d: d, e: e, sweeps: maxSweeps * len(d)}
	if len(d) >= manyRows {
		q.many = newSweeper(len(d))
	}
	for from := 0; from < len(d); {
		to := q.blockEnd(from, len(d)-1)
		if math.Abs(d[to]) < math.Abs(d[from]) {
			slices.Reverse(d[from : to+1])
			slices.Reverse(e[from:to])
		}
		if err := q.block(ctx, from, to); err != nil {
			return err
		}
		from = to + 1
	}
	for i := range d {
		d[i] = math.Ldexp(d[i], -exp)
	}
	slices.Sort(d)
	return ctx.Err()
}

// ql holds the diagonal and the squares of the subdiagonal.
type ql struct {
	d, e   []float64
	sweeps int             // left
	many   *kernel.Sweeper // for blocks of manyRows
}

// manyRows is the length of a block from which on many sweeps at once pay: the
// last of them starts when the first is 2·kernel.Shifts rows ahead.
const manyRows = 4 * kernel.Shifts

// maxStuck is the number of times that many sweeps may pass over a block without
// splitting it, after which Wilkinson's shift is used, which always converges.
const maxStuck = 4

// blockEnd returns the last row of the unreduced block that starts in row from,
// and sets the element below it to zero.
func (q *ql) blockEnd(from, last int) int {
	const eps2 = 0x1p-53 * 0x1p-53
	for m := from; m < last; m++ {
		if q.e[m] <= eps2*math.Abs(q.d[m]*q.d[m+1]) {
			q.e[m] = 0
			return m
		}
	}
	return last
}

// block finds the eigenvalues of rows from to to, one after the other.
func (q *ql) block(ctx context.Context, from, to int) error {
	stuck, before := 0, to+1
	for l := from; l <= to; {
		if err := ctx.Err(); err != nil {
			return err
		}
		m := q.blockEnd(l, to)
		if stuck++; m-l != before {
			stuck, before = 0, m-l
		}
		switch m {
		case l:
			l++
			continue
		case l + 1:
			q.d[l], q.d[l+1] = pair(q.d[l], math.Sqrt(q.e[l]), q.d[l+1])
			q.e[l] = 0
			l += 2
			continue
		}
		if q.sweeps--; q.sweeps < 0 {
			return fmt.Errorf("%w of the QL iteration", engine.ErrConvergence)
		}
		if m-l+1 < manyRows || stuck > maxStuck {
			q.sweep(l, m)
			stuck = 0
			continue
		}
		shifts, err := q.shifts(ctx, l)
		if err != nil {
			return err
		}
		q.many.Sweep(q.d[l:m+1], q.e[l:m], &shifts)
	}
	return nil
}

// shifts returns the eigenvalues of the first rows from l on.
func (q *ql) shifts(ctx context.Context, l int) ([kernel.Shifts]float64, error) {
	var d [kernel.Shifts]float64
	var e [kernel.Shifts - 1]float64
	copy(d[:], q.d[l:])
	copy(e[:], q.e[l:])
	small := ql{d: d[:], e: e[:], sweeps: maxSweeps * kernel.Shifts}
	err := small.block(ctx, 0, kernel.Shifts-1)
	return d, err
}

// sweep makes one QL sweep with Wilkinson's shift over rows l to m.
func (q *ql) sweep(l, m int) {
	d, e := q.d[l:m+1], q.e[l:m]
	last := len(e) - 1
	root := math.Sqrt(e[0])
	shift := (d[1] - d[0]) / (2 * root)
	shift = d[0] - root/(shift+math.Copysign(math.Hypot(shift, 1), shift))

	c, s := 1.0, 0.0
	gamma := d[last+1] - shift
	p := gamma * gamma
	for i := last; i >= 0; i-- {
		b := e[i]
		r := p + b
		if i != last {
			e[i+1] = s * r
		}
		oldC, oldGamma, alpha := c, gamma, d[i]
		c, s = p/r, b/r
		// p is γ²/c; with the quotient written out, it need not wait for c.
		grow := r / p
		gamma = c*(alpha-shift) - s*oldGamma
		d[i+1] = oldGamma + (alpha - gamma)
		if p = gamma * gamma * grow; c == 0 {
			p = oldC * b
		}
	}
	e[0] = s * p
	d[0] = shift + gamma
}

// pair returns the eigenvalues of [[a, b], [b, c]] (LAPACK's dlae2).
func pair(a, b, c float64) (low, high float64) {
	sum, gap := a+c, math.Hypot(a-c, 2*b)
	if sum == 0 {
		return -gap / 2, gap / 2
	}
	big := (sum + math.Copysign(gap, sum)) / 2
	// The product of both is the determinant; a difference would cancel.
	most, least := a, c
	if math.Abs(a) < math.Abs(c) {
		most, least = c, a
	}
	small := most/big*least - b/big*b
	return min(small, big), max(small, big)
}
