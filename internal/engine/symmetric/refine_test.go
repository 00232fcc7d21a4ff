package symmetric

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// The eigenvalues of the second difference are 2 − 2·cos(kπ/(n+1)).
func TestRefine(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 50, 1000} {
		for _, scale := range []float64{1, 0x1p-300, 0x1p300} {
			d, e, want := make([]float64, n), make([]float64, n-1), make([]float64, n)
			for i := range d {
				d[i] = 2 * scale
				half := math.Sin(float64(i+1) * math.Pi / float64(2*(n+1)))
				want[i] = 4 * half * half * scale
			}
			for i := range e {
				e[i] = -scale
			}
			values := slices.Clone(d)
			require.NoError(t, TridiagonalValues(context.Background(), sweeper, values, slices.Clone(e)))
			require.NoError(t, refine(context.Background(), values, d, e, 2))
			require.InDeltaSlice(t, want, values, 8*0x1p-53*4*scale, "n = %d", n)
		}
	}
}

// Pivots of exactly zero, a matrix in pieces, and one of zeros.
func TestRefineExact(t *testing.T) {
	for _, c := range []struct{ d, e, values, want []float64 }{
		{[]float64{0, 0, 0}, []float64{1, 1}, []float64{-1.4, 0.1, 1.4}, []float64{-math.Sqrt2, 0, math.Sqrt2}},
		{[]float64{1, 1, 0.5}, []float64{0, 0}, []float64{0.4, 1.1, 0.9}, []float64{0.5, 1, 1}},
		{[]float64{0, 0}, []float64{0}, []float64{0, 0}, []float64{0, 0}},
	} {
		require.NoError(t, refine(context.Background(), c.values, c.d, c.e, 1))
		require.InDeltaSlice(t, c.want, c.values, 4*0x1p-53*1.5)
	}
}
