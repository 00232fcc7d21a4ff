package statistics_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/statistics"
)

func spectrumOf(t testing.TB, values, errs []float64, rows, cols int) *statistics.Spectrum {
	t.Helper()
	s, err := statistics.New(values, errs, rows, cols)
	require.NoError(t, err)
	return s
}

// descending draws n values of one of several kinds.
func descending(rng *rand.Rand, n int) []float64 {
	kind, power := rng.IntN(6), 0.3+rng.Float64()
	v := make([]float64, n)
	for i := range v {
		switch kind {
		case 0:
			v[i] = rng.Float64()
		case 1:
			v[i] = math.Pow(1-rng.Float64(), -power)
		case 2:
			v[i] = float64(1 + rng.IntN(5))
		case 3:
			v[i] = max(0, 1+rng.NormFloat64())
		case 4:
			v[i] = math.Pow(0.9, float64(i)) * 1e-3
		case 5:
			v[i] = 1 + 0.3*rng.NormFloat64()
			if i%11 == 0 {
				v[i] += 5 * rng.Float64()
			}
		}
	}
	for i := range v {
		v[i] = math.Abs(v[i])
	}
	slices.Sort(v)
	slices.Reverse(v)
	return v
}

// Whatever spectrum there is within the errors, each statistic is within its bound of that
// one's, and each count within its range.
func TestBoundsHold(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 3))
	certain := make(map[string]int)
	for round := range 3000 {
		n := 1 + rng.IntN(60)
		cols := n + rng.IntN(100)*rng.IntN(2)
		exact := descending(rng, n)
		size := math.Pow(10, -2-12*rng.Float64()) * exact[0]
		values, errs := make([]float64, n), make([]float64, n)
		for i, v := range exact {
			errs[i] = size * rng.Float64()
			values[i] = max(0, v+errs[i]*(2*rng.Float64()-1))
			if round%3 == 0 { // to the very end
				values[i] = max(0, v+errs[i]*float64(1-2*rng.IntN(2)))
			}
		}
		if round%4 == 0 {
			errs = []float64{size}
		}
		slices.Sort(values)
		slices.Reverse(values)
		// Sorting moves values next to errors of others.
		for i := range values {
			if len(errs) > 1 {
				errs[i] = max(errs[i], math.Abs(values[i]-exact[i])) * (1 + 1e-12)
			}
		}
		got := spectrumOf(t, values, errs, n, cols).Summary(statistics.Epsilon32)
		want := spectrumOf(t, exact, nil, n, cols).Summary(statistics.Epsilon32)
		about := fmt.Sprintf("round %d, %d values", round, n)
		estimate := func(name string, got statistics.Estimate, want float64) {
			if math.IsNaN(got.Value) || math.IsNaN(want) || math.IsInf(got.Error, 1) {
				return
			}
			certain[name]++
			require.LessOrEqual(t, math.Abs(got.Value-want), got.Error+1e-15*math.Abs(want), "%s: %s is %v ± %v", about, name, got.Value, got.Error)
		}
		count := func(name string, got statistics.Count, want int) {
			if got.Certain() {
				certain[name]++
			}
			require.True(t, got.Low <= want && want <= got.High && got.Low <= got.Value && got.Value <= got.High, "%s: %s is %+v, not %d", about, name, got, want)
		}
		if p := got.PowerLaw; !p.Uncertain && p.Tail > 0 {
			certain["tail"]++
			require.Equal(t, want.PowerLaw.Tail, p.Tail, about)
			estimate("alpha", statistics.Estimate{Value: p.Alpha, Error: p.Bound}, want.PowerLaw.Alpha)
			estimate("ks", statistics.Estimate{Value: p.Distance, Error: p.DistanceBound}, want.PowerLaw.Distance)
			estimate("weighted", p.Weighted, want.PowerLaw.Weighted.Value)
			estimate("norm", p.LogNorm, want.PowerLaw.LogNorm.Value)
		}
		estimate("hill", got.Hill, want.Hill.Value)
		estimate("entropy", got.Entropy, want.Entropy.Value)
		estimate("strength", got.Noise.Strength, want.Noise.Strength.Value)
		estimate("below", got.Noise.Below, want.Noise.Below.Value)
		count("rank 90", got.Rank90, want.Rank90.Value)
		count("rank 95", got.Rank95, want.Rank95.Value)
		count("rank 99", got.Rank99, want.Rank99.Value)
		count("numerical rank", got.NumericalRank, want.NumericalRank.Value)
		count("spikes", got.Noise.Spikes, want.Noise.Spikes.Value)
		count("hard rank", got.HardRank, want.HardRank.Value)
	}
	for name, n := range certain {
		assert.Greater(t, n, 300, "%s: bounds that say nothing hold always", name)
	}
	assert.Len(t, certain, 15)
	t.Log(certain)
}

// No statistic but those in units of the weights depends on the scale.
func TestScaleDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 4))
	for round := range 300 {
		exponent := []int{-40, 980, -980}[round%3]
		n := 2 + rng.IntN(80)
		v := descending(rng, n)
		w := make([]float64, n)
		for i := range v {
			w[i] = math.Ldexp(v[i], exponent)
		}
		a := spectrumOf(t, v, nil, n, 2*n).Summary(statistics.Epsilon32)
		b := spectrumOf(t, w, nil, n, 2*n).Summary(statistics.Epsilon32)
		require.Equal(t, a.Rank95, b.Rank95)
		require.Equal(t, a.NumericalRank, b.NumericalRank)
		require.Equal(t, a.Noise.Spikes, b.Noise.Spikes)
		require.Equal(t, a.HardRank, b.HardRank)
		if a.PowerLaw.Tail > 0 && !a.PowerLaw.Uncertain {
			require.Equal(t, a.PowerLaw.Tail, b.PowerLaw.Tail)
			require.InEpsilon(t, a.PowerLaw.Alpha, b.PowerLaw.Alpha, 1e-9)
			require.InDelta(t, a.PowerLaw.Weighted.Value+2*float64(exponent)*a.PowerLaw.Alpha*math.Log10(2), b.PowerLaw.Weighted.Value, 1e-8*(1+math.Abs(b.PowerLaw.Weighted.Value)))
		}
		if !math.IsNaN(a.Hill.Value) {
			require.InEpsilon(t, a.Hill.Value, b.Hill.Value, 1e-9)
		}
	}
}

// Spectra without a law, and what is said of them.
func TestNothingToFit(t *testing.T) {
	for name, v := range map[string][]float64{"one": {2}, "equal": {3, 3, 3}, "zeros": {0, 0}, "one above zero": {1, 0, 0}} {
		m := spectrumOf(t, v, nil, len(v), 7).Summary(-1)
		assert.True(t, math.IsNaN(m.PowerLaw.Alpha) && math.IsNaN(m.PowerLaw.Bound) && math.IsNaN(m.PowerLaw.LogNorm.Value), name)
		assert.Zero(t, m.PowerLaw.Tail, name)
		assert.False(t, m.PowerLaw.Uncertain || m.PowerLaw.Rejected, name)
		_, err := spectrumOf(t, v, nil, len(v), 7).Bootstrap(context.Background(), 1, 1)
		assert.ErrorIs(t, err, statistics.ErrSpectrum, name)
	}
	m := spectrumOf(t, []float64{0, 0}, nil, 2, 2).Summary(statistics.Epsilon32)
	assert.Equal(t, [3]int{}, [3]int{m.Rank90.Value, m.NumericalRank.Value, m.Noise.Spikes.Value})
	assert.True(t, math.IsNaN(m.Entropy.Value) && math.IsNaN(m.Hill.Value) && math.IsNaN(m.Noise.Below.Value))
	// Of what is left there may be nothing, or anything within the errors: no edge is certain.
	two := make([]float64, 40)
	two[0], two[1] = 5, 4
	m = spectrumOf(t, two, []float64{1e-9}, 40, 80).Summary(statistics.Epsilon32)
	assert.False(t, m.Noise.Spikes.Certain())
	m = spectrumOf(t, two, nil, 40, 80).Summary(statistics.Epsilon32)
	assert.Equal(t, statistics.Count{Value: 2, Low: 2, High: 2}, m.Noise.Spikes)
	assert.Equal(t, []float64{5, 4}, m.Noise.Strengths)
	m = spectrumOf(t, []float64{4, 4, 4, 4}, nil, 4, 8).Summary(statistics.Epsilon32)
	assert.InDelta(t, 1, m.Entropy.Value, 1e-15)
	assert.Equal(t, statistics.Count{Value: 4, Low: 4, High: 4}, m.Rank90)
}

// Errors that say nothing leave nothing certain, and nothing undefined.
func TestNothingKnown(t *testing.T) {
	v := descending(rand.New(rand.NewPCG(19, 5)), 40)
	m := spectrumOf(t, v, []float64{math.Inf(1)}, 40, 50).Summary(statistics.Epsilon32)
	assert.True(t, m.PowerLaw.Uncertain)
	assert.False(t, m.CertainRanks())
	for _, d := range statistics.Definitions() {
		assert.False(t, math.IsNaN(d.Of(&m)) && d.Name != "spike_strength", d.Name)
	}
	assert.True(t, math.IsInf(m.PowerLaw.Bound, 1) && math.IsInf(m.Hill.Error, 1))
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		values, errs []float64
		rows, cols   int
	}{
		"none": {nil, nil, 0, 0}, "too few": {[]float64{1}, nil, 2, 2}, "ascending": {[]float64{1, 2}, nil, 2, 2},
		"NaN": {[]float64{math.NaN()}, nil, 1, 1}, "infinite": {[]float64{math.Inf(1)}, nil, 1, 1}, "negative": {[]float64{-1}, nil, 1, 1},
		"bounds": {[]float64{2, 1, 0}, []float64{1, 1}, 3, 3}, "negative bound": {[]float64{1}, []float64{-1}, 1, 1}, "NaN bound": {[]float64{1}, []float64{math.NaN()}, 1, 1},
	} {
		_, err := statistics.New(c.values, c.errs, c.rows, c.cols)
		assert.ErrorIs(t, err, statistics.ErrSpectrum, name)
	}
	s := spectrumOf(t, []float64{1}, nil, 1, 1)
	_, err := s.EnergyRank(math.NaN())
	assert.ErrorIs(t, err, statistics.ErrOption)
	_, err = s.NumericalRank(-1)
	assert.ErrorIs(t, err, statistics.ErrOption)
}

// A true law is not rejected, three steps are, and the bootstrap agrees with both.
func TestRejection(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 6))
	rejected, n := 0, 400
	for range 500 {
		v := make([]float64, n)
		for i := range v {
			v[i] = math.Pow(1-rng.Float64(), -0.4)
		}
		slices.Sort(v)
		slices.Reverse(v)
		if spectrumOf(t, v, nil, n, n).PowerLaw().Rejected {
			rejected++
		}
	}
	assert.Zero(t, rejected, "docs/statistics.md says so")

	law, steps := make([]float64, 300), make([]float64, 300)
	for i := range law {
		law[i] = math.Pow((float64(i)+0.5)/300, -0.4)
		steps[i] = math.Floor(1 + 2.99*float64(300-i)/300) // three values, a hundred times each
	}
	assert.False(t, spectrumOf(t, law, nil, 300, 300).PowerLaw().Rejected)
	assert.True(t, spectrumOf(t, steps, nil, 300, 300).PowerLaw().Rejected)
	p, err := spectrumOf(t, law, nil, 300, 300).Bootstrap(context.Background(), 100, 1)
	require.NoError(t, err)
	assert.Greater(t, p, 0.1)
	again, err := spectrumOf(t, law, nil, 300, 300).Bootstrap(context.Background(), 100, 1)
	require.NoError(t, err)
	assert.Equal(t, p, again)
	p, err = spectrumOf(t, steps, nil, 300, 300).Bootstrap(context.Background(), 100, 1)
	require.NoError(t, err)
	assert.Less(t, p, 0.02)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = spectrumOf(t, law, nil, 300, 300).Bootstrap(ctx, 100, 1)
	assert.ErrorIs(t, err, context.Canceled)
}
