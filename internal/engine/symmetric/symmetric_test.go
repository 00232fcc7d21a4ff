package symmetric

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/test/matrices"
)

func randomGram(seed uint64, n, m int) ([]float64, *kernel.Matrix) {
	data := matrices.Gaussian(rand.New(rand.NewPCG(seed, 7)), n*m)
	return data, &kernel.Matrix{Rows: n, Cols: m, Stride: m, F64: data}
}

func TestValues(t *testing.T) {
	t.Run("float64", testValues[float64])
	t.Run("float32", testValues[float32])
}

func testValues[T kernel.Float](t *testing.T) {
	for _, n := range []int{1, 2, 3, 47, 48, 49, 50, 95, 96, 97, 98, 100, 143, 145, 200, 300, 400} {
		m := n + 10
		data, w := randomGram(uint64(n), n, m)
		var g mat.SymDense
		g.SymOuterK(1/float64(n*m), mat.NewDense(n, m, data))
		var eig mat.EigenSym
		require.True(t, eig.Factorize(&g, false))
		want := eig.Values(nil)
		for _, k := range kernel.All[T]() {
			t.Run(fmt.Sprintf("%s/n%d", k.Name, n), func(t *testing.T) {
				for _, workers := range []int{1, 2, 5} {
					gram, err := block.Gram(context.Background(), &k, w, T(1/math.Sqrt(float64(n*m))), workers, make([]T, block.GramLen(n)))
					require.NoError(t, err)
					got, err := Values(context.Background(), &k, gram, workers)
					require.NoError(t, err)
					worst := 0.0
					for i := range got {
						worst = max(worst, math.Abs(got[i]-want[i]))
					}
					require.Less(t, worst, 200*kernel.Eps[T]()*want[n-1], "%s n=%d workers=%d", k.Name, n, workers)
				}
			})
		}
	}
}

// The eigenvalues of Gram matrices are the squares of the singular values that were
// prescribed.
func TestPrescribedSpectrum(t *testing.T) {
	t.Run("float32", testPrescribed[float32])
	t.Run("float64", testPrescribed[float64])
}

func testPrescribed[T kernel.Float](t *testing.T) {
	ctx := context.Background()
	for _, shape := range [][2]int{{1, 1}, {2, 5}, {48, 49}, {97, 97}, {193, 200}} {
		n, m := shape[0], shape[1]
		for _, kind := range matrices.Spectra {
			s := kind.Values(n)
			var norm float64
			for _, v := range s {
				norm += v * v
			}
			scale := T(math.Ldexp(1, -math.Ilogb(norm)/2-1))
			w := &kernel.Matrix{Rows: n, Cols: m, Stride: m, F64: matrices.Prescribed(rand.New(rand.NewPCG(uint64(n), 1)), n, m, s)}
			for _, k := range kernel.All[T]() {
				g, err := block.Gram(ctx, &k, w, scale, 2, make([]T, block.GramLen(n)))
				require.NoError(t, err)
				got, err := Values(ctx, &k, g, 2)
				require.NoError(t, err)
				require.Len(t, got, n)
				for i, l := range got { // ascending
					want := float64(scale) * s[n-1-i] * float64(scale) * s[n-1-i]
					// Products and the prescribed matrix are rounded, too.
					require.InDelta(t, want, l, 40*kernel.Eps[T](), "%s, %s, n = %d, value %d", k.Name, kind.Name, n, i)
				}
			}
		}
	}
}
