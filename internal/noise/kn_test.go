package noise

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// oneByOne is kritchmanNadler without passing anything over.
func oneByOne(s Sample, edge unitEdge) (sigma float64, k int) {
	fit := makeSquares(s.Values, s.Values)
	for k := 0; ; k++ {
		sigma, _ := fit.sigma(k, s.Large)
		if s.Values[k] <= sigma*edge(s.Small-k, s.Large-k) || k == s.Small-1 {
			return sigma, k
		}
	}
}

// Passing over values that are above an earlier edge changes nothing.
func TestKritchmanNadlerPassesOver(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 9))
	edge := edgeAt(0.01)
	found := 0
	for range 3000 {
		n := 2 + rng.IntN(80)
		s := Sample{Small: n, Large: n + rng.IntN(2)*rng.IntN(200), Values: make([]float64, n)}
		kind, power := rng.IntN(4), rng.Float64()
		for i := range s.Values {
			switch kind {
			case 0:
				s.Values[i] = math.Pow(1-rng.Float64(), -2*power)
			case 1:
				s.Values[i] = rng.Float64()
			case 2:
				s.Values[i] = math.Exp(3 * power * rng.NormFloat64())
			case 3:
				s.Values[i] = 1 + 0.5*rng.NormFloat64()*rng.NormFloat64() + 3*float64(rng.IntN(5)/4)
			}
			s.Values[i] = math.Abs(s.Values[i])
		}
		slices.Sort(s.Values)
		slices.Reverse(s.Values)
		s.Values = divided(s.Values, s.Values[0])
		sigma, k := oneByOne(s, edge)
		got := kritchmanNadler(s, edge)
		require.Equal(t, sigma, got.Sigma)
		require.Equal(t, sigma*edge(n-k, s.Large-k), got.Threshold)
		found += min(k, 1)
		s.Errors = make([]float64, n)
		for i := range s.Errors {
			s.Errors[i] = rng.Float64() * []float64{1e-6, 0.3}[k%2]
		}
		require.Equal(t, sigma, kritchmanNadler(s, edge).Sigma)
	}
	require.Greater(t, found, 1000)
}
