package bidiagonal

import (
	"math"

	"github.com/gospectrum/spectrum/internal/engine/sturm"
)

// pivotFloor stands for a pivot of zero. The largest element is near 1, so nothing
// overflows where it is divided by.
const pivotFloor = 0x1p-960

// refiner counts singular values of the bidiagonal matrix with the squares q on
// its diagonal and e above it, for the bisection that corrects them.
//
// dqds finds the largest values last, after some three transformations for each
// of the n values, each of which rounds them all: they are off by about √(3n)·u.
// A Sturm count by the stationary qd transformation is exact for a matrix whose
// elements differ by a few u relatively (Fernando & Parlett 1994), and makes one
// pass.
type refiner struct {
	q, e []float64 // of equal length; the last e is 0
}

// count returns how many singular values are less than each x. None is negative.
func (r *refiner) count(x *[sturm.Lanes]float64) [sturm.Lanes]int {
	for l := range x {
		x[l] = max(x[l], 0)
	}
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
	counts := [sturm.Lanes]int{int(i), int(j), int(k), int(l)}
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
