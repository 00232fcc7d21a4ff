package block

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/testblas"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/test/matrices"
)

// TestDsyrkSuite runs gonum's suite for dsyrk on Gram. Its numbers are exact in
// float32 as well.
func TestDsyrkSuite(t *testing.T) {
	t.Run("float32", testDsyrkSuite[float32])
	t.Run("float64", testDsyrkSuite[float64])
}

func testDsyrkSuite[T kernel.Float](t *testing.T) {
	for _, k := range kernel.All[T]() {
		t.Run(k.Name, func(t *testing.T) { testblas.DsyrkTest(t, asBLAS[T]{t, &k}) })
	}
}

// asBLAS gives Gram the signature of BLAS.
type asBLAS[T kernel.Float] struct {
	t *testing.T
	k *kernel.Kernel[T]
}

// Dsyrk takes the product from Gram, which has neither alpha nor beta and chooses
// the smaller of W·Wᵀ and Wᵀ·W: zeros make the wanted one the smaller.
func (s asBLAS[T]) Dsyrk(ul blas.Uplo, tA blas.Transpose, n, depth int, alpha float64, a []float64, lda int, beta float64, c []float64, ldc int) {
	long := max(depth, n+1)
	w := &kernel.Matrix{Rows: n, Cols: long, Stride: long}
	if tA == blas.Trans {
		w = &kernel.Matrix{Rows: long, Cols: n, Stride: n}
		w.F64 = matrices.Padded[float64](a, depth, n, lda, long, n)
	} else {
		w.F64 = matrices.Padded[float64](a, n, depth, lda, n, long)
	}
	g, err := Gram(context.Background(), s.k, w, 1, 2, make([]T, GramLen(n)))
	require.NoError(s.t, err)
	for i := range n {
		for j := range i + 1 {
			at := i*ldc + j
			if ul == blas.Upper {
				at = j*ldc + i
			}
			block := g.At(i/g.Block, j/g.Block)
			c[at] = beta*c[at] + alpha*float64(block[i%g.Block*g.Block+j%g.Block])
		}
	}
}
