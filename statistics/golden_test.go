package statistics_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/statistics"
)

// NumPy and SciPy say the same, see testdata/golden.py.
func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var cases []map[string]any
	require.NoError(t, json.Unmarshal(text, &cases))
	require.Len(t, cases, 10)
	compared := make(map[string]int)
	for _, c := range cases {
		var values []float64
		for _, v := range c["singular_values"].([]any) {
			values = append(values, v.(float64))
		}
		s, err := statistics.New(values, nil, int(c["rows"].(float64)), int(c["cols"].(float64)))
		require.NoError(t, err)
		m := s.Summary(statistics.Epsilon32)
		for _, d := range statistics.Definitions() {
			want, ok := c[d.Name]
			if !ok {
				continue
			}
			got := d.Of(&m)
			about := c["name"].(string) + ", " + d.Name
			if want == nil {
				assert.NotEqual(t, got, got, about) // NaN
				continue
			}
			compared[d.Name]++
			assert.InDelta(t, want.(float64), got, 1e-9*max(1e-9, abs(want.(float64))), about)
		}
	}
	for _, d := range statistics.Definitions() {
		if !slices.Contains([]string{"alpha_bound", "alpha_uncertain", "alpha_rejected", "hill_alpha_error", "spectral_entropy_error", "ranks_uncertain"}, d.Name) {
			assert.NotZero(t, compared[d.Name], d.Name)
		}
	}
}

func abs(v float64) float64 { return max(v, -v) }
