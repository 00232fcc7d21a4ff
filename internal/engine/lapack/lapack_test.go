package lapack

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/test/matrices"
)

// source reads the row-major r×c matrix a.
func source(a []float64, r, c int) Source {
	return Source{Rows: r, Cols: c, Scale: 1, Segment: func(dst []float64, i, j int) {
		copy(dst, a[i*c+j:i*c+j+len(dst)])
	}}
}

// shapes covers one column, both orientations, both sides of the QR crossover,
// the panel edges and more rows than one block holds.
var shapes = [][2]int{
	{1, 1}, {1, 7}, {7, 1}, {2, 2}, {5, 3}, {31, 31}, {32, 32}, {33, 33}, {64, 65},
	{97, 64}, {64, 160}, {130, 70}, {300, 40}, {40, 300}, {9000, 20}, {20, 9000}, {400, 400},
}

func TestPrescribedSpectrum(t *testing.T) {
	for _, shape := range shapes {
		r, c := shape[0], shape[1]
		for _, kind := range matrices.Spectra {
			t.Run(fmt.Sprintf("%dx%d/%s", r, c, kind.Name), func(t *testing.T) {
				n := min(r, c)
				want := kind.Values(n)
				a := matrices.Prescribed(rand.New(rand.NewPCG(uint64(r), uint64(c))), r, c, want)
				got, err := SingularValues(context.Background(), source(a, r, c))
				require.NoError(t, err)
				require.Len(t, got, n)
				// The matrix is rounded, too; both errors are of the order ε·s₁.
				tol := 64 * 0x1p-53 * want[0] * math.Sqrt(float64(n))
				assert.InDeltaSlice(t, want, got, tol)
			})
		}
	}
}

func TestAgainstSVD(t *testing.T) {
	for _, shape := range shapes {
		r, c := shape[0], shape[1]
		rnd := rand.New(rand.NewPCG(1, uint64(r*c)))
		a := matrices.Gaussian(rnd, r*c)
		var svd mat.SVD
		require.True(t, svd.Factorize(mat.NewDense(r, c, a), mat.SVDNone))
		want := svd.Values(nil)
		got, err := SingularValues(context.Background(), source(a, r, c))
		require.NoError(t, err)
		assert.InDeltaSlice(t, want, got, 1e-13*want[0], "%d×%d", r, c)
	}
}

func TestScale(t *testing.T) {
	src := source([]float64{3, 0, 0, 4}, 2, 2)
	src.Scale = 0x1p20
	got, err := SingularValues(context.Background(), src)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{4 * 0x1p20, 3 * 0x1p20}, got, 1e-9)
}

func TestCancel(t *testing.T) {
	const n = 900
	a := make([]float64, n*n)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range a {
		a[i] = rnd.NormFloat64()
	}
	for _, shape := range [][2]int{{n, n}, {n * n / 300, 300}} {
		ctx, cancel := context.WithCancel(context.Background())
		read := 0
		src := source(a, shape[0], shape[1])
		segment := src.Segment
		src.Segment = func(dst []float64, i, j int) {
			segment(dst, i, j)
			if read++; read == shape[0]/2 {
				cancel()
			}
		}
		_, err := SingularValues(ctx, src)
		assert.ErrorIs(t, err, context.Canceled)
		cancel()
	}
}

// Columns that are zero, sparse or equal leave reflectors that end early.
func TestDependentColumns(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	for trial := range 40 {
		r, c := 120+trial, 20+rnd.IntN(50)
		a := make([]float64, r*c)
		for i := range a {
			if rnd.Float64() < 0.05 {
				a[i] = rnd.NormFloat64()
			}
		}
		if trial%2 == 1 {
			for i := range r {
				for j := 1; j < c; j += 2 {
					a[i*c+j] = a[i*c+j-1]
				}
			}
		}
		var gram mat.SymDense
		gram.SymOuterK(1, mat.NewDense(r, c, a).T())
		var eig mat.EigenSym
		require.True(t, eig.Factorize(&gram, false))
		lambda := eig.Values(nil)
		got, err := SingularValues(context.Background(), source(a, r, c))
		require.NoError(t, err)
		for i, s := range got {
			require.InDelta(t, max(0, lambda[c-1-i]), s*s, 1e-13*got[0]*got[0]*float64(c), "trial %d, value %d", trial, i)
		}
	}
}
