package native

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// A diagonal matrix with elements off the diagonal whose squares underflow in
// float32: a reflector made from them would not be orthogonal.
func TestUnderflow(t *testing.T) {
	const n = 200
	rnd := rand.New(rand.NewPCG(1, 1))
	w := &kernel.Matrix{Rows: n, Cols: n, Stride: n, F32: make([]float32, n*n)}
	for i := range n {
		w.F32[i*n+i] = float32(n-i) / n
		w.F32[i*n+rnd.IntN(n)] += float32(math.Ldexp(rnd.Float64(), -60-rnd.IntN(30)))
	}
	for _, k := range kernel.All[float32]() {
		got, err := Gram(context.Background(), &k, w, 1, 2)
		require.NoError(t, err)
		for i, v := range got.Values {
			require.InDelta(t, float64(float32(n-i)/n), v, got.Errors[i], k.Name)
		}
	}
}
