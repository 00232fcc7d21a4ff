// Package native computes singular values through the Gram matrix: packed
// products, two-stage reduction, eigenvalues, square roots. See packages kernel
// and eigen for the parts.
//
// # Error bound
//
// Rounding perturbs the Gram matrix G = W·Wᵀ, and every later stage is an
// orthogonal similarity computed with small backward error, so each eigenvalue
// λ of G is off by at most
//
//	δλ = c·ε·(‖G‖_F/√n + λ),   ε the unit roundoff, c = boundFactor.
//
// The first term is the size of a perturbation whose elements are independent
// and of the order ε·|G|; it is also what Householder transformations leave on
// every eigenvalue. The second covers matrices whose norm sits in few rows,
// where the large eigenvalues are off by ε relatively. The factor is calibrated:
// see bench/README.md for the campaign that looks for a matrix beyond it.
// A singular value s = √λ is then off by at most s − √(s²−δλ), or max(s, √δλ)
// where that does not exist.
package native

import (
	"context"
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/eigen"
	"github.com/gospectrum/spectrum/internal/kernel"
)

// boundFactor is c of the package documentation.
const boundFactor = 8

// Result is a spectrum with what is known of its error.
type Result struct {
	Values []float64 // descending
	Errors []float64 // bound on the absolute error of each
	Kernel string
}

// SingularValues computes all singular values of w in arithmetic T. Every
// element of w is finite and at most maxAbs > 0 in magnitude.
func SingularValues[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, maxAbs float64, workers int) (*Result, error) {
	n, m := min(w.Rows, w.Cols), max(w.Rows, w.Cols)
	// |scale·w| ≤ 1/√(n·m), so that ‖scale·W‖_F ≤ 1 and ‖G‖_F ≤ 1: no sum of
	// squares overflows. A power of two scales without rounding.
	exp := -math.Ilogb(maxAbs) - 1 - (math.Ilogb(float64(n)*float64(m))+2)/2
	lowest, highest := exponents[T]()
	exp = max(lowest, min(highest, exp))
	g, err := kernel.Gram(ctx, k, w, T(math.Ldexp(1, exp)), workers, make([]T, kernel.GramLen(n)))
	if err != nil {
		return nil, err
	}
	lambda, err := eigen.Values(ctx, k, g, workers)
	if err != nil {
		return nil, err
	}
	slices.Reverse(lambda)
	return finish(lambda, unitRoundoff[T](), exp, k.Name), nil
}

// finish turns the descending eigenvalues of the scaled Gram matrix into
// singular values with their bounds.
func finish(lambda []float64, eps float64, exp int, kernelName string) *Result {
	n := len(lambda)
	var squares float64
	for _, l := range lambda {
		squares += l * l
	}
	base := math.Sqrt(squares / float64(n))
	r := &Result{Values: make([]float64, n), Errors: make([]float64, n), Kernel: kernelName}
	for i, l := range lambda {
		l = max(l, 0)
		delta := boundFactor * eps * (base + l)
		s := math.Sqrt(l)
		bound := max(s, math.Sqrt(delta))
		if l > delta {
			bound = s - math.Sqrt(l-delta)
		}
		// Undoing the scale rounds only where the result is subnormal.
		r.Values[i] = math.Ldexp(s, -exp)
		r.Errors[i] = math.Ldexp(bound, -exp) + 0x1p-1074
	}
	return r
}

// unitRoundoff returns ε of T.
func unitRoundoff[T kernel.Float]() float64 {
	if T(1)+T(0x1p-30) == 1 {
		return 0x1p-24
	}
	return 0x1p-53
}

// exponents returns the range of powers of two that T represents, subnormal
// ones included: they scale as exactly as any other.
func exponents[T kernel.Float]() (lowest, highest int) {
	if unitRoundoff[T]() == 0x1p-24 {
		return -149, 127
	}
	return -1074, 1023
}

// Workspace returns about how many bytes SingularValues allocates for an r×c
// matrix in arithmetic of the given width: half the Gram matrix in blocks, one
// slab of packed panels, and what the reduction needs.
func Workspace(r, c, width int) int64 {
	n := min(r, c)
	return int64(width) * (int64(kernel.SymLen(n)) + int64(max(kernel.GramLen(n), eigen.WorkLen(n))))
}
