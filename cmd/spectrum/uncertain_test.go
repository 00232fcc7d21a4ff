package main

import (
	"encoding/binary"
	"encoding/csv"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A matrix of rank 2, whose noise is nothing but rounding errors, has a score that
// means nothing. It looks it wherever it is shown.
func TestScoresWithoutMeaningLookIt(t *testing.T) {
	low, full := matrix("low.weight", 30, 40), matrix("full.weight", 30, 40)
	for i := range 30 {
		for j := range 40 {
			x, y := float64(i), float64(j)
			put := func(b []byte, v float64) { binary.LittleEndian.PutUint32(b[4*(40*i+j):], math.Float32bits(float32(v))) }
			put(low.Bytes, math.Round(x)+2*math.Round(y)*math.Mod(x, 7))
			put(full.Bytes, math.Sin(x*x+3*y*y+x*y))
		}
	}
	dir := modelDir(t, "model.safetensors", nil, low, full)
	table, progress := ok(t, "scan", dir, "--all")
	assert.Regexp(t, `\S\?  .* low.weight .*\(\?: no digit of the score is certain\)`, table)
	assert.NotRegexp(t, `\?.* full.weight`, table)
	assert.Regexp(t, `low.weight .*SNR \S+\? `, progress)
	out, _ := ok(t, "scan", dir, "--format", "csv")
	all, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	require.NoError(t, err)
	require.Len(t, all, 3)
	for _, cells := range all[1:] {
		row := make(map[string]string)
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		if row["name"] == "low.weight" {
			assert.Equal(t, "Infinity", row["snr_error"])
		} else {
			require.NotEqual(t, "Infinity", row["snr_error"])
		}
		require.NotEmpty(t, row["value_error"])
		require.NotEmpty(t, row["s_min_error"])
	}
}
