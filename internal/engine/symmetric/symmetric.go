// Package symmetric computes all eigenvalues of a symmetric matrix: dense → band →
// tridiagonal → eigenvalues. In LAPACK's words it is dsyevd_2stage without vectors:
//
//	Reduce             dsytrd_sy2sb, of the SBR toolbox dsyrdb
//	Tridiagonalise     dsytrd_sb2st, of the SBR toolbox dsbtrd
//	TridiagonalValues  dsterf
//
// The first stage does nearly all the arithmetic, in matrix products; the
// second chases the band away in the cache; the third is O(n²). Nothing but
// eigenvalues is computed, so no transformation is kept.
package symmetric

import (
	"context"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// Values returns the eigenvalues of a in ascending order; a is overwritten. The
// Frobenius norm of a must not exceed 1 by much: sums of squares are not
// scaled. The result does not depend on workers.
func Values[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], a *block.Sym[T], workers int) ([]float64, error) {
	b, err := Reduce(ctx, k, a, workers)
	if err != nil {
		return nil, err
	}
	d, e, err := Tridiagonalise(ctx, k, b, workers)
	if err != nil {
		return nil, err
	}
	if kernel.Single[T]() { // the reduction's errors dwarf the iteration's: nothing to refine
		return d, TridiagonalValues(ctx, k.NewSweeper, d, e)
	}
	values := slices.Clone(d)
	if err := TridiagonalValues(ctx, k.NewSweeper, values, slices.Clone(e)); err != nil {
		return nil, err
	}
	return values, refine(ctx, values, d, e, workers)
}

// Reduce is the first stage of [Values]: it returns a band matrix with the
// eigenvalues of a, which it overwrites.
func Reduce[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], a *block.Sym[T], workers int) (*block.BandMatrix[T], error) {
	team := parallel.NewTeam(workers)
	defer team.Stop()
	return newReducer(k, a, team).reduce(ctx)
}
