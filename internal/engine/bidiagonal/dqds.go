package bidiagonal

import (
	"context"
	"fmt"
	"math"

	lapackgonum "gonum.org/v1/gonum/lapack/gonum"

	"github.com/gospectrum/spectrum/internal/engine"
)

const (
	// stop is the relative error at which dqds stops: what float32 does not
	// notice and a few Sturm counts put right.
	stop = 0x1p-42
	// vanished is what squares of elements are zero below, beside a largest near 1.
	vanished = 0x1p-120
	// maxTransforms is the number of transformations allowed per value. Three are
	// the rule.
	maxTransforms = 100
	// cbias, as dlasq3 calls it, is by what factor the last q of a block must exceed the
	// first for the block to be turned around: values are found at its end, and small
	// ones sooner.
	cbias = 1.5
	// dlasq4 returns kinds of shift from −1 to −12. As in dlasq3, a shift that was too
	// large lowers its kind by one of the first two, from which dlasq4 learns next time,
	// and a kind below failedTwice has been lowered twice.
	lateFailure  = 11
	earlyFailure = 12
	failedTwice  = -22
)

// qd finds the squares of the singular values of a bidiagonal matrix by
// differential qd transformations with shifts (Fernando & Parlett 1994; Parlett &
// Marques 2000): LAPACK's dlasq2, with the shifts of its dlasq4.
//
// gonum has it too, and package lapack uses that. This one can be cancelled, and leaves
// the last digits to the refiner: some three transformations for each value round the
// largest ones every time, by 50 units in all at n = 1000 with gonum's, several times
// what the whole reduction costs.
type qd struct {
	// z holds for each row i the squares q and e on the diagonal and beside it,
	// twice: q at 4i+phase and e at 4i+2+phase. A transformation reads one phase
	// and writes the other; the shifts need both.
	z      []float64
	blocks []qdBlock // to do
	found  []float64
}

// qdBlock is the unreduced part lo…hi of the matrix, from which sigma has been
// subtracted.
type qdBlock struct {
	lo, hi, phase int
	sigma         float64
}

// qdShift is what dlasq4 chooses a shift by. It keeps the names of LAPACK's dlasq3.
type qdShift struct {
	dn, dn1, dn2       float64 // the last three d of the last transformation, the last one first
	dmin, dmin1, dmin2 float64 // the least d, without the last one, without the last two

	tau, g float64 // the shift, and what dlasq4 remembers of how it chose it
	kind   int     // ttype: the case of dlasq4 that chose it, and whether that failed
}

// squares returns the squares of the singular values in no particular order; q and
// e are the squares on the diagonal, which are not zero, and above it, the largest
// near 1.
func squares(ctx context.Context, q, e []float64) ([]float64, error) {
	n := len(q)
	s := &qd{found: make([]float64, 0, n), z: make([]float64, 4*n+4), blocks: []qdBlock{{hi: n - 1}}}
	for i := range q {
		s.z[4*i], s.z[4*i+2] = q[i], e[i]
	}
	for left := maxTransforms * n; len(s.blocks) > 0; {
		last := len(s.blocks) - 1
		b := s.blocks[last]
		s.blocks = s.blocks[:last]
		if err := s.solve(ctx, b, &left); err != nil {
			return nil, err
		}
	}
	return s.found, nil
}

// solve finds the values of a block, or of a part of it, when it puts the rest
// back on the list.
func (s *qd) solve(ctx context.Context, b qdBlock, left *int) error {
	b.lo = s.cut(b)
	var shift qdShift // the first is 0
	for {
		before := b.hi
		if s.deflate(&b); b.hi < b.lo {
			return nil
		}
		if *left--; *left < 0 {
			return fmt.Errorf("%w of dqds", engine.ErrConvergence)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if (shift.dmin <= 0 || b.hi < before) && cbias*s.z[4*b.lo+b.phase] < s.z[4*b.hi+b.phase] {
			s.reverse(b)
			shift.dmin = 0
		}
		smallest := s.step(&b, &shift, before)
		if smallest <= vanished || smallest <= stop*stop {
			b.lo = s.cut(b)
		}
	}
}

// step makes one transformation and returns the least e; before is where the block
// ended at the last.
func (s *qd) step(b *qdBlock, shift *qdShift, before int) (smallest float64) {
	var la lapackgonum.Implementation
	h := shift
	h.tau, h.kind, h.g = la.Dlasq4(b.lo, b.hi, s.z, b.phase, before, h.dmin, h.dmin1, h.dmin2, h.dn, h.dn1, h.dn2, h.tau, h.kind, h.g)
	for {
		floor := 0x1p-53 * (b.sigma + h.tau)
		if h.tau < floor/2 {
			h.tau = 0
		}
		if h.tau > 0 {
			floor = math.Inf(-1)
		}
		smallest = s.transform(b, h, floor)
		switch {
		case h.dmin >= 0 || h.tau == 0:
			b.sigma += h.tau
			b.phase = 1 - b.phase
			return smallest
		case h.kind < failedTwice:
			h.tau = 0
		case h.dmin1 > 0: // only the last d is negative, which tells an excellent shift
			h.tau = max(0, (h.tau+h.dmin)*(1-0x1p-51))
			h.kind -= lateFailure
		default:
			h.tau /= 4
			h.kind -= earlyFailure
		}
	}
}

// transform makes the transformation with shift h.tau of a block of at least three
// rows, and fills in h but for the shift. d below floor become 0. It stops early
// where it fails, with dmin and dmin1 negative.
func (s *qd) transform(b *qdBlock, h *qdShift, floor float64) (smallest float64) {
	z := s.z[4*b.lo : 4*b.hi+4]
	from, to, tau := b.phase, 1-b.phase, h.tau
	d := z[from] - tau
	dmin := d
	smallest = math.Inf(1)
	for ; len(z) > 4; z = z[4:] {
		e := z[2+from]
		q := d + e
		t := z[4+from] / q
		z[to], z[2+to] = q, e*t
		switch len(z) {
		case 12:
			h.dn2, h.dmin2 = d, dmin
		case 8:
			h.dn1, h.dmin1 = d, dmin
		}
		d = d*t - tau
		if d < floor {
			d = 0
		}
		if d < dmin {
			if dmin = d; d < 0 && len(z) > 8 {
				h.dmin, h.dmin1 = d, d
				return 0
			}
		}
		if e*t < smallest {
			smallest = e * t
		}
	}
	z[to] = d
	h.dn, h.dmin = d, dmin
	return smallest
}

// deflate takes values off the end of the block as long as they have converged.
func (s *qd) deflate(b *qdBlock) {
	for b.hi >= b.lo {
		q := s.z[4*b.hi+b.phase]
		if b.hi == b.lo {
			s.found = append(s.found, b.sigma+q)
			b.hi--
			continue
		}
		p, e := s.z[4*b.hi-4+b.phase], s.z[4*b.hi-2+b.phase]
		switch {
		case e <= stop*stop*(b.sigma+q):
			s.found = append(s.found, b.sigma+q)
			b.hi--
		case b.hi == b.lo+1 || s.z[4*b.hi-6+b.phase] <= stop*stop*b.sigma:
			large, small := squarePair(p, e, q)
			s.found = append(s.found, b.sigma+large, b.sigma+small)
			b.hi -= 2
		default:
			return
		}
	}
}

// squarePair returns the squares of the singular values of a 2×2 upper bidiagonal
// matrix with the squares p, q on its diagonal and e beside it: the roots of
// x² − (p+e+q)·x + p·q.
func squarePair(p, e, q float64) (large, small float64) {
	// The discriminant is (p−q)² + 2·e·(p+q) + e²: nothing cancels.
	large = (p + e + q + math.Sqrt((p-q)*(p-q)+e*(2*(p+q)+e))) / 2
	if large == 0 {
		return 0, 0
	}
	return large, p / large * q
}

// cut takes a block apart where an e is negligible, for the last time: it returns the
// first row of what is behind that, and puts what is before it on the list.
func (s *qd) cut(b qdBlock) int {
	limit := max(vanished, stop*stop*b.sigma)
	for i := b.hi - 1; i >= b.lo; i-- {
		if e := s.z[4*i+2+b.phase]; e <= limit || e <= stop*stop*s.z[4*i+b.phase] {
			s.blocks = append(s.blocks, qdBlock{b.lo, i, b.phase, b.sigma})
			return i + 1
		}
	}
	return b.lo
}

// reverse turns the block around, which leaves its values alone.
func (s *qd) reverse(b qdBlock) {
	z := s.z
	for phase := range 2 {
		for i, j := 4*b.lo+phase, 4*b.hi+phase; i < j; i, j = i+4, j-4 {
			z[i], z[j] = z[j], z[i]
		}
		for i, j := 4*b.lo+2+phase, 4*b.hi-2+phase; i < j; i, j = i+4, j-4 {
			z[i], z[j] = z[j], z[i]
		}
	}
}
