package native

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/test/matrices"
)

// The last piece of a slab ends with its panels, and is made of whole register tiles.
func TestChunk(t *testing.T) {
	require.Zero(t, kernel.GramDepth%chunk)
	require.Zero(t, chunk%kernel.Band)
}

func TestProjection(t *testing.T) {
	t.Run("float32", testProjection[float32])
	t.Run("float64", testProjection[float64])
}

func testProjection[T kernel.Float](t *testing.T) {
	rnd := rand.New(rand.NewPCG(51, 52))
	for _, shape := range [][3]int{{1, 5, 1}, {30, 100, 3}, {90, 60, 4}, {100, 900, 47}, {900, 97, 25}} {
		r, c, rank := shape[0], shape[1], shape[2]
		n := min(r, c)
		all, values := matrices.EveryType(rnd, r, c, c)
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
		near := 100 * kernel.Eps[T]() * mat.Norm(w, 2) * mat.Norm(w, 2)
		for _, k := range kernel.All[T]() {
			t.Run(fmt.Sprintf("%s/%dx%d", k.Name, r, c), func(t *testing.T) {
				var first *block.Sym[T]
				for _, workers := range []int{1, 3} {
					p := newProjection(&k, &u)
					work := make([]T, block.GramLen(n))
					g, err := block.Gram(context.Background(), &k, all[1], 1, workers, work) // to be overwritten
					require.NoError(t, err)
					err = block.GramOf(context.Background(), &k, g, all[1], 1, workers, work, func(s block.Slab[T]) error {
						return p.apply(context.Background(), s, workers)
					})
					require.NoError(t, err)
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
							require.InDelta(t, coupling.At(i, j), float64(p.r.Get(i, j)), near)
						}
					}
					for i := range rank {
						for j := range rank {
							require.InDelta(t, zz.At(i, j), float64(p.zz.Get(i, j)), near)
						}
					}
				}
			})
		}
	}
}
