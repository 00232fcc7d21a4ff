package noise

import (
	"encoding/json"
	"os"
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
