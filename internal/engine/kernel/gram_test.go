package kernel

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// matrices returns one r×c matrix in every storage type, and its values.
func matrices(rnd *rand.Rand, r, c, stride int) ([]*Matrix, []float64) {
	values := make([]float64, (r-1)*stride+c)
	all := []*Matrix{
		{Rows: r, Cols: c, Stride: stride, F64: values},
		{Rows: r, Cols: c, Stride: stride}, {Rows: r, Cols: c, Stride: stride}, {Rows: r, Cols: c, Stride: stride},
	}
	for i := range values {
		values[i] = float64(rnd.IntN(255)-127) / 64 // exact in every type
		f := float32(values[i])
		all[1].F32 = append(all[1].F32, f)
		all[2].BF16 = append(all[2].BF16, bf16Bits(f))
		all[3].F16 = append(all[3].F16, f16Bits(values[i]))
	}
	return all, values
}

func TestGram(t *testing.T) {
	t.Run("float32", testGram[float32])
	t.Run("float64", testGram[float64])
}

func testGram[T Float](t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	const scale = 0.25
	for _, shape := range [][2]int{{1, 1}, {1, 9}, {9, 1}, {3, 300}, {47, 49}, {49, 47}, {100, 520}, {700, 97}, {200, 200}} {
		r, c := shape[0], shape[1]
		n := min(r, c)
		all, values := matrices(rnd, r, c, c+3)
		at := func(i, p int) float64 { // of the wide orientation
			if r <= c {
				return scale * values[i*(c+3)+p]
			}
			return scale * values[p*(c+3)+i]
		}
		for _, k := range All[T]() {
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
						require.InDelta(t, want, float64(got), 300*eps[T]()*size)
						if i/b == j/b {
							require.Equal(t, got, first.At(i/b, j/b)[j%b*b+i%b], "the mirrored half")
						}
					}
				}
			})
		}
	}
}

func bf16Bits(f float32) uint16 { return uint16(math.Float32bits(f) >> 16) }

// f16Bits encodes a value that binary16 holds exactly as a normal number or zero.
func f16Bits(v float64) uint16 {
	if v == 0 {
		return 0
	}
	frac, exp := math.Frexp(math.Abs(v))
	bits := uint16(exp+14)<<10 | uint16((2*frac-1)*1024)
	if v < 0 {
		bits |= 1 << 15
	}
	return bits
}
