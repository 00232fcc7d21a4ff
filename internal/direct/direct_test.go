package direct

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
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

// WorkLen is what is allocated, but for some small change.
func TestWorkLen(t *testing.T) {
	k := kernel.All[float64]()[0]
	for _, shape := range [][2]int{{1, 1}, {800, 800}, {1100, 800}, {2500, 800}, {800, 2500}} {
		_, w := gaussian(1, shape[0], shape[1])
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Values(context.Background(), &k, w, 0x1p-12, 1)
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		got, want := after.TotalAlloc-before.TotalAlloc, 8*WorkLen(shape[0], shape[1])
		require.InEpsilon(t, want, got, 0.25, "%v: %d bytes allocated, %d foreseen", shape, got, want)
	}
}

// countdown is a context that ends after a number of looks at it.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Whichever stage the context ends in, Values returns its error.
func TestCanceled(t *testing.T) {
	k := kernel.All[float32]()[0]
	for _, shape := range [][2]int{{300, 300}, {2000, 150}} {
		_, w := gaussian(1, shape[0], shape[1])
		ctx := &countdown{Context: context.Background(), left: 1 << 30}
		_, err := Values(ctx, &k, w, 0x1p-12, 1)
		require.NoError(t, err)
		looks := 1<<30 - ctx.left
		for _, part := range []int{0, 10, 100, 300, 500, 700, 800, 900, 950, 980, 999, 1000} {
			ctx := &countdown{Context: context.Background(), left: (looks - 1) * part / 1000}
			_, err := Values(ctx, &k, w, 0x1p-12, 1)
			require.ErrorIs(t, err, context.Canceled, "%v, after %d of %d looks", shape, (looks-1)*part/1000, looks)
		}
	}
}
