package native

import (
	"context"
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/bidiagonal"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// directFactor is p of the package documentation, and room for what was not seen.
// TestCampaign looks for matrices beyond the bound.
const directFactor = 64

// Direct computes all singular values of w in arithmetic T without squaring it. Every
// element of w is finite and at most maxAbs > 0 in magnitude.
func Direct[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, maxAbs float64, workers int) (*Result, error) {
	exp := scaleExponent[T](w, maxAbs)
	s, err := bidiagonal.Values(ctx, k, w, T(math.Ldexp(1, exp)), weightsRepeat(w), workers)
	if err != nil {
		return nil, err
	}
	bound := directBound[T](w.Rows, w.Cols, s[0])
	for i := range s {
		s[i] = math.Ldexp(s[i], -exp)
	}
	// Undoing the scale rounds only where the result is subnormal.
	errors := slices.Repeat([]float64{math.Ldexp(bound, -exp) + 0x1p-1074}, len(s))
	return &Result{Values: s, Errors: errors, Kernel: k.Name + " direct"}, nil
}

// DirectIsFaster reports whether [Direct] outruns [Gram] because the r×c matrix is too
// small for blocks.
func DirectIsFaster(k *kernel.Kernel[float64], r, c int) bool { return bidiagonal.BeatsGram(k, r, c) }

// DirectBound returns the error bound of [Direct] in float64 for an r×c matrix, given
// its largest singular value.
func DirectBound(r, c int, s1 float64) float64 { return directBound[float64](r, c, s1) }

func directBound[T kernel.Float](r, c int, s1 float64) float64 {
	return directFactor * growth(r, c) * kernel.Eps[T]() * s1
}

// growth returns by how much the bounds of an r×c matrix exceed those of matrices
// whose sides are no longer than 24,576. Rounding errors of longer sums of terms that
// have something in common, in smooth or patterned matrices, cease to cancel; in the
// worst case they grow with the length. The slope is calibrated: of 502 matrices
// with sides up to 4.4 million that TestCampaign drew, none then takes more than 0.8 of
// its bound.
func growth(r, c int) float64 {
	const from, slope = 24576, 1. / 8192
	return 1 + slope*float64(max(0, max(r, c)-from))
}

// DirectWorkspace returns about how many bytes [Direct] allocates for an r×c matrix
// in arithmetic of the given width.
func DirectWorkspace(r, c, width int) int64 { return int64(width) * bidiagonal.WorkLen(r, c) }
