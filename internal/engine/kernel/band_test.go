package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBandKernels(t *testing.T) {
	t.Run("float32", testBand[float32])
	t.Run("float64", testBand[float64])
}

// bandCase is a window in guarded memory, and its vectors.
type bandCase[T Float] struct {
	ld         int
	h, h0      []T
	x, a, y, b [Band]T
	check      func(*testing.T)
}

func newBandCase[T Float](rnd *rand.Rand, ld int) *bandCase[T] {
	c := &bandCase[T]{ld: ld}
	c.h, c.check = guarded[T]((Band-1)*ld + Band)
	fill(rnd, c.h)
	for _, v := range []*[Band]T{&c.x, &c.a, &c.y, &c.b} {
		fill(rnd, v[:])
	}
	c.h0 = clone(c.h)
	return c
}

func (c *bandCase[T]) at(i, j int) float64 { return float64(c.h0[j*c.ld+i]) }

// sym reads the lower half as a symmetric matrix.
func (c *bandCase[T]) sym(i, j int) float64 { return c.at(max(i, j), min(i, j)) }

func testBand[T Float](t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, k := range All[T]() {
		product := func(name string, ld int, f func(h []T, x, y *[Band]T), element func(c *bandCase[T], i, j int) float64) {
			t.Run(fmt.Sprintf("%s/%s/ld%d", k.Name, name, ld), func(t *testing.T) {
				c := newBandCase[T](rnd, ld)
				x := c.x
				f(c.h, &c.x, &c.y)
				c.check(t)
				require.Equal(t, c.h0, c.h)
				require.Equal(t, x, c.x)
				for i := range Band {
					var want, size float64
					for j := range Band {
						v := element(c, i, j) * float64(x[j])
						want += v
						size += math.Abs(v)
					}
					require.InDelta(t, want, float64(c.y[i]), Band*Eps[T]()*size, "element %d", i)
				}
			})
		}
		for _, ld := range []int{Band, SymStride, 3 * Band, 2*Band + 5} {
			product("mul", ld, func(h []T, x, y *[Band]T) { k.Mul(h, ld, x, y) }, (*bandCase[T]).at)
			product("mulT", ld, func(h []T, x, y *[Band]T) { k.MulT(h, ld, x, y) }, func(c *bandCase[T], i, j int) float64 { return c.at(j, i) })
			t.Run(fmt.Sprintf("%s/rank2/ld%d", k.Name, ld), func(t *testing.T) {
				c := newBandCase[T](rnd, ld)
				k.Rank2(c.h, ld, &c.x, &c.a, &c.y, &c.b)
				c.check(t)
				for at := range c.h {
					i, j := at%c.ld, at/c.ld
					if i >= Band {
						require.Equal(t, c.h0[at], c.h[at], "between the columns")
						continue
					}
					u, v := float64(c.x[i])*float64(c.a[j]), float64(c.y[i])*float64(c.b[j])
					size := math.Abs(c.at(i, j)) + math.Abs(u) + math.Abs(v)
					require.InDelta(t, c.at(i, j)-u-v, float64(c.h[at]), 6*Eps[T]()*size)
				}
			})
		}
		product("symMul", SymStride, k.SymMul, (*bandCase[T]).sym)

		t.Run(k.Name+"/symRank2", func(t *testing.T) {
			c := newBandCase[T](rnd, SymStride)
			k.SymRank2(c.h, &c.x, &c.y)
			c.check(t)
			for at := range c.h {
				i, j := at%c.ld, at/c.ld
				switch {
				case i >= Band:
					require.Equal(t, c.h0[at], c.h[at], "between the columns")
				case i >= j:
					u, v := float64(c.x[i])*float64(c.y[j]), float64(c.y[i])*float64(c.x[j])
					size := math.Abs(c.at(i, j)) + math.Abs(u) + math.Abs(v)
					require.InDelta(t, c.at(i, j)-u-v, float64(c.h[at]), 6*Eps[T]()*size)
				case j-i >= 16:
					require.Equal(t, c.h0[at], c.h[at], "far above the diagonal")
				}
			}
		})
	}
}
