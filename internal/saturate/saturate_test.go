package saturate

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Both are those of integers without end, cut to the range.
func TestAsBig(t *testing.T) {
	least, most := big.NewInt(math.MinInt64), big.NewInt(math.MaxInt64)
	cut := func(x *big.Int) int64 {
		switch {
		case x.Cmp(most) > 0:
			return math.MaxInt64
		case x.Cmp(least) < 0:
			return math.MinInt64
		}
		return x.Int64()
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		a, b := rnd.Int64()>>rnd.IntN(63), rnd.Int64()>>rnd.IntN(63)
		x, y := big.NewInt(a), big.NewInt(b)
		if a > 0 && b > 0 {
			assert.Equal(t, cut(new(big.Int).Mul(x, y)), Product(a, b))
		}
		for _, s := range []int64{1, -1} {
			a, b := s*a, b*(1-2*rnd.Int64N(2))
			assert.Equal(t, cut(new(big.Int).Add(big.NewInt(a), big.NewInt(b))), Sum(a, b))
		}
	}
	assert.Equal(t, int64(math.MinInt64), Sum(math.MinInt64, -1))
	assert.Equal(t, int64(1), Product())
	assert.Zero(t, Product(3, -1, math.MaxInt64))
	assert.Zero(t, Product(math.MaxInt64, math.MaxInt64, 0))
}
