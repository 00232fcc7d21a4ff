// Package mp holds the arithmetic of the Marchenko–Pastur law of unit variance
// and aspect ratio β = r² ≤ 1, in the angle φ ∈ [0, π] that an eigenvalue x makes
// with x = 1 + β − 2r·cos φ. In φ the density
//
//	√((x₊−x)(x−x₋))/(2πβx) dx = (2/π)·sin²φ/x dφ,   x∓ = (1∓r)²
//
// has no singular ends, also where β = 1.
package mp

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"

	"github.com/gospectrum/spectrum/internal/law/bisect"
)

// nodes of the Gauss–Legendre rule. Its error falls like ρ^{−2·nodes}, where
// ρ ≥ 4 for the intervals it is used on.
const nodes = 24

// Eigenvalue returns x.
func Eigenvalue(phi, r float64) float64 {
	s := math.Sin(phi / 2)
	return (1-r)*(1-r) + 4*r*s*s
}

// Angle returns the φ of a singular value y = √x; y is first moved into the
// support.
func Angle(y, r float64) float64 {
	low := 1 - r
	half := math.Sqrt(max(0, (y-low)*(y+low)/(4*r)))
	return 2 * math.Asin(min(half, 1))
}

// CDF returns the probability of an angle at most phi, accurate also where it
// is small.
//
// From Σ r^{k−1}·sin kφ = sin φ/x follows, term by term,
// (φ − (1−β)/β·S + sin φ/r)/π with S = Σ rᵏ·sin(kφ)/k = atan(r·sin φ/(1−r·cos φ)).
// Its terms cancel where x is near x₋, and where r is small; there the density is
// integrated, whose poles φ = ±i·log r are then far away.
func CDF(phi, r float64) float64 {
	switch {
	case phi <= 0:
		return 0
	case phi >= math.Pi:
		return 1
	case phi > math.Pi/2:
		return 1 - Survival(phi, r)
	case 2*math.Sqrt(r)*math.Sin(phi/2) < 1-r:
		return integral(0, phi, r)
	}
	sin, cos := math.Sincos(phi)
	v := phi + sin/r
	if r < 1 {
		v -= (1 - r) * (1 + r) / (r * r) * math.Atan2(r*sin, 1-r*cos)
	}
	return min(1, max(0, v/math.Pi))
}

// Survival returns the probability of an angle above phi, accurate also where
// it is small.
func Survival(phi, r float64) float64 {
	if phi > math.Pi/2 {
		return integral(min(phi, math.Pi), math.Pi, r)
	}
	return 1 - CDF(phi, r)
}

func integral(from, to, r float64) float64 {
	return quad.Fixed(func(phi float64) float64 {
		s := math.Sin(phi)
		return 2 / math.Pi * s * s / Eigenvalue(phi, r)
	}, from, to, nodes, quad.Legendre{}, 0)
}

// Quantile returns the angle with CDF p, 0 ≤ p ≤ 1.
func Quantile(p, r float64) float64 {
	below := func(phi float64) bool { return CDF(phi, r) < p }
	if p > 0.5 {
		q := 1 - p
		below = func(phi float64) bool { return Survival(phi, r) > q }
	}
	return bisect.End(0, math.Pi, below)
}

// Median returns the median singular value.
func Median(r float64) float64 { return QuantileSV(0.5, r) }

// QuantileSV returns the singular value y = √x below which lies p.
func QuantileSV(p, r float64) float64 { return math.Sqrt(Eigenvalue(Quantile(p, r), r)) }

// LogProbSV returns the logarithm of the density of singular values at
// y = √x: log(√((x₊−x)(x−x₋))/(πβy)). It is −Inf outside the support.
func LogProbSV(y, r float64) float64 {
	if r == 1 && y >= 0 && y < 2 { // the quarter circle, which begins at 0 with 2/π
		return 0.5*math.Log((2-y)*(2+y)) - math.Log(math.Pi)
	}
	low, high := 1-r, 1+r
	if y <= low || y >= high {
		return math.Inf(-1)
	}
	return 0.5*math.Log((high-y)*(high+y)*(y-low)*(y+low)) - math.Log(math.Pi*r*r*y)
}
