package block

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/test/matrices"
)

// The sums of long rows of one number: each slab rounds them by the same amount, which
// would be felt after thousands.
func TestTotal(t *testing.T) {
	const x = 1.1
	for _, m := range []int{leastFlush * kernel.GramDepth, leastFlush*kernel.GramDepth + 1, 2048 * kernel.GramDepth, 2_000_001} {
		for _, tall := range []bool{false, true} {
			w := &kernel.Matrix{Rows: 2, Cols: m, Stride: m}
			if tall {
				w = &kernel.Matrix{Rows: m, Cols: 2, Stride: 2}
			}
			for range 2 * m {
				w.BF16 = append(w.BF16, matrices.BF16(x))
			}
			exact := float64(m) * w.At(0, 0) * w.At(0, 0)
			for _, k := range kernel.All[float32]() {
				// In one level the longest would be off by 600 and more.
				g, err := Gram(context.Background(), &k, w, 1, 2, make([]float32, GramLen(2)))
				require.NoError(t, err)
				for i := range 2 {
					require.InEpsilon(t, exact, g.Get(i, 1), 40*kernel.Eps32, "%s, %d terms", k.Name, m)
				}
			}
		}
	}
}
