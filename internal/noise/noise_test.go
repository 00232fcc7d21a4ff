package noise

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Kritchman–Nadler and maximum likelihood against mpmath, which laws.py ran.
func TestEstimatesAgainstMpmath(t *testing.T) {
	type estimate struct {
		Sigma, Threshold float64
		Count            int
	}
	raw, err := os.ReadFile("../../testdata/golden/laws.json")
	require.NoError(t, err)
	var golden struct {
		Estimates struct {
			Rows, Cols int
			S          []float64
			KN, ML     estimate
		}
	}
	require.NoError(t, json.Unmarshal(raw, &golden))
	e := golden.Estimates
	sample := Sample{Values: e.S, Small: min(e.Rows, e.Cols), Large: max(e.Rows, e.Cols)}
	for name, want := range map[string]estimate{"kn": e.KN, "ml": e.ML} {
		for _, scale := range Scales() {
			if scale.Name != name {
				continue
			}
			got := scale.Estimate(sample, 0)
			assert.InEpsilon(t, want.Sigma, got.Sigma, 1e-10, name)
			assert.InEpsilon(t, want.Threshold, got.Threshold, 1e-10, name)
			count := 0
			for _, v := range e.S {
				if v > got.Threshold {
					count++
				}
			}
			assert.Equal(t, want.Count, count, name)
			assert.Greater(t, count, 3)
		}
	}
}

// A sample and its multiple by a power of two have the same estimate, in units of it.
func TestScaledSamples(t *testing.T) {
	s := Sample{Values: []float64{9, 4, 2, 1.5, 1, 0.5}, Errors: []float64{1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9}, Small: 6, Large: 20, MedianAbs: 0.3}
	for _, scale := range Scales() {
		for _, level := range []float64{0, 0.05} {
			want, got := scale.Estimate(s, level), scale.Estimate(s.Scaled(40), level)
			assert.Equal(t, want.Sigma*0x1p40, got.Sigma, scale.Name)
			assert.Equal(t, want.Threshold*0x1p40, got.Threshold, scale.Name)
			assert.Equal(t, want.Error*0x1p40, got.Error, scale.Name)
		}
	}
}

// The same with any power of two, and values far apart.
func TestScaledSamplesOfAnyMagnitude(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 5))
	for range 20 {
		n := 8 + rnd.IntN(20)
		s := Sample{Small: n, Large: n + rnd.IntN(40), MedianAbs: rnd.Float64()}
		for range n {
			s.Values = append(s.Values, math.Ldexp(1+rnd.Float64(), -rnd.IntN(1+rnd.IntN(400))))
		}
		slices.SortFunc(s.Values, func(a, b float64) int { return cmp.Compare(b, a) })
		for _, exact := range []bool{true, false} {
			if s.Errors = nil; !exact {
				s.Errors = divided(s.Values, 1e12)
			}
			for _, scale := range Scales() {
				for _, level := range []float64{0, 0.05} {
					want := scale.Estimate(s, level)
					for _, e := range []int{-500, -123, -1, 1, 77, 500} {
						got := scale.Estimate(s.Scaled(e), level)
						assert.Equal(t, math.Ldexp(want.Sigma, e), got.Sigma, "%s %d", scale.Name, e)
						assert.Equal(t, math.Ldexp(want.Threshold, e), got.Threshold, "%s %d", scale.Name, e)
						assert.Equal(t, math.Ldexp(want.Error, e), got.Error, "%s %d", scale.Name, e)
					}
				}
			}
		}
	}
}

// How far signal is above the noise does not show in the estimate of the noise, once it is
// far enough, and the squares of neither leave the range of float64.
func TestNoiseFarBelowTheSignal(t *testing.T) {
	const n, m, signals = 40, 60, 3
	rnd := rand.New(rand.NewPCG(7, 7))
	var quiet []float64
	for range n - signals {
		quiet = append(quiet, 1+rnd.Float64())
	}
	slices.SortFunc(quiet, func(a, b float64) int { return cmp.Compare(b, a) })
	for _, name := range []string{"calibrated", "median", "kn", "ml"} {
		scale := Scales()[slices.IndexFunc(Scales(), func(s Scale) bool { return s.Name == name })]
		var first Estimate
		for far := 60; far <= 1000; far += 47 {
			for _, exact := range []bool{true, false} {
				s := Sample{Small: n, Large: m, Values: slices.Concat([]float64{4, 2, 1}, shiftExponents(quiet, -far))}
				if !exact {
					s.Errors = divided(s.Values, 1e12)
				}
				got := scale.Estimate(s, 0.01)
				got.Sigma, got.Threshold, got.Error = math.Ldexp(got.Sigma, far), math.Ldexp(got.Threshold, far), math.Ldexp(got.Error, far)
				if first.Sigma == 0 {
					first = got
				}
				assert.InEpsilon(t, first.Sigma, got.Sigma, 1e-9, "%s %d", name, far)
				assert.InEpsilon(t, first.Threshold, got.Threshold, 1e-9, "%s %d", name, far)
				assert.Less(t, got.Error, 1e-9*got.Threshold, "%s %d", name, far)
				assert.Greater(t, got.Threshold, 1., "%s %d: noise is noise", name, far)
			}
		}
	}
	// A signal value just above noise that is far below the others is seen as it is without them.
	alone := Sample{Small: n - signals + 1, Large: m - signals + 1, Values: slices.Concat([]float64{20}, quiet)}
	want := scaled(kritchmanNadler)(alone, 0)
	got := scaled(kritchmanNadler)(Sample{Small: n, Large: m, Values: slices.Concat([]float64{4, 2, 1}, shiftExponents(alone.Values, -300))[:n]}, 0)
	assert.InEpsilon(t, want.Threshold, math.Ldexp(got.Threshold, 300), .05)
}
