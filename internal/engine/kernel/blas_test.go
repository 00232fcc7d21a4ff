package kernel_test

import (
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/testblas"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/test/matrices"
)

// TestDgemmSuite runs gonum's suite for dgemm on Strip. Its numbers are exact in
// float32 as well.
func TestDgemmSuite(t *testing.T) {
	t.Run("float32", testDgemmSuite[float32])
	t.Run("float64", testDgemmSuite[float64])
}

func testDgemmSuite[T kernel.Float](t *testing.T) {
	for _, k := range kernel.All[T]() {
		t.Run(k.Name, func(t *testing.T) { testblas.TestDgemm(t, asBLAS[T]{&k}) })
	}
}

// asBLAS gives a kernel the signature of BLAS. It does what the contract of the
// kernel leaves to its callers: sizes rounded up, B in panels and multiplied by
// alpha, C multiplied by beta.
type asBLAS[T kernel.Float] struct{ k *kernel.Kernel[T] }

func (s asBLAS[T]) Dgemm(tA, tB blas.Transpose, m, n, depth int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	k := s.k
	rows, columns := kernel.RoundUp(m, k.MR), kernel.RoundUp(n, k.NR)
	// A stays as it is stored: a transpose is a matter of strides.
	var stored []T
	rs, cs := lda, 1
	if tA == blas.Trans {
		rs, cs = 1, rows
		stored = matrices.Padded[T](a, depth, m, lda, depth, rows)
	} else {
		stored = matrices.Padded[T](a, m, depth, lda, rows, lda)
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
