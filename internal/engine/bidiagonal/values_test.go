package bidiagonal

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gospectrum/spectrum/internal/engine/sturm"
	"github.com/stretchr/testify/require"
	lapackgonum "gonum.org/v1/gonum/lapack/gonum"
)

// The bidiagonal matrix of ones has the singular values 2·cos(kπ/(2n+1)).
func TestBidiagonalOnes(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 10, 100, 1000, 2000} {
		d, e := make([]float64, n), make([]float64, n-1)
		for i := range d {
			d[i] = 1
		}
		for i := range e {
			e[i] = -1
		}
		for _, rough := range []bool{true, false} {
			got, err := bidiagonalValues(context.Background(), d, e, rough, 2)
			require.NoError(t, err)
			require.Len(t, got, n)
			tol := 4 * 0x1p-52
			if rough {
				tol = 0x1p-40
			}
			for i, s := range got {
				require.InDelta(t, 2*math.Cos(float64(i+1)*math.Pi/float64(2*n+1)), s, 2*tol, "n = %d, rough %v, value %d", n, rough, i)
			}
		}
	}
}

func TestBidiagonalAgainstLapack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for trial := range 400 {
		n := 1 + rnd.IntN(150)
		d, e := make([]float64, n), make([]float64, n-1)
		scale := math.Pow(10, float64(rnd.IntN(500)-250))
		for i := range d {
			d[i] = rnd.NormFloat64() * scale
			switch trial % 6 {
			case 1:
				d[i] *= math.Pow(10, -20*float64(i)/float64(n)) // graded
			case 2:
				d[i] = scale // one cluster
			case 3:
				d[i] *= math.Pow(10, -20*float64(n-i)/float64(n))
			case 4:
				if rnd.IntN(3) == 0 {
					d[i] = 0
				}
			}
		}
		for i := range e {
			e[i] = rnd.NormFloat64() * min(math.Abs(d[i]), math.Abs(d[i+1])) * math.Pow(10, -10*rnd.Float64()*float64(trial%2))
			if rnd.IntN(10) == 0 {
				e[i] = 0
			}
			if trial%6 == 4 {
				e[i] = rnd.NormFloat64() * scale
			}
		}
		want := slices.Clone(d)
		require.Zero(t, lapackgonum.Implementation{}.Dlasq1(n, want, append(slices.Clone(e), 0), make([]float64, 4*n)))
		got, err := bidiagonalValues(context.Background(), d, e, false, 1)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, got, 64*0x1p-53*want[0], "trial %d, n = %d", trial, n)
		rough, err := bidiagonalValues(context.Background(), d, e, true, 1)
		require.NoError(t, err)
		require.InDeltaSlice(t, got, rough, 0x1p-40*want[0], "trial %d, n = %d", trial, n)
	}
}

func TestBidiagonalZero(t *testing.T) {
	got, err := bidiagonalValues(context.Background(), make([]float64, 5), make([]float64, 4), false, 1)
	require.NoError(t, err)
	require.Equal(t, make([]float64, 5), got)
}

func TestBidiagonalCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := bidiagonalValues(ctx, []float64{1, 2, 3}, []float64{1, 1}, false, 1)
	require.ErrorIs(t, err, context.Canceled)
}

func BenchmarkBidiagonalValues(b *testing.B) {
	const n = 2048
	rnd := rand.New(rand.NewPCG(1, 2))
	d, e := make([]float64, n), make([]float64, n-1)
	for i := range e { // χ distributed, as of Gaussian noise
		d[i] = math.Sqrt(float64(n-i)) + rnd.NormFloat64()
		e[i] = math.Sqrt(float64(n-i)) + rnd.NormFloat64()
	}
	for _, rough := range []bool{true, false} {
		b.Run(fmt.Sprintf("rough=%v", rough), func(b *testing.B) {
			for b.Loop() {
				if _, err := bidiagonalValues(context.Background(), d, e, rough, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("gonum", func(b *testing.B) {
		for b.Loop() {
			lapackgonum.Implementation{}.Dlasq1(n, slices.Clone(d), append(slices.Clone(e), 0), make([]float64, 4*n))
		}
	})
}

// Where a pivot is zero the counts of a pass without a test for it are redone.
func TestCountZeroPivot(t *testing.T) {
	r := refiner{q: []float64{1, 1, 4, 4}, e: []float64{1, 0, 0, 0}}
	// The first block has the values (√5±1)/2, and 1 is its first pivot's zero.
	x := [sturm.Lanes]float64{1, 0.25, 2, 3}
	require.Equal(t, [sturm.Lanes]int{1, 0, 2, 4}, r.count(&x))
	require.Equal(t, 4, r.countSafely(2.5))
	require.Zero(t, r.countSafely(0))
}
