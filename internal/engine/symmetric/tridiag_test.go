package symmetric

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/stretchr/testify/require"
	lapackgonum "gonum.org/v1/gonum/lapack/gonum"
	"gonum.org/v1/gonum/lapack/testlapack"
)

// sweeper is that of the best kernel; the kernels agree to the bit.
func sweeper(n int) *kernel.Sweeper { return kernel.All[float64]()[0].NewSweeper(n) }

// asLapack gives TridiagonalValues the signature of LAPACK.
type asLapack struct{ lapackgonum.Implementation }

func (asLapack) Dsterf(n int, d, e []float64) bool {
	return TridiagonalValues(context.Background(), sweeper, d[:n], e[:max(0, n-1)]) == nil
}

func TestDsterfSuite(t *testing.T) { testlapack.DsterfTest(t, asLapack{}) }

func TestTridiagonalValues(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for trial := range 300 {
		n := 1 + rnd.IntN(120)
		d, e := make([]float64, n), make([]float64, n-1)
		scale := math.Pow(10, float64(rnd.IntN(200)-100))
		for i := range d {
			d[i] = rnd.NormFloat64() * scale
			switch trial % 4 {
			case 1:
				d[i] *= math.Pow(10, -8*float64(i)/float64(n)) // graded
			case 2:
				d[i] = scale // one cluster
			case 3:
				d[i] *= math.Pow(10, -8*float64(n-i)/float64(n))
			}
		}
		for i := range e {
			e[i] = rnd.NormFloat64() * math.Sqrt(math.Abs(d[i])) * math.Sqrt(math.Abs(d[i+1]))
			if rnd.IntN(10) == 0 {
				e[i] = 0
			}
		}
		want := slices.Clone(d)
		require.True(t, lapackgonum.Implementation{}.Dsterf(n, want, slices.Clone(e)))
		require.NoError(t, TridiagonalValues(context.Background(), sweeper, d, e))
		size := max(math.Abs(want[0]), math.Abs(want[n-1]))
		require.InDeltaSlice(t, want, d, 100*0x1p-53*size, "trial %d, n = %d", trial, n)
	}
}

func TestTridiagonalZero(t *testing.T) {
	d := make([]float64, 5)
	require.NoError(t, TridiagonalValues(context.Background(), sweeper, d, make([]float64, 4)))
	require.Equal(t, make([]float64, 5), d)
	require.NoError(t, TridiagonalValues(context.Background(), sweeper, nil, nil))
}

func TestTridiagonalCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, TridiagonalValues(ctx, sweeper, []float64{1, 2, 3}, []float64{1, 1}), context.Canceled)
}
