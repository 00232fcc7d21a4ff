package results

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// numbers is an array of numbers, an element a line.
var numbers = regexp.MustCompile(`(?m)(": \[)\n\s*([-0-9.e+,\s]*?)\s*(\],?)$`)

// TestStreamIsTheWhole writes a value at a time what encoding/json makes of the whole, but
// that arrays of numbers are on one line.
func TestStreamIsTheWhole(t *testing.T) {
	row := Row{Name: "a<b>&[", Parameter: "[\n  1\n]", SNR: Number(math.Inf(1)), SingularValues: []float64{2, 1.5, 1}, SpectrumSketch: []float64{7}}
	skipped := Skipped{Name: "n", Shape: []int64{}, Reason: "1-D"}
	for _, r := range []Result{
		{},
		{Rows: []Row{row}, Skipped: []Skipped{skipped}, Interrupted: true, Missing: 3},
		{Rows: []Row{row, row}, Skipped: []Skipped{{Shape: []int64{3, 4}}, skipped}, Chosen: &Chosen{Layers: []string{"a"}}},
	} {
		var got, want bytes.Buffer
		require.NoError(t, r.WriteJSON(&got))
		r.Rows, r.Skipped, r.Provenance.Files = orEmpty(r.Rows), orEmpty(r.Skipped), []Source{}
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		require.NoError(t, enc.Encode(r))
		one := numbers.ReplaceAllStringFunc(want.String(), func(s string) string {
			m := numbers.FindStringSubmatch(s)
			return m[1] + strings.Join(strings.Fields(m[2]), " ") + m[3]
		})
		assert.Equal(t, one, got.String())
		if len(r.Rows) > 0 {
			assert.Contains(t, got.String(), "\n      \"spectrum_sketch\": [7],\n      \"singular_values\": [2, 1.5, 1]\n    }")
		}
	}
	for _, r := range []Result{
		{Rows: []Row{row, {SingularValues: []float64{1, math.NaN()}}}},
		{Rows: []Row{row, {SpectrumSketch: []float64{math.Inf(1)}}}},
		{Rows: []Row{row}, Chosen: &Chosen{Share: math.Inf(1)}},
	} {
		var got bytes.Buffer
		assert.Error(t, r.WriteJSON(&got))
		assert.Empty(t, got.Bytes(), "nothing is written")
	}
}
