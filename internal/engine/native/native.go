// Package native computes singular values with bounds on their errors, in two ways.
// [Gram] goes through the Gram matrix: packed products, two-stage reduction, eigenvalues,
// square roots. [Direct] reduces the matrix itself, with two to three times the
// arithmetic, and loses nothing by squaring. [Single] chooses between them in float32, and
// takes out beforehand what dominates the matrix. Package engine lists the parts.
//
// # Error bound of the Gram matrix
//
// Every stage computes an orthogonal similarity of the Gram matrix G = W·Wᵀ up
// to a perturbation E whose elements are rounding errors, ε (the unit roundoff)
// times those of G. An eigenvalue λ with eigenvector v moves by vᵀEv, about
// ε·g with g = ‖G‖_F/√n where the norm of G is spread over its rows. Where it sits
// in few rows the average is over few elements; with ρ the largest norm of a
// row, r = g + 2·ρ²/(√n·g) is g when all rows are alike and 2·ρ when there is
// only one. k eigenvalues closer together than ‖E‖ move by the eigenvalues of a
// k×k piece of E, which are √k times as large. Large eigenvalues are also off by
// ε relatively, and the tridiagonal solver, always in float64, leaves errors of
// the order of its roundoff u times the largest, more where Sturm counts do not
// correct it. So
//
//	δλ = c·ε·√k·r + 3·c·ε·λ + q·c·u·λ₁,  q = 8 in float32, 1 in float64
//
// with k the number of eigenvalues within c·ε·‖G‖_F of λ. The factors are
// calibrated, see boundFactor. A singular value s = √λ is then off by at most
// s − √(s²−δλ), or max(s, √δλ) where that does not exist.
//
// # Error bound of the direct way
//
// The reduction is backward stable: what it computes are the singular values of a
// matrix W + E, so every one of them is off by at most ‖E‖₂ = p·ε·s₁. In the worst case
// p grows like n; rounding errors that average out leave a p that hardly grows: up to
// 17 for n ≤ 400 and 23 for n = 1024, where all singular values are equal and the
// largest of n random errors counts, and 20 where one row or column holds
// nearly all of ‖W‖. Noise has p < 3. See directFactor.
//
// # Long sides
//
// Both bounds grow linearly with the part of the longest side that is beyond 24,576, see
// growth: that is calibrated too.
package native

import (
	"math"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// Result is a spectrum with what is known of its error.
type Result struct {
	Values []float64 // descending
	Errors []float64 // bound on the absolute error of each
	Kernel string
}

// scaleExponent returns the exponent of the power of two, which scales without
// rounding, for which |scale·w| ≤ 1/√(r·c). Then ‖scale·W‖_F ≤ 1, and no sum of squares
// overflows.
func scaleExponent[T kernel.Float](w *kernel.Matrix, maxAbs float64) int {
	exp := -math.Ilogb(maxAbs) - 1 - (math.Ilogb(float64(w.Rows)*float64(w.Cols))+2)/2
	lowest, highest := exponents[T]()
	return max(lowest, min(highest, exp))
}

// exponents returns the range of powers of two that T represents, subnormal
// ones included: they scale as exactly as any other.
func exponents[T kernel.Float]() (lowest, highest int) {
	if kernel.Single[T]() {
		return -149, 127
	}
	return -1074, 1023
}
