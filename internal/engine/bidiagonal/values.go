package bidiagonal

import (
	"context"
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/sturm"
)

// negligible is what the elements of a bidiagonal matrix whose largest is near 1
// may be changed by.
const negligible = 0x1p-100

// bidiagonalValues returns the singular values of the bidiagonal matrix with
// diagonal d and superdiagonal e in descending order, off by a few units of 2⁻⁵³ of
// the largest, or, when rough, by 2⁻⁴⁰ relatively.
func bidiagonalValues(ctx context.Context, d, e []float64, rough bool, workers int) ([]float64, error) {
	n := len(d)
	var largest float64
	for _, s := range [][]float64{d, e} {
		for _, v := range s {
			largest = max(largest, math.Abs(v))
		}
	}
	if largest == 0 {
		return make([]float64, n), ctx.Err()
	}
	// A power of two brings the largest element near 1, so that squares
	// neither overflow nor, where they matter, underflow.
	exp := math.Ilogb(largest)
	r := refiner{q: make([]float64, n), e: make([]float64, n)}
	for i, v := range d {
		v = max(negligible, math.Abs(math.Ldexp(v, -exp)))
		r.q[i] = v * v
	}
	for i, v := range e {
		if v = math.Abs(math.Ldexp(v, -exp)); v < negligible {
			v = 0
		}
		r.e[i] = v * v
	}
	d, err := squares(ctx, r.q, r.e)
	if err != nil {
		return nil, err
	}
	for i, v := range d {
		d[i] = math.Sqrt(v)
	}
	slices.Sort(d)
	if !rough {
		if err := sturm.Refine(ctx, d, 0x1p-52*d[n-1], workers, r.count); err != nil {
			return nil, err
		}
		slices.Sort(d) // within their errors, neighbours may have changed places
	}
	slices.Reverse(d)
	for i := range d {
		d[i] = math.Ldexp(d[i], exp)
	}
	return d, ctx.Err()
}
