package bidiagonal

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/householder"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// bidiagonalise returns the diagonal and the superdiagonal of a bidiagonal matrix
// with the singular values of the upper band matrix b, which it overwrites.
//
// Sweep j eliminates row j right of its superdiagonal and chases the bulge this
// makes down the band (Lang 1996): applied to the diagonal window below, the
// reflector fills it; one from the left eliminates its first column and fills the
// window to the right, of which one from the right eliminates the first row.
func bidiagonalise[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], b *block.BandMatrix[T], workers int) (d, e []float64, err error) {
	newState := func() *householder.Sweep[T] { return new(householder.Sweep[T]) }
	err = householder.Chase(ctx, b.N, workers, newState, func(j, t int, r *householder.Sweep[T]) {
		p := j + 1 + t*kernel.Band
		if t == 0 {
			eliminateRow(b, j, r)
		}
		r.Columns(k, b.Window(p, p), b.Stride)
		if p+kernel.Band < b.N {
			r.Rows(k, b.Window(p, p+kernel.Band), b.Stride)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	d, e = make([]float64, b.N), make([]float64, max(0, b.N-1))
	for i := range d {
		d[i] = float64(b.At(i, i))
		if i > 0 {
			e[i-1] = float64(b.At(i-1, i))
		}
	}
	return d, e, nil
}

// eliminateRow eliminates row j right of its superdiagonal.
func eliminateRow[T kernel.Float](b *block.BandMatrix[T], j int, r *householder.Sweep[T]) {
	var row householder.Vec[T]
	for i := range row {
		row[i] = b.At(j, j+1+i)
	}
	r.Eliminate(&row)
	for i, v := range row {
		b.Set(j, j+1+i, v)
	}
}
