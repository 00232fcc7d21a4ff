package bidiagonal

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// Triangle returns the triangular factor R of the QR factorisation of scale·w, read in its
// tall orientation: n×n with n the shorter side of w. The sum of squares of scale·w must not
// exceed 1 by much. The result does not depend on workers.
//
// Of a square w, which has two orientations, it is that of the transpose; with byRows it is
// scale·w itself, which is as good: both leave out an orthogonal factor on the left.
func Triangle(ctx context.Context, k *kernel.Kernel[float64], w *kernel.Matrix, scale float64, byRows bool, workers int) (*mat.Dense, error) {
	m, n := max(w.Rows, w.Cols), min(w.Rows, w.Cols)
	height, stream := shape(m, n)
	a := block.NewDense[float64](height, n)
	r := mat.NewDense(n, n, nil)
	if stream {
		if err := triangularise(ctx, newLeft(k, a), w, scale, false, workers); err != nil {
			return nil, err
		}
		for i := range n {
			for j := i; j < n; j++ {
				r.Set(i, j, a.At(i/a.Block, j/a.Block)[i%a.Block*a.Block+j%a.Block])
			}
		}
		return r, nil
	}
	if err := a.Load(ctx, k, w, scale, 0, 0, m, workers); err != nil {
		return nil, err
	}
	if m == n && byRows {
		r.Copy(mat.NewDense(n, n, rowMajor(a)).T()) // columns were loaded
		return r, nil
	}
	var qr mat.QR
	qr.Factorize(mat.NewDense(m, n, rowMajor(a)))
	var full mat.Dense
	qr.RTo(&full)
	r.Copy(&full)
	return r, nil
}
