package symmetric

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

func randomGram(seed uint64, n, m int) ([]float64, *kernel.Matrix) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	data := make([]float64, n*m)
	for i := range data {
		data[i] = rnd.NormFloat64()
	}
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
					gram, err := kernel.Gram(context.Background(), &k, w, T(1/math.Sqrt(float64(n*m))), workers, make([]T, kernel.GramLen(n)))
					require.NoError(t, err)
					got, err := Values(context.Background(), &k, gram, workers)
					require.NoError(t, err)
					worst := 0.0
					for i := range got {
						worst = max(worst, math.Abs(got[i]-want[i]))
					}
					e := 0x1p-53
					if _, ok := any(T(0)).(float32); ok {
						e = 0x1p-24
					}
					require.Less(t, worst, 200*e*want[n-1], "%s n=%d workers=%d", k.Name, n, workers)
				}
			})
		}
	}
}
