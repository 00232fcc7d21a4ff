package direct

import (
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	lapackgonum "gonum.org/v1/gonum/lapack/gonum"
)

// ErrConvergence reports that dqds did not converge.
var ErrConvergence = errors.New("singular values did not converge")

func bidiagonalValues(ctx context.Context, d, e []float64) ([]float64, error) {
	var la lapackgonum.Implementation
	n := len(d)
	if !la.Dbdsqr(blas.Upper, n, 0, 0, 0, d, e[:max(n-1, 0)], nil, 1, nil, 1, nil, 1, make([]float64, 4*n)) {
		return nil, ErrConvergence
	}
	for k := range d {
		d[k] = math.Abs(d[k])
	}
	slices.Sort(d)
	slices.Reverse(d)
	return d, ctx.Err()
}
