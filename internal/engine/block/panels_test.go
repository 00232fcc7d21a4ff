package block

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

func TestMulSym(t *testing.T) {
	rnd := rand.New(rand.NewPCG(53, 54))
	for _, n := range []int{1, 47, 48, 49, 300} {
		for _, k := range kernel.All[float64]() {
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
			x, y := NewPanels(&k, n, cols), NewPanels(&k, n, cols)
			in := mat.NewDense(n, cols, nil)
			for i := range n {
				for j := range cols {
					in.Set(i, j, rnd.NormFloat64())
					x.Set(i, j, in.At(i, j))
				}
			}
			require.NoError(t, MulSym(context.Background(), &k, g, x, y, 2))
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
