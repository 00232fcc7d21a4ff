package tracywidom

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"
)

// The table, made from Painlevé II, against Fredholm determinants; both from
// make.py.
func TestAgainstDeterminants(t *testing.T) {
	raw, err := os.ReadFile("checks.json")
	require.NoError(t, err)
	var checks struct {
		Mean   float64
		Values []struct{ S, CDF, Survival float64 }
	}
	require.NoError(t, json.Unmarshal(raw, &checks))
	require.Len(t, checks.Values, 25)
	for _, c := range checks.Values {
		assert.InEpsilon(t, c.CDF, CDF(c.S), 1e-12, "F(%v)", c.S)
		assert.InEpsilon(t, c.Survival, Survival(c.S), 1e-12, "1-F(%v)", c.S)
		if c.Survival > 1e-7 { // else p = F(s) has lost s
			assert.InDelta(t, c.S, Quantile(c.CDF), 1e-9, "quantile of F(%v)", c.S)
		}
		if c.CDF > 1e-7 {
			assert.InDelta(t, c.S, UpperQuantile(c.Survival), 1e-9, "upper quantile at %v", c.S)
		}
	}
	mean := quad.Fixed(Survival, 0, 20, 200, nil, 0) - quad.Fixed(CDF, -15, 0, 200, nil, 0)
	assert.InDelta(t, checks.Mean, mean, 1e-11)
	assert.InDelta(t, -1.2065335745820, mean, 1e-11, "Bornemann 2010, table 10")
}

// The published critical values: Johnstone 2001 gives F(0.98) = 0.95 and
// F(2.02) = 0.99.
func TestPublishedQuantiles(t *testing.T) {
	assert.InDelta(t, 0.9793, UpperQuantile(0.05), 5e-5)
	assert.InDelta(t, 2.0234, UpperQuantile(0.01), 5e-5)
	assert.InDelta(t, 2.0234, Quantile(0.99), 5e-5)
}

func TestShape(t *testing.T) {
	previous := 0.0
	for s := -25.0; s < 40; s += 1. / 128 {
		f, sf := CDF(s), Survival(s)
		require.GreaterOrEqual(t, f, previous, "at %v", s)
		require.InDelta(t, 1, f+sf, 1e-15)
		previous = f
	}
	// The tails beyond the table continue it.
	assert.InEpsilon(t, CDF(-9-1e-9), CDF(-9+1e-9), 1e-7)
	assert.InEpsilon(t, Survival(16-1e-9), Survival(16+1e-9), 1e-7)
	for _, alpha := range []float64{1e-300, 1e-40, 1e-12, 0.5, 0.999} {
		assert.InEpsilon(t, alpha, Survival(UpperQuantile(alpha)), 1e-9)
	}
	for _, p := range []float64{1e-300, 1e-40, 1e-12, 0.5, 0.999} {
		assert.InEpsilon(t, p, CDF(Quantile(p)), 1e-9)
	}
	assert.True(t, math.IsInf(Quantile(0), -1))
	assert.True(t, math.IsInf(Quantile(1), 1))
	assert.True(t, math.IsInf(UpperQuantile(0), 1))
	for _, bad := range []float64{-1, 2, math.NaN()} {
		assert.True(t, math.IsNaN(Quantile(bad)))
		assert.True(t, math.IsNaN(UpperQuantile(bad)))
	}
	assert.True(t, math.IsNaN(CDF(math.NaN())))
	assert.Equal(t, 1.0, CDF(math.Inf(1)))
	assert.Equal(t, 0.0, CDF(math.Inf(-1)))
}
