package block

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/test/matrices"
)

func TestDenseLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	t.Run("float32", testDenseLoad[float32])
	t.Run("float64", testDenseLoad[float64])
}

func testDenseLoad[T kernel.Float](t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	const scale = 0.25
	for _, shape := range [][2]int{{1, 1}, {1, 9}, {9, 1}, {47, 49}, {49, 47}, {50, 50}, {700, 97}, {390, 400}} {
		r, c := shape[0], shape[1]
		m, n := max(r, c), min(r, c)
		all, values := matrices.EveryType(rnd, r, c, c+3)
		at := func(i, j int) float64 { // of the tall orientation
			if r <= c {
				i, j = j, i
			}
			return values[i*(c+3)+j]
		}
		for _, k := range kernel.All[T]() {
			t.Run(fmt.Sprintf("%s/%dx%d", k.Name, r, c), func(t *testing.T) {
				for which, w := range all {
					d := NewDense[T](m+50, n)
					for i := range d.data {
						d.data[i] = 99
					}
					// All but the first row, to the second row of blocks on.
					b := d.Block
					require.NoError(t, d.Load(context.Background(), &k, w, scale, b*min(1, m/b), 1, m-1, 2))
					end := b*min(1, m/b) + kernel.RoundUp(m-1, b)
					for i := range (m + 50 + b - 1) / b * b {
						for j := range kernel.RoundUp(n, b) {
							got := d.At(i/b, j/b)[i%b*b+j%b]
							row := i - b*min(1, m/b)
							switch {
							case row < 0 || i >= end:
								require.EqualValues(t, 99, got, "a row that is not loaded")
							case row >= m-1 || j >= n:
								require.Zero(t, got, "type %d, (%d, %d) is padding", which, i, j)
							default:
								require.EqualValues(t, scale*at(row+1, j), got, "type %d, (%d, %d)", which, i, j)
							}
						}
					}
				}
			})
		}
	}
}
