package kernel

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func TestProjection(t *testing.T) {
	t.Run("float32", testProjection[float32])
	t.Run("float64", testProjection[float64])
}

func testProjection[T Float](t *testing.T) {
	rnd := rand.New(rand.NewPCG(51, 52))
	for _, shape := range [][3]int{{1, 5, 1}, {30, 100, 3}, {90, 60, 4}, {100, 900, 47}, {900, 97, 25}} {
		r, c, rank := shape[0], shape[1], shape[2]
		n := min(r, c)
		all, values := matrices(rnd, r, c, c)
		w := mat.NewDense(r, c, values)
		var wide mat.Matrix = w
		if r > c {
			wide = w.T()
		}
		start := mat.NewDense(n, rank, nil)
		for i := range n {
			for j := range rank {
				start.Set(i, j, rnd.NormFloat64())
			}
		}
		var qr mat.QR
		qr.Factorize(start)
		var q, u, z, rest, uz, gram, zz, coupling mat.Dense
		qr.QTo(&q)
		u.CloneFrom(q.Slice(0, n, 0, rank))
		z.Mul(u.T(), wide)
		uz.Mul(&u, &z)
		rest.Sub(wide, &uz)
		gram.Mul(&rest, rest.T())
		zz.Mul(&z, z.T())
		coupling.Mul(&rest, z.T())
		near := 100 * eps[T]() * mat.Norm(w, 2) * mat.Norm(w, 2)
		for _, k := range All[T]() {
			t.Run(fmt.Sprintf("%s/%dx%d", k.Name, r, c), func(t *testing.T) {
				var first *Sym[T]
				for _, workers := range []int{1, 3} {
					p := k.NewProjection(&u)
					g := NewSym[T](n)
					fill(rnd, g.data)
					require.NoError(t, GramProjected(context.Background(), &k, g, all[1], 1, workers, make([]T, GramLen(n)), p))
					if first == nil {
						first = g
					}
					require.Equal(t, first, g, "%d workers", workers)
					for i := range n {
						for j := range i + 1 {
							b := g.Block
							require.InDelta(t, gram.At(i, j), float64(g.At(i/b, j/b)[i%b*b+j%b]), near)
						}
						for j := range rank {
							require.InDelta(t, coupling.At(i, j), float64(p.R.Get(i, j)), near)
						}
					}
					for i := range rank {
						for j := range rank {
							require.InDelta(t, zz.At(i, j), float64(p.ZZ.Get(i, j)), near)
						}
					}
				}
			})
		}
	}
}

func TestMulSym(t *testing.T) {
	rnd := rand.New(rand.NewPCG(53, 54))
	for _, n := range []int{1, 47, 48, 49, 300} {
		for _, k := range All[float64]() {
			g := NewSym[float64](n)
			dense := mat.NewSymDense(n, nil)
			b := g.Block
			for i := range n {
				for j := range i + 1 {
					v := rnd.NormFloat64()
					dense.SetSym(i, j, v)
					g.At(i/b, j/b)[i%b*b+j%b] = v
				}
			}
			g.mirror()
			const cols = 30
			x, y := k.NewPanels(n, cols), k.NewPanels(n, cols)
			in := mat.NewDense(n, cols, nil)
			for i := range n {
				for j := range cols {
					in.Set(i, j, rnd.NormFloat64())
					x.Set(i, j, in.At(i, j))
				}
			}
			require.NoError(t, k.MulSym(context.Background(), g, x, y, 2))
			var want mat.Dense
			want.Mul(dense, in)
			for i := range n {
				for j := range cols {
					require.InDelta(t, want.At(i, j), y.Get(i, j), 1e-11, "%s, n = %d", k.Name, n)
				}
			}
		}
	}
}
