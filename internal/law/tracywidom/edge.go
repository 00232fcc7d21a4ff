package tracywidom

import "math"

// Edge returns the square of the edge of an n×m matrix of unit variance at the
// value s of the Tracy–Widom law, at least 0:
//
//	μ + s·τ, μ = (√n' + √m')², τ = (√n' + √m')·(1/√n' + 1/√m')^{1/3}
//
// with n' = n−½ and m' = m−½: Johnstone's (2001) centring and scaling, whose error
// is then of second order (Ma 2012).
func Edge(n, m int, s float64) float64 {
	a, b := math.Sqrt(float64(n)-0.5), math.Sqrt(float64(m)-0.5)
	return max(0, (a+b)*(a+b)+s*(a+b)*math.Cbrt(1/a+1/b))
}
