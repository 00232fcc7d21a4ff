package kernel

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/testblas"
)

// TestBLASSuite runs gonum's suites for dgemm and dsyrk on Strip and Gram. Their
// numbers are exact in float32 as well.
func TestBLASSuite(t *testing.T) {
	t.Run("float32", testBLASSuite[float32])
	t.Run("float64", testBLASSuite[float64])
}

func testBLASSuite[T Float](t *testing.T) {
	for _, k := range All[T]() {
		t.Run(k.Name+"/gemm", func(t *testing.T) { testblas.TestDgemm(t, asBLAS[T]{t, &k}) })
		t.Run(k.Name+"/syrk", func(t *testing.T) { testblas.DsyrkTest(t, asBLAS[T]{t, &k}) })
	}
}

// asBLAS gives a kernel the signatures of BLAS. It does what the contract of the
// kernel leaves to its callers: sizes rounded up, B in panels and multiplied by
// alpha, C multiplied by beta.
type asBLAS[T Float] struct {
	t *testing.T
	k *Kernel[T]
}

func (s asBLAS[T]) Dgemm(tA, tB blas.Transpose, m, n, depth int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	k := s.k
	rows, columns := roundUp(m, k.MR), roundUp(n, k.NR)
	// A stays as it is stored: a transpose is a matter of strides.
	var stored []T
	rs, cs := lda, 1
	if tA == blas.Trans {
		rs, cs = 1, rows
		stored = padded[T](a, depth, m, lda, depth, rows)
	} else {
		stored = padded[T](a, m, depth, lda, rows, lda)
	}
	out := make([]T, rows*columns)
	for i := range m {
		for j := range n {
			out[i*columns+j] = T(beta * c[i*ldc+j])
		}
	}
	for first := 0; first < n; first += k.NR {
		panel := make([]T, depth*k.NR)
		for p := range depth {
			for j := range min(k.NR, n-first) {
				at := p*ldb + first + j
				if tB == blas.Trans {
					at = (first+j)*ldb + p
				}
				panel[p*k.NR+j] = T(alpha * b[at])
			}
		}
		k.Strip(depth, rows/k.MR, stored, rs, cs, panel, out[first:], columns)
	}
	for i := range m {
		for j := range n {
			c[i*ldc+j] = float64(out[i*columns+j])
		}
	}
}

// Dsyrk takes the product from Gram, which has neither alpha nor beta and chooses
// the smaller of W·Wᵀ and Wᵀ·W: zeros make the wanted one the smaller.
func (s asBLAS[T]) Dsyrk(ul blas.Uplo, tA blas.Transpose, n, depth int, alpha float64, a []float64, lda int, beta float64, c []float64, ldc int) {
	long := max(depth, n+1)
	w := &Matrix{Rows: n, Cols: long, Stride: long}
	if tA == blas.Trans {
		w = &Matrix{Rows: long, Cols: n, Stride: n}
		w.F64 = padded[float64](a, depth, n, lda, long, n)
	} else {
		w.F64 = padded[float64](a, n, depth, lda, n, long)
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

// padded copies an r×c matrix to the corner of a rows×cols matrix of zeros.
func padded[T Float](a []float64, r, c, lda, rows, cols int) []T {
	out := make([]T, rows*cols)
	for i := range r {
		for j := range c {
			out[i*cols+j] = T(a[i*lda+j])
		}
	}
	return out
}
