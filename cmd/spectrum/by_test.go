package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byResult is the file of a result in which α orders four layers otherwise than the score.
func byResult(t *testing.T) string {
	t.Helper()
	text := `{"layers": [
		{"name": "model.layers.0.mlp.up_proj.weight", "type": "mlp.up_proj", "snr": 4, "params": 4, "ranked": true, "alpha": 2.5, "log_alpha_norm": -1},
		{"name": "model.layers.1.mlp.up_proj.weight", "type": "mlp.up_proj", "snr": 3, "params": 4, "ranked": true, "alpha": 3.5, "log_alpha_norm": -2},
		{"name": "model.layers.2.mlp.up_proj.weight", "type": "mlp.up_proj", "snr": 2, "params": 4, "ranked": true, "alpha": null, "log_alpha_norm": -3},
		{"name": "model.layers.3.mlp.up_proj.weight", "type": "mlp.up_proj", "snr": 1, "params": 4, "ranked": true, "alpha": 4.5, "log_alpha_norm": -4}]}`
	name := filepath.Join(t.TempDir(), "r.json")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestSelectBy(t *testing.T) {
	file := byResult(t)
	out, said := ok(t, "select", file, "--top", "50", "--by", "alpha", "--format", "json")
	var sel struct {
		Rule, By string
		Layers   []string
		Types    []struct{ Chosen []map[string]any }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &sel))
	assert.Equal(t, []string{"model.layers.3.mlp.up_proj.weight", "model.layers.1.mlp.up_proj.weight"}, sel.Layers)
	assert.Equal(t, "alpha", sel.By)
	assert.Equal(t, 4.5, sel.Types[0].Chosen[0]["score"])
	assert.NotContains(t, sel.Types[0].Chosen[0], "snr", "it is none")
	assert.Contains(t, said, "1 layer without a value of alpha, not ranked")
	assert.Contains(t, said, "by alpha, the highest first")

	out, said = ok(t, "select", file, "--top", "25", "--by", "alpha:asc", "--format", "csv")
	assert.Equal(t, "name,type,alpha,params\nmodel.layers.0.mlp.up_proj.weight,mlp.up_proj,2.5,4\n", out)
	assert.Contains(t, said, "by alpha, the lowest first")

	// LoRA on the layers of least α, all of one rank, is no proportion.
	out, _ = ok(t, "select", file, "--top", "75", "--by", "alpha:asc", "--format", "peft", "--rank", "8")
	assert.Contains(t, out, `"r": 8`)
	assert.Contains(t, out, `"rank_pattern": {}`)

	for says, args := range map[string][]string{
		`no numeric column "alfa"`:   {"--top", "50", "--by", "alfa"},
		"of which less is better":    {"--top", "50", "--by", "alpha:asc", "--format", "lr"},
		"below zero":                 {"--top", "50", "--by", "log_alpha_norm", "--format", "lr"},
		"factors multiply":           {"--top", "50", "--by", "log_alpha_norm", "--scope", "global", "--weight", "mlp.up_proj=2"},
		"nothing says how much":      {"--by", "alpha"},
		"takes the top of each type": {"--top", "50", "--by", "alpha", "--format", "axolotl-plugin", "--hub-name", "a/b"},
		"want COLUMN, COLUMN:asc or": {"--top", "50", "--by", "alpha:down"},
	} {
		code, _, said := command(append([]string{"select", file}, args...)...)
		assert.Equal(t, exitUsage, code, says)
		assert.Contains(t, said, says)
	}
}

func TestCompareBy(t *testing.T) {
	file := byResult(t)
	out, said := ok(t, "compare", file, file, "--by", "alpha:asc", "--top", "50")
	assert.Contains(t, out, "ranked by alpha:asc\n")
	assert.Contains(t, out, "3 layers in both")
	assert.Contains(t, said, "not ranked")
	out, _ = ok(t, "compare", file, file, "--format", "json")
	assert.Contains(t, out, `"by": "snr"`)
}
