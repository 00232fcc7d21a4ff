package sturm

import (
	"context"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counter counts values that are known: what a Sturm sequence does of a matrix.
func counter(values []float64) Counter {
	return func(x *[Lanes]float64) (c [Lanes]int) {
		for l := range c {
			c[l] = sort.SearchFloat64s(values, x[l])
		}
		return c
	}
}

func TestRefine(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const width = 1e-9
	for _, n := range []int{1, 2, Lanes - 1, Lanes, Lanes + 1, 3*Lanes + 2, 100} {
		want := make([]float64, n)
		for i := range want {
			want[i] = rnd.NormFloat64()
			if i%5 == 4 {
				want[i] = want[i-1] // equal values
			}
		}
		slices.Sort(want)
		// From as near as the answer has to be to beyond every value.
		for _, off := range []float64{0, width, 1e-6, 1, 50} {
			var first []float64
			for _, workers := range []int{1, 2, 7} {
				s := slices.Clone(want)
				for i := range s {
					s[i] += off * (1 - 2*float64(i%2))
				}
				require.NoError(t, Refine(context.Background(), s, width, workers, counter(want)))
				const rounding = 1e-15
				assert.InDeltaSlice(t, want, s, width+rounding, "n %d, off by %g", n, off)
				if first == nil {
					first = s
				}
				assert.Equal(t, first, s, "workers %d", workers)
			}
		}
	}
}

func TestRefineCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, Refine(ctx, []float64{1}, 1e-9, 1, counter([]float64{1})), context.Canceled)
}
