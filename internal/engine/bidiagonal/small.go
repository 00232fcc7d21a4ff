package bidiagonal

import (
	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// BeatsGram reports whether an r×c matrix is so small and near square that one stage
// is as fast as the way through the Gram matrix, which takes half the arithmetic.
func BeatsGram(k *kernel.Kernel[float64], r, c int) bool {
	n := min(r, c)
	return n <= k.OneStage/2 && 3*max(r, c) <= 5*n
}

// rowMajor copies a out of its blocks.
func rowMajor(a *block.Dense[float64]) []float64 {
	out := make([]float64, 0, a.Rows*a.Cols)
	for i := range a.Rows {
		for j := 0; j < a.Cols; j += a.Block {
			row := a.At(i/a.Block, j/a.Block)[i%a.Block*a.Block:]
			out = append(out, row[:min(a.Block, a.Cols-j)]...)
		}
	}
	return out
}
