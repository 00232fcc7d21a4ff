package spectrum

import "math"

// MarchenkoPastur is the limit law of the eigenvalues of X·Xᵀ/m, where X is
// n×m with independent entries of mean zero and variance Variance, as n and m
// grow with n/m → Ratio (Marchenko & Pastur 1967). With Ratio > 1 the matrix is
// rank-deficient and the law has an atom of 1 − 1/Ratio at zero.
//
// The square root of an eigenvalue, times √m, is a singular value of X.
// Ratio and Variance must be positive; otherwise every result is NaN.
type MarchenkoPastur struct {
	Ratio    float64 // n/m
	Variance float64 // variance of the entries, in squared units of X
}

// Support returns the ends of the continuous part: Variance·(1∓√Ratio)².
func (d MarchenkoPastur) Support() (lower, upper float64) {
	if !d.valid() {
		return math.NaN(), math.NaN()
	}
	r := math.Sqrt(d.Ratio)
	return d.Variance * (1 - r) * (1 - r), d.Variance * (1 + r) * (1 + r)
}

// CDF returns the probability of an eigenvalue at most x.
func (d MarchenkoPastur) CDF(x float64) float64 {
	lower, upper := d.Support()
	if math.IsNaN(x) || math.IsNaN(lower) {
		return math.NaN()
	}
	switch {
	case x < 0:
		return 0
	case x <= lower:
		return d.atom()
	case x >= upper:
		return 1
	}
	// x = lower + 4·Variance·√Ratio·sin²(φ/2)
	half := math.Sqrt((x - lower) / (upper - lower))
	return d.atom() + (1-d.atom())*angleCDF(2*math.Asin(min(half, 1)), d.beta())
}

// Quantile returns the smallest x with CDF(x) ≥ p, for 0 ≤ p ≤ 1; otherwise NaN.
func (d MarchenkoPastur) Quantile(p float64) float64 {
	lower, upper := d.Support()
	if !(p >= 0 && p <= 1) || math.IsNaN(lower) {
		return math.NaN()
	}
	atom := d.atom()
	switch {
	case p == 1:
		return upper
	case p <= atom && atom > 0:
		return 0
	}
	p = (p - atom) / (1 - atom)
	lo, hi := 0.0, math.Pi
	for range 60 { // bisection: π·2⁻⁶⁰ is below the spacing of φ
		mid := lo + (hi-lo)/2
		if angleCDF(mid, d.beta()) < p {
			lo = mid
		} else {
			hi = mid
		}
	}
	s := math.Sin(hi / 2)
	return lower + (upper-lower)*s*s
}

func (d MarchenkoPastur) valid() bool {
	return d.Ratio > 0 && d.Variance > 0 && !math.IsInf(d.Ratio, 1) && !math.IsInf(d.Variance, 1)
}

// beta is the aspect ratio of the non-zero eigenvalues, at most 1: X·Xᵀ and
// Xᵀ·X share them.
func (d MarchenkoPastur) beta() float64 { return min(d.Ratio, 1/d.Ratio) }

// atom is the probability of zero.
func (d MarchenkoPastur) atom() float64 { return max(0, 1-1/d.Ratio) }

// angleCDF is the distribution function of the angle φ in [0, π] with
// x = 1+β−2√β·cos φ, for β ≤ 1. Substituting it into the density
// √((x₊−x)(x−x₋))/(2πβx) leaves (2/π)·sin²φ/(1+β−2√β·cos φ), which integrates
// in closed form.
func angleCDF(phi, beta float64) float64 {
	if phi >= math.Pi {
		return 1
	}
	r := math.Sqrt(beta)
	a, b := 1+beta, 2*r
	v := a*phi/(b*b) + math.Sin(phi)/b
	if beta < 1 {
		v -= 2 * (1 - beta) / (b * b) * math.Atan((1+r)/(1-r)*math.Tan(phi/2))
	}
	return min(1, max(0, 2/math.Pi*v))
}
