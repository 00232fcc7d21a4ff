package yardstick

import "math"

// double is the unevaluated sum of two float64 numbers, |lo| at most half an ulp of hi:
// some 106 bits (Dekker 1971).
type double struct{ hi, lo float64 }

// Eps is the unit roundoff of the arithmetic here, a little more than 2⁻¹⁰⁶.
const Eps = 0x1p-104

// twoSum returns a+b and its rounding error (Knuth).
func twoSum(a, b float64) double {
	s := a + b
	t := s - a
	return double{s, (a - (s - t)) + (b - t)}
}

// fastTwoSum is twoSum for |a| ≥ |b|.
func fastTwoSum(a, b float64) double {
	s := a + b
	return double{s, b - (s - a)}
}

// twoProd returns a·b and its rounding error.
func twoProd(a, b float64) double {
	p := a * b
	return double{p, math.FMA(a, b, -p)}
}

func (a double) add(b double) double {
	s, t := twoSum(a.hi, b.hi), twoSum(a.lo, b.lo)
	s = fastTwoSum(s.hi, s.lo+t.hi)
	return fastTwoSum(s.hi, s.lo+t.lo)
}

func (a double) neg() double { return double{-a.hi, -a.lo} }

func (a double) mul(b double) double {
	p := twoProd(a.hi, b.hi)
	return fastTwoSum(p.hi, p.lo+math.FMA(a.hi, b.lo, a.lo*b.hi))
}

// div is one Newton step from the quotient of the leading parts.
func (a double) div(b double) double {
	q := a.hi / b.hi
	r := a.add(b.mul(double{q, 0}).neg())
	return fastTwoSum(q, (r.hi+r.lo)/b.hi)
}

// sqrt is one Newton step from the root of the leading part.
func (a double) sqrt() double {
	if a.hi <= 0 {
		return double{}
	}
	x := math.Sqrt(a.hi)
	r := a.add(twoProd(x, x).neg())
	return fastTwoSum(x, (r.hi+r.lo)/(2*x))
}
