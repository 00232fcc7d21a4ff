package householder

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// Panels are cut into whole register tiles.
func TestFactorRows(t *testing.T) {
	for _, k := range kernel.All[float32]() {
		require.Zero(t, factorRows%k.MR, k.Name)
	}
	for _, k := range kernel.All[float64]() {
		require.Zero(t, factorRows%k.MR, k.Name)
	}
}

func TestPanel(t *testing.T) {
	t.Run("float32", testPanel[float32])
	t.Run("float64", testPanel[float64])
}

// (I − V·T·Vᵀ)·R is the panel again, and the block reflector orthogonal.
func testPanel[T kernel.Float](t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, k := range kernel.All[T]() {
		for _, c := range []struct{ start, n int }{{0, 1}, {0, 2}, {0, 47}, {0, 48}, {0, 49}, {48, 100}, {48, 300}, {0, 500}} {
			t.Run(fmt.Sprintf("%s/%d-%d", k.Name, c.start, c.n), func(t *testing.T) {
				rows := c.n - c.start
				p := NewPanel(&k, kernel.RoundUp(c.n, k.NR)+k.NR)
				at := func(i, j int) *T { return &p.V.Cols(j/k.NR, c.start+i)[j%k.NR] }
				a := make([]float64, rows*kernel.Band)
				for i := range rows {
					for j := range kernel.Band {
						v := T(rnd.NormFloat64())
						if j%5 == 3 && i > 2 { // dependent columns
							v = *at(i, j-1)
						}
						*at(i, j), a[i*kernel.Band+j] = v, float64(v)
					}
				}
				r := make([]float64, rows*kernel.Band)
				set := 0
				p.Factor(c.start, c.n, func(i, j int, v T) {
					require.True(t, i <= j && i < rows)
					r[i*kernel.Band+j] = float64(v)
					set++
				})
				m := min(rows, kernel.Band)
				require.Equal(t, m*(m+1)/2+m*(kernel.Band-m), set, "elements of R")
				// x ← (I − V·T·Vᵀ)·x for the columns of R and of R again.
				apply := func(x []float64, tri func(i, j int) float64) {
					var vx, tvx [kernel.Band]float64
					for j := range kernel.Band {
						for i := range rows {
							vx[j] += float64(*at(i, j)) * x[i]
						}
					}
					for i := range kernel.Band {
						for j := range kernel.Band {
							tvx[i] += tri(i, j) * vx[j]
						}
					}
					for i := range rows {
						for j := range kernel.Band {
							x[i] -= float64(*at(i, j)) * tvx[j]
						}
					}
				}
				x := make([]float64, rows)
				for j := range kernel.Band {
					size := 0.0
					for i := range rows {
						x[i] = r[i*kernel.Band+j]
						size = max(size, x[i]*x[i])
					}
					apply(x, func(i, j int) float64 { return p.Tri[i*kernel.Band+j] })
					for i := range rows {
						require.InDelta(t, a[i*kernel.Band+j], x[i], 200*kernel.Eps[T]()*(1+size), "(%d, %d)", i, j)
					}
					apply(x, func(i, j int) float64 { return p.Tri[j*kernel.Band+i] })
					for i := range rows {
						require.InDelta(t, r[i*kernel.Band+j], x[i], 200*kernel.Eps[T]()*(1+size), "(%d, %d)", i, j)
					}
				}
			})
		}
	}
}

// Every step comes after the two steps of the sweep before that it depends on.
func TestChaseOrder(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 50, 333} {
		for _, workers := range []int{0, 1, 2, 7, math.MaxInt} {
			var mu sync.Mutex
			done := make([]int, n+1) // steps of each sweep
			total := 0
			steps := func(j int) int { return (n - j - 1 + kernel.Band - 1) / kernel.Band }
			err := Chase(context.Background(), n, workers, func() int { return 0 }, func(j, step int, _ int) {
				mu.Lock()
				defer mu.Unlock()
				require.Equal(t, done[j], step)
				if j > 0 {
					require.GreaterOrEqual(t, done[j-1], min(step+2, steps(j-1)), "sweep %d, step %d", j, step)
				}
				done[j]++
				total++
			})
			require.NoError(t, err)
			for j := range max(0, n-2) {
				require.Equal(t, steps(j), done[j])
				total -= done[j]
			}
			require.Zero(t, total)
		}
	}
}
