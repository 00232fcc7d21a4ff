package direct

import (
	"context"
	"math"

	"github.com/gospectrum/spectrum/internal/parallel"
)

// lanes is the number of Sturm counts made at once: enough to hide the latency of
// a division.
const lanes = 4

// pivotFloor stands for a pivot of zero. The largest element is near 1, so nothing
// overflows where it is divided by.
const pivotFloor = 0x1p-960

// refiner corrects approximate singular values of the bidiagonal matrix with the
// squares q on its diagonal and e above it by bisection.
//
// dqds finds the largest values last, after some three transformations for each
// of the n values, each of which rounds them all: they are off by about √(3n)·u.
// A Sturm count by the stationary qd transformation is exact for a matrix whose
// elements differ by a few u relatively (Fernando & Parlett 1994), and makes one
// pass.
type refiner struct {
	q, e  []float64 // of equal length; the last e is 0
	width float64   // what a value may be off at the end
}

// refine overwrites the descending values s.
func (r *refiner) refine(ctx context.Context, s []float64, workers int) error {
	n := len(s)
	return parallel.For(ctx, workers, (n+lanes-1)/lanes, func(g int) {
		var b [lanes]bracket
		for l := range b {
			i := min(g*lanes+l, n-1)
			b[l] = bracket{mid: s[i], below: n - 1 - i, lo: -1, hi: math.Inf(1), step: 4 * r.width}
		}
		for more := true; more && ctx.Err() == nil; {
			var x [lanes]float64
			for l := range b {
				x[l] = b[l].next()
			}
			more = false
			for l, count := range r.count(&x) {
				if b[l].hi-b[l].lo > 2*r.width {
					b[l].learn(x[l], count)
				}
				more = more || b[l].hi-b[l].lo > 2*r.width
			}
		}
		for l := range min(lanes, n-g*lanes) {
			s[g*lanes+l] = (b[l].lo + b[l].hi) / 2
		}
	})
}

// bracket closes in on one value from an approximation.
type bracket struct {
	mid    float64 // the approximation
	below  int     // number of values below the one sought
	lo, hi float64 // it is at least lo and less than hi
	step   float64 // distance from mid of the next trial while they are unknown
}

// next returns where to count next.
func (b *bracket) next() float64 {
	switch {
	case math.IsInf(b.hi, 1):
		return b.mid + b.step
	case b.lo < 0:
		return max(0, b.mid-b.step)
	}
	return (b.lo + b.hi) / 2
}

// learn takes note of the number of values below x.
func (b *bracket) learn(x float64, count int) {
	switch above := count <= b.below; {
	case above:
		if b.lo = x; math.IsInf(b.hi, 1) {
			b.step *= 4
		}
	default:
		if b.hi = x; x < b.mid {
			b.step *= 4
		}
	}
}

// count returns how many singular values are less than each x.
func (r *refiner) count(x *[lanes]float64) [lanes]int {
	a, b, c, d := -x[0]*x[0], -x[1]*x[1], -x[2]*x[2], -x[3]*x[3]
	s, t, u, v := a, b, c, d
	var i, j, k, l uint64
	es := r.e[:len(r.q)]
	for at, q := range r.q {
		e := es[at]
		w, x, y, z := q+s, q+t, q+u, q+v
		i += math.Float64bits(w) >> 63
		j += math.Float64bits(x) >> 63
		k += math.Float64bits(y) >> 63
		l += math.Float64bits(z) >> 63
		s = s*(e/w) + a
		t = t*(e/x) + b
		u = u*(e/y) + c
		v = v*(e/z) + d
	}
	counts := [lanes]int{int(i), int(j), int(k), int(l)}
	if sum := s + t + u + v; math.IsNaN(sum) || math.IsInf(sum, 0) {
		for l := range counts { // a pivot was zero
			counts[l] = r.countSafely(x[l])
		}
	}
	return counts
}

// countSafely is count for one x, with a small number in place of a pivot of zero.
func (r *refiner) countSafely(x float64) (count int) {
	shift := -x * x
	s := shift
	for i, q := range r.q {
		w := q + s
		if math.Abs(w) < pivotFloor {
			w = pivotFloor
		}
		if w < 0 {
			count++
		}
		s = s*(r.e[i]/w) + shift
	}
	return count
}
