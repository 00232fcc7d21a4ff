package measure

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// The peak beside a product is that of the product's instruction: of pairs, which make
// twice the flops of a multiply-add, for kernels that have them.
func TestGramOfOneInstruction(t *testing.T) {
	t.Run("float32", testGram[float32])
	t.Run("float64", testGram[float64])
}

func testGram[T kernel.Float](t *testing.T) {
	for _, k := range kernel.All[T]() {
		peak, product := Gram(&k, 2*k.NR)
		perStep, depth := 2., kernel.GramDepth
		if k.HasPairs() {
			perStep, depth = 4, kernel.PairDepth
		}
		assert.Equal(t, Peak(&k).Flops/2*perStep, peak.Flops, k.Name)
		assert.Equal(t, float64(depth*k.NR*k.NR)*perStep, product.Flops, k.Name)
		peak.Run()
		product.Run()
	}
}

func TestKernels(t *testing.T) {
	known := kernel.AllKnown()
	for _, d := range []time.Duration{0, time.Nanosecond} {
		all := Kernels(d)
		require.Len(t, all, len(known))
		for i, k := range all {
			assert.Equal(t, known[i], k.Known)
			measured := d > 0 && len(k.Missing) == 0
			for _, speed := range []float64{k.Float32.Peak, k.Float32.Strip, k.Float64.Peak, k.Float64.Strip} {
				assert.Equal(t, measured, speed > 0, k.Name)
			}
		}
	}
}

func TestWork(t *testing.T) {
	calls := 0
	w := Work{Flops: 3, Run: func() { calls++ }}
	twice := w.Times(2)
	twice.Run()
	assert.Equal(t, 2, calls)
	assert.Equal(t, 6., twice.Flops)
	assert.Positive(t, w.RateOver(0))
	assert.Equal(t, 4, calls, "a call to warm up and one to time")
	assert.GreaterOrEqual(t, w.Repeats(time.Microsecond), 1)
}
