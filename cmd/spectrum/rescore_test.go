package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/results"
)

func TestRescore(t *testing.T) {
	model := modelDir(t, "model.safetensors", nil, matrix("model.layers.0.mlp.up_proj.weight", 30, 40), matrix("model.layers.1.mlp.up_proj.weight", 30, 40))
	dir := t.TempDir()
	values, kn, rescored, bare := filepath.Join(dir, "values.json"), filepath.Join(dir, "kn.json"), filepath.Join(dir, "rescored.json"), filepath.Join(dir, "bare.json")
	ok(t, "scan", model, "--singular-values", "-o", values)
	ok(t, "scan", model, "--noise", "kn", "--divisor", "none", "-o", kn)
	ok(t, "scan", model, "-o", bare)
	ok(t, "rescore", values, "--noise", "kn", "--divisor", "none", "-o", rescored)
	want, err := results.ReadFile(kn)
	require.NoError(t, err)
	got, err := results.ReadFile(rescored)
	require.NoError(t, err)
	for i, row := range want.Result.Rows {
		assert.InDelta(t, float64(row.SNR), float64(got.Result.Rows[i].SNR), 1e-6)
		assert.InEpsilon(t, float64(row.Sigma), float64(got.Result.Rows[i].Sigma), 1e-6)
		assert.Equal(t, row.SHA256, got.Result.Rows[i].SHA256)
		assert.Equal(t, row.SpikeStrength.String() == "", got.Result.Rows[i].SpikeStrength.String() == "")
	}
	assert.Equal(t, want.Result.Provenance.Settings.Edge, got.Result.Provenance.Settings.Edge)

	// Without a flag the settings stay.
	out, _ := ok(t, "rescore", rescored)
	again, err := results.Read(strings.NewReader(out), "out")
	require.NoError(t, err)
	assert.Equal(t, got.Result.Provenance.Settings, again.Result.Provenance.Settings)
	assert.Equal(t, got.Result.Rows[0].SNR, again.Result.Rows[0].SNR)

	reference := filepath.Join(dir, "reference.json")
	require.NoError(t, os.WriteFile(reference, []byte(`{"a": {"snr": 1, "type": "a"}}`), 0o600))
	for says, args := range map[string][]string{
		"--singular-values":        {bare},
		"have scores alone":        {reference},
		"needs the matrix":         {values, "--noise", "mad"},
		"has no Tracy–Widom edge":  {values, "--edge", "tw:0.01"},
		"rescore writes JSON":      {values, "-o", filepath.Join(dir, "x.csv")},
		"which this command reads": {values, "-o", values},
		"rescore wants RESULTS":    {},
	} {
		code, _, said := command(append([]string{"rescore"}, args...)...)
		assert.Equal(t, exitUsage, code, says)
		assert.Contains(t, said, says)
	}
	before, err := os.ReadFile(values)
	require.NoError(t, err)
	assert.True(t, bytes.Contains(before, []byte("singular_values")))
}
