package kernel

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The rules that stand at Band.
func TestSizes(t *testing.T) {
	t.Run("float32", testSizes[float32])
	t.Run("float64", testSizes[float64])
}

func testSizes[T Float](t *testing.T) {
	for _, k := range All[T]() {
		for _, rule := range []struct {
			name        string
			whole, part int
		}{
			{"lanes divide NR", k.NR, k.lanes},
			{"lanes divide Band", Band, k.lanes},
			{"lanes divide MaxLanes", MaxLanes, k.lanes},
			{"MR divides NR", k.NR, k.MR},
			{"NR divides Band", Band, k.NR},
			{"MR divides GramDepth", GramDepth, k.MR},
			{"Band divides GramDepth", GramDepth, Band},
		} {
			assert.Zero(t, rule.whole%rule.part, "%s: %s: %d, %d", k.Name, rule.name, rule.part, rule.whole)
		}
		assert.GreaterOrEqual(t, k.MR, 1, k.Name)
	}
	assert.LessOrEqual(t, PairDepth, GramDepth)
	// What a window's stores may hit above the diagonal is the gap of the column before.
	assert.GreaterOrEqual(t, SymStride, 2*Band+MaxLanes)
}
