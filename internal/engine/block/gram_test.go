package block

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/test/matrices"
)

func TestGram(t *testing.T) {
	t.Run("float32", testGram[float32])
	t.Run("float64", testGram[float64])
}

func testGram[T kernel.Float](t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	const scale = 0.25
	for _, shape := range [][2]int{{1, 1}, {1, 9}, {9, 1}, {3, 300}, {47, 49}, {49, 47}, {100, 520}, {700, 97}, {200, 200}} {
		r, c := shape[0], shape[1]
		n := min(r, c)
		all, values := matrices.EveryType(rnd, r, c, c+3)
		at := func(i, p int) float64 { // of the wide orientation
			if r <= c {
				return scale * values[i*(c+3)+p]
			}
			return scale * values[p*(c+3)+i]
		}
		for _, k := range kernel.All[T]() {
			t.Run(fmt.Sprintf("%s/%dx%d", k.Name, r, c), func(t *testing.T) {
				var first *Sym[T]
				for which, w := range all {
					for _, workers := range []int{1, 3} {
						g, err := Gram(context.Background(), &k, w, scale, workers, make([]T, GramLen(n)))
						require.NoError(t, err)
						if first == nil {
							first = g
						}
						require.Equal(t, first, g, "%s, %d×%d, type %d, %d workers", k.Name, r, c, which, workers)
					}
				}
				for i := range n {
					for j := range i + 1 {
						var want, size float64
						for p := range max(r, c) {
							x := at(i, p) * at(j, p)
							want += x
							size += max(x, -x)
						}
						b := first.Block
						got := first.At(i/b, j/b)[i%b*b+j%b]
						require.InDelta(t, want, float64(got), 300*kernel.Eps[T]()*size)
						if i/b == j/b {
							require.Equal(t, got, first.At(i/b, j/b)[j%b*b+i%b], "the mirrored half")
						}
					}
				}
			})
		}
	}
}

// Products of pairs agree with products of float32, for weights outside what the
// instruction keeps, and for those at its edges.
func TestPairsGram(t *testing.T) {
	rnd := rand.New(rand.NewPCG(33, 34))
	all := kernel.All[float32]()
	if !slices.ContainsFunc(all, func(k kernel.Kernel[float32]) bool { return k.HasPairs() }) {
		t.Skip("this CPU has no bfloat16 products")
	}
	plain := kernel.Named[float32]("avx512")
	require.False(t, plain.HasPairs())
	for _, k := range all {
		if !k.HasPairs() {
			continue
		}
		for _, shape := range [][2]int{{1, 1}, {5, 1023}, {1023, 5}, {49, 1030}, {1031, 51}, {100, 513}} {
			for _, size := range []float64{0x1p-120, 0x1p-40, 0x1p-30, 1, 0x1p50, 0x1p65, 0x1p120} {
				r, c := shape[0], shape[1]
				w := &kernel.Matrix{Rows: r, Cols: c, Stride: c}
				for range r * c {
					w.BF16 = append(w.BF16, matrices.BF16(float32(rnd.NormFloat64()*size)))
				}
				n := min(r, c)
				exp := -math.Ilogb(size) - 2 - math.Ilogb(math.Sqrt(float64(r*c))) - 1
				scale := float32(math.Ldexp(1, min(exp, 127)))
				got, err := Gram(context.Background(), &k, w, scale, 2, make([]float32, GramLen(n)))
				require.NoError(t, err)
				want, err := Gram(context.Background(), plain, w, scale, 2, make([]float32, GramLen(n)))
				require.NoError(t, err)
				var largest float32
				for _, v := range want.data {
					largest = max(largest, v)
				}
				require.Positive(t, largest)
				for i, v := range want.data {
					require.InDelta(t, v, got.data[i], 64*0x1p-24*float64(largest), "%d×%d of size %g", r, c, size)
				}
			}
		}
	}
}
