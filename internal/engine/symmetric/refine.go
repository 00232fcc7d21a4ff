package symmetric

import (
	"context"
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/sturm"
)

// tiny stands for the square of a subdiagonal element that is zero: with it, no
// quotient is zero by zero.
const tiny = 0x1p-1000

// refine corrects the ascending eigenvalues of the tridiagonal matrix with
// diagonal d and subdiagonal e, which it destroys. The QL iteration leaves some
// 100·u of the largest, which a Gram matrix turns into much more of the small
// singular values; a Sturm count is exact for a matrix whose elements differ by a
// few u.
func refine(ctx context.Context, values, d, e []float64, workers int) error {
	n := len(d)
	largest := max(-values[0], values[n-1])
	if largest == 0 || n == 1 {
		return ctx.Err()
	}
	exp := -math.Ilogb(largest)
	for i := range values {
		values[i] = math.Ldexp(values[i], exp)
		d[i] = math.Ldexp(d[i], exp)
	}
	squares := make([]float64, n) // that of row i is left of its diagonal
	for i, v := range e {
		v = math.Ldexp(v, exp)
		squares[i+1] = max(v*v, tiny)
	}
	err := sturm.Refine(ctx, values, 0x1p-52, workers, func(x *[sturm.Lanes]float64) [sturm.Lanes]int {
		return count(d, squares, x)
	})
	if err != nil {
		return err
	}
	for i := range values {
		values[i] = math.Ldexp(values[i], -exp)
	}
	slices.Sort(values) // within their errors, neighbours may have changed places
	return nil
}

// count returns how many eigenvalues are less than each x: the number of negative
// pivots. A pivot of zero makes the next one infinite and the one after that right
// again (Demmel, Dhillon & Ren 1995).
func count(d, squares []float64, x *[sturm.Lanes]float64) [sturm.Lanes]int {
	q, r, s, t := 1., 1., 1., 1.
	var i, j, k, l uint64
	squares = squares[:len(d)]
	for at, v := range d {
		e := squares[at]
		q = v - x[0] - e/q
		r = v - x[1] - e/r
		s = v - x[2] - e/s
		t = v - x[3] - e/t
		i += math.Float64bits(q) >> 63
		j += math.Float64bits(r) >> 63
		k += math.Float64bits(s) >> 63
		l += math.Float64bits(t) >> 63
	}
	return [sturm.Lanes]int{int(i), int(j), int(k), int(l)}
}
