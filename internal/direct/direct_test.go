package direct

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/kernel"
)

func eps[T kernel.Float]() float64 {
	if _, ok := any(T(0)).(float32); ok {
		return 0x1p-24
	}
	return 0x1p-53
}

func gaussian(seed uint64, r, c int) ([]float64, *kernel.Matrix) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	data := make([]float64, r*c)
	for i := range data {
		data[i] = rnd.NormFloat64()
	}
	return data, &kernel.Matrix{Rows: r, Cols: c, Stride: c, F64: data}
}

func TestValues(t *testing.T) {
	t.Run("float32", testValues[float32])
	t.Run("float64", testValues[float64])
}

// shapes covers the smallest, panel and block edges, both sides of the QR
// crossover, more rows than stream at once, and both orientations.
var shapes = [][2]int{
	{1, 1}, {1, 2}, {2, 2}, {3, 2}, {3, 3}, {4, 3}, {5, 5}, {47, 47}, {48, 48}, {49, 48}, {49, 49}, {50, 97}, {95, 95}, {96, 96}, {97, 97},
	{145, 143}, {191, 192}, {193, 193}, {250, 240}, {400, 385}, {1, 700}, {900, 3}, {900, 100}, {97, 1700}, {800, 193}, {2000, 50}, {450, 450},
}

func testValues[T kernel.Float](t *testing.T) {
	ctx := context.Background()
	for _, s := range shapes {
		for _, shape := range [][2]int{s, {s[1], s[0]}} {
			r, c := shape[0], shape[1]
			data, w := gaussian(uint64(r*10000+c), r, c)
			var svd mat.SVD
			require.True(t, svd.Factorize(mat.NewDense(r, c, data), mat.SVDNone))
			want := svd.Values(nil)
			scale := math.Ldexp(1, -6-math.Ilogb(math.Sqrt(float64(r*c))))
			for _, k := range kernel.All[T]() {
				t.Run(fmt.Sprintf("%dx%d/%s", r, c, k.Name), func(t *testing.T) {
					var first []float64
					for _, workers := range []int{1, 2, 7} {
						got, err := Values(ctx, &k, w, T(scale), workers)
						require.NoError(t, err)
						require.Len(t, got, len(want))
						if first == nil {
							first = got
						}
						require.Equal(t, first, got, "%d workers", workers)
					}
					for i, s := range first {
						require.InDelta(t, want[i], s/scale, 32*eps[T]()*want[0], "value %d", i)
					}
				})
			}
		}
	}
}
