package spectrum_test

import "github.com/gospectrum/spectrum"

// What the tests of all back-ends allow. The bounds that a back-end reports with
// its result hold everywhere, without any tolerance but that of what they are
// compared with.

// backwardStable reports whether a back-end works on the matrix itself, not on
// its Gram matrix: its errors are relative to the largest singular value.
func backwardStable(b spectrum.Backend) bool { return b.Name() == "gonum" || b.Name() == "netlib" }

// constructionTolerance is the relative error, of the largest singular value,
// of matrices made with a prescribed spectrum, and of the float64 reference that a
// float32 result is held against.
const constructionTolerance = 256 * 0x1p-53

// valueTolerance is the error allowed to a singular value s of a matrix whose
// largest is s1: 64·ε·s₁ where the method is backward stable. The Gram matrix
// leaves an error of that order in s²/s₁.
func valueTolerance(b spectrum.Backend, s1, s float64) float64 {
	const stable = 64 * 0x1p-53
	if backwardStable(b) || s == 0 {
		return stable * s1
	}
	return stable * max(1, s1/s) * s1
}

// derivedTolerance is the relative error allowed to what is computed from all
// singular values.
func derivedTolerance(b spectrum.Backend, a *spectrum.Analysis) float64 {
	if backwardStable(b) || a.Zero {
		return 1e-12
	}
	if a.SMin > 1e-4*a.SMax {
		return 1e-10
	}
	// Values beside which s₁² overflows the mantissa are known to ValueError.
	return 1e-10 + 10*float64(len(a.SingularValues))*a.ValueError/a.SMax
}
