package yardstick

import "math"

// vector holds the leading parts of its elements and the rest of them apart.
type vector struct{ hi, lo []float64 }

func newVector(n int) vector { return vector{make([]float64, n), make([]float64, n)} }

func (x vector) at(i int) double     { return double{x.hi[i], x.lo[i]} }
func (x vector) set(i int, v double) { x.hi[i], x.lo[i] = v.hi, v.lo }

// dot returns xᵀy, off by some len(x)·2⁻¹⁰⁵ of |x|ᵀ|y|.
func (x vector) dot(y vector) double {
	var sum double
	n := len(x.hi)
	xl, yh, yl := x.lo[:n], y.hi[:n], y.lo[:n]
	for i, a := range x.hi {
		b := yh[i]
		p := a * b
		rest := math.FMA(a, b, -p) + math.FMA(a, yl[i], xl[i]*b)
		s := sum.hi + p
		t := s - sum.hi
		sum = double{s, sum.lo + (((sum.hi - (s - t)) + (p - t)) + rest)}
	}
	return fastTwoSum(sum.hi, sum.lo)
}

// rotate replaces x and y by c·x − s·y and s·x + c·y.
func (x vector) rotate(y vector, c, s double) {
	minus := s.neg()
	for i := range x.hi {
		a, b := x.at(i), y.at(i)
		x.set(i, a.mul(c).add(b.mul(minus)))
		y.set(i, a.mul(s).add(b.mul(c)))
	}
}
