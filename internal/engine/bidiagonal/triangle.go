package bidiagonal

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// Triangle returns, of a factor scale·w of a product, what the singular values of the product
// depend on: the triangular factor R of its QR factorisation, k×k with k its side that the
// product does not have. A factor that is the left one has k columns; one that is the right
// one has k rows, and is transposed first. One whose other side is no longer than k is returned
// as it is, transposed likewise.
//
// The sum of squares of scale·w must not exceed 1 by much. The result does not depend on
// workers.
func Triangle(ctx context.Context, k *kernel.Kernel[float64], w *kernel.Matrix, scale float64, left bool, workers int) (*mat.Dense, error) {
	m, n := max(w.Rows, w.Cols), min(w.Rows, w.Cols)
	outer, inner := w.Cols, w.Rows
	if left {
		outer, inner = inner, outer
	}
	height, stream := shape(m, n)
	if stream && outer > inner {
		a := block.NewDense[float64](height, n)
		if err := triangularise(ctx, newLeft(k, a), w, scale, false, workers); err != nil {
			return nil, err
		}
		r := mat.NewDense(n, n, nil)
		for i := range n {
			for j := i; j < n; j++ {
				r.Set(i, j, a.At(i/a.Block, j/a.Block)[i%a.Block*a.Block+j%a.Block])
			}
		}
		return r, nil
	}
	a := block.NewDense[float64](m, n)
	if err := a.Load(ctx, k, w, scale, 0, 0, m, workers); err != nil {
		return nil, err
	}
	tall := mat.NewDense(m, n, rowMajor(a)) // w if that has more rows than columns, else its transpose
	switch byRows := w.Rows > w.Cols; {
	case outer > inner:
		var qr mat.QR
		qr.Factorize(tall)
		var r mat.Dense
		qr.RTo(&r)
		return mat.DenseCopyOf(r.Slice(0, n, 0, n)), nil
	case left == byRows:
		return tall, nil
	}
	return mat.DenseCopyOf(tall.T()), nil
}
