package results

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStreamIsTheWhole writes a value at a time what encoding/json makes of the whole.
func TestStreamIsTheWhole(t *testing.T) {
	row := Row{Name: "a<b>&.weight", SNR: Number(math.Inf(1)), SingularValues: []float64{2, 1}}
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
		assert.Equal(t, want.String(), got.String())
	}
	for _, r := range []Result{
		{Rows: []Row{row, {SingularValues: []float64{1, math.NaN()}}}},
		{Rows: []Row{row}, Chosen: &Chosen{Share: math.Inf(1)}},
	} {
		var got bytes.Buffer
		assert.Error(t, r.WriteJSON(&got))
		assert.Empty(t, got.Bytes(), "nothing is written")
	}
}
