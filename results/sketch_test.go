package results

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSketchRanks(t *testing.T) {
	assert.Empty(t, SketchRanks(0))
	assert.Empty(t, SketchRanks(-1))
	assert.Equal(t, []int{0}, SketchRanks(1))
	for _, n := range []int{2, 511, 512, 513, 514, 600, 960, 4096, 28672, math.MaxInt32} {
		ranks := SketchRanks(n)
		assert.Len(t, ranks, min(n, 512))
		assert.Equal(t, 0, ranks[0])
		assert.Equal(t, n-1, ranks[len(ranks)-1])
		for i := 1; i < len(ranks); i++ {
			assert.Greater(t, ranks[i], ranks[i-1], "%d values, point %d", n, i)
		}
		if n > 512 {
			assert.Equal(t, 63, ranks[63])
			assert.Equal(t, 64, ranks[64])
			assert.Equal(t, 64+int(math.Floor(100*float64(n-65)/447+.5)), ranks[164])
		}
	}
}

func TestSketch(t *testing.T) {
	assert.Nil(t, Sketch(nil))
	assert.Equal(t, []float64{math.MaxFloat64, 123500, 1.001, 2.225e-308, 0}, Sketch([]float64{math.MaxFloat64, 123456, 1.00051, 2.2251e-308, 0}))
	values := make([]float64, 1000)
	for i := range values {
		values[i] = float64(len(values) - i)
	}
	sketch := Sketch(values)
	assert.Len(t, sketch, 512)
	assert.Equal(t, []float64{1000, 1}, []float64{sketch[0], sketch[511]})
	assert.True(t, slices.IsSortedFunc(sketch, func(a, b float64) int { return int(b - a) }))
}
