package block

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/test/matrices"
)

func TestRotations(t *testing.T) {
	all := rotations(ofRows, 0, 1000)
	require.Equal(t, all[300:], rotations(ofRows, 300, 700), "a sequence")
	var seen []float64
	for i, r := range all {
		require.InDelta(t, 1, r.c*r.c+r.s*r.s, 4*kernel.Eps64, "%d", i)
		require.Greater(t, r.c, 0.1)
		require.Greater(t, r.s, 0.19)
		seen = append(seen, r.c)
	}
	slices.Sort(seen)
	require.Len(t, slices.Compact(seen), len(all), "no two alike")
}

// The eigenvalues stay, to rounding errors, whatever the number of workers.
func TestSymRotate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 47, 48, 49, 97} {
		s, dense := NewSym[float64](n), mat.NewSymDense(n, nil)
		for i := range n {
			for j := range i + 1 {
				v := rnd.NormFloat64()
				dense.SetSym(i, j, v)
				s.At(i/s.Block, j/s.Block)[i%s.Block*s.Block+j%s.Block] = v
			}
		}
		s.mirror()
		other := s.Clone()
		require.NoError(t, s.Rotate(context.Background(), 1))
		require.NoError(t, other.Rotate(context.Background(), 3))
		require.Equal(t, s, other)
		turned := mat.NewSymDense(n, nil)
		for i := range n {
			for j := range n {
				turned.SetSym(i, j, s.Get(i, j))
			}
			for j := i + 1; i/s.Block == j/s.Block && j < n; j++ {
				b := s.At(i/s.Block, i/s.Block)
				require.Equal(t, b[i%s.Block*s.Block+j%s.Block], b[j%s.Block*s.Block+i%s.Block], "both halves")
			}
		}
		require.InDeltaSlice(t, eigenvalues(dense), eigenvalues(turned), 1e-12*math.Sqrt(float64(n)))
		if n > 1 {
			require.NotEqual(t, dense.At(1, 1), turned.At(1, 1))
		}
		last := s.At(s.Blocks()-1, 0)[s.Block*(s.Block-1):]
		if n%s.Block != 0 {
			require.Equal(t, make([]float64, len(last)), last, "n = %d: padding", n)
		}
	}
}

func eigenvalues(s *mat.SymDense) []float64 {
	var e mat.EigenSym
	if !e.Factorize(s, false) {
		panic("no convergence")
	}
	return e.Values(nil)
}

// Rows that come in two pieces are rotated as those of one matrix are.
func TestDenseRotate(t *testing.T) {
	ctx := context.Background()
	rnd := rand.New(rand.NewPCG(3, 4))
	k := kernel.All[float64]()[0]
	for _, shape := range [][2]int{{1, 1}, {2, 1}, {1, 2}, {5, 3}, {96, 48}, {150, 61}} {
		r, c := shape[0], shape[1]
		data := matrices.Gaussian(rnd, r*c)
		w := &kernel.Matrix{Rows: r, Cols: c, Stride: c, F64: data}
		want := NewDense[float64](max(r, c), min(r, c))
		require.NoError(t, want.Load(ctx, &k, w, 1, 0, 0, max(r, c), 1))
		before := values(want)
		require.NoError(t, want.Rotate(ctx, 0, 0, max(r, c), 1))
		require.InDeltaSlice(t, before, values(want), 1e-13*math.Sqrt(float64(r*c)))
		if top := want.Block; max(r, c) > top {
			got := NewDense[float64](max(r, c), min(r, c))
			require.NoError(t, got.Load(ctx, &k, w, 1, 0, 0, top, 2))
			require.NoError(t, got.Load(ctx, &k, w, 1, top, top, max(r, c)-top, 2))
			require.NoError(t, got.Rotate(ctx, 0, 0, top, 2))
			require.NoError(t, got.Rotate(ctx, top, top, max(r, c)-top, 2))
			require.Equal(t, want, got)
		}
	}
}

func values(d *Dense[float64]) []float64 {
	m := mat.NewDense(d.Rows, d.Cols, nil)
	for i := range d.Rows {
		for j := range d.Cols {
			m.Set(i, j, d.At(i/d.Block, j/d.Block)[i%d.Block*d.Block+j%d.Block])
		}
	}
	var svd mat.SVD
	if !svd.Factorize(m, mat.SVDNone) {
		panic("no convergence")
	}
	return svd.Values(nil)
}

// Rotated terms have the same sums, and rotated rows are those of a rotated Gram matrix.
func TestSlabRotate(t *testing.T) {
	ctx := context.Background()
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, shape := range [][2]int{{3, 1}, {3, 2}, {50, 900}, {401, 20}, {97, 97}} {
		r, c := shape[0], shape[1]
		all, _ := matrices.EveryType(rnd, r, c, c)
		for _, k := range kernel.All[float64]() {
			n := min(r, c)
			want, err := Gram(ctx, &k, all[1], 0.5, 1, make([]float64, GramLen(n)))
			require.NoError(t, err)
			require.NoError(t, want.Rotate(ctx, 1))
			var first *Sym[float64]
			for _, workers := range []int{1, 3} {
				got := NewSym[float64](n)
				err := GramOf(ctx, &k, got, all[1], 0.5, workers, make([]float64, GramLen(n)), func(s Slab[float64]) error {
					return s.Rotate(ctx, workers)
				})
				require.NoError(t, err)
				if first == nil {
					first = got
				}
				require.Equal(t, first, got)
			}
			for i := range n {
				for j := range i + 1 {
					require.InDelta(t, want.Get(i, j), first.Get(i, j), 1e-12*float64(max(r, c)), "%s, %v", k.Name, shape)
				}
			}
		}
	}
}
