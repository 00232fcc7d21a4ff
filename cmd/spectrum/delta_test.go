package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/results"
)

// A pair of models goes all the way: what changed, which ranks hold it, and what is refused.
func TestDelta(t *testing.T) {
	one, two := matrix("model.layers.0.mlp.up_proj.weight", 12, 8), matrix("model.layers.1.mlp.up_proj.weight", 12, 8)
	base := modelDir(t, "model.safetensors", nil, one, two, matrix("model.old.weight", 3, 3))
	after := two
	after.Bytes = append([]byte(nil), two.Bytes...)
	after.Bytes[3] ^= 0x80 // the sign of one element
	tuned := modelDir(t, "model.safetensors", nil, one, after, matrix("model.new.weight", 3, 3))

	out, errs := ok(t, "delta", base, tuned)
	assert.Contains(t, out, "unchanged")
	assert.Contains(t, out, "1 × added: the base has no such tensor: model.new.weight")
	assert.Contains(t, errs, "1 weight changed; 1 unchanged, 1 added, 1 missing\n")

	file := filepath.Join(t.TempDir(), "delta.json")
	ok(t, "delta", base, tuned, "-o", file, "--singular-values", "--quiet")
	res, err := results.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, results.KindDelta, res.Result.Kind)
	assert.Equal(t, filepath.Base(base), res.Result.Provenance.Base.Model)

	ranks, _ := ok(t, "ranks", file, "--energy", "0.9", "--scaling", "2")
	var config peftRanks
	require.NoError(t, json.Unmarshal([]byte(ranks), &config))
	assert.Equal(t, peftRanks{Type: "LORA", Rank: 1, Alpha: 2, Modules: []string{"model.layers.1.mlp.up_proj"}, Ranks: map[string]int{}, Alphas: map[string]float64{}}, config)

	for _, args := range [][]string{{"select", file, "--top", "25"}, {"export", file}, {"report", file}} {
		code, _, errs := command(args...)
		assert.Equal(t, exitUsage, code, args)
		assert.Contains(t, errs, "of kind delta", args)
	}
	code, _, _ := command("ranks", file, "--energy", "0.9", "--noise")
	assert.Equal(t, exitUsage, code)
	code, _, errs = command("ranks", file, "--budget", "1")
	assert.Equal(t, exitNothing, code, errs)
	code, _, errs = command("delta", base, modelDir(t, "model.safetensors", nil, matrix("x.weight", 2, 2)))
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "no tensor in common")
}

// Shards of a delta join to what one run gives, and a journal of another base is refused.
func TestDeltaInShards(t *testing.T) {
	w := matrix("model.layers.0.mlp.up_proj.weight", 12, 8)
	v := matrix("model.layers.1.mlp.up_proj.weight", 12, 8)
	base := modelDir(t, "model.safetensors", nil, w, v)
	other := w
	other.Bytes = append([]byte(nil), w.Bytes...)
	other.Bytes[7] ^= 0x80
	tuned := modelDir(t, "model.safetensors", nil, other, v)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	ok(t, "delta", base, tuned, "--shard", "1/2", "-o", in("1.json"))
	ok(t, "delta", base, tuned, "--shard", "2/2", "-o", in("2.json"))
	ok(t, "merge", in("1.json"), in("2.json"), "-o", in("both.json"))
	ok(t, "delta", base, tuned, "-o", in("one.json"))
	both, err := results.ReadFile(in("both.json"))
	require.NoError(t, err)
	one, err := results.ReadFile(in("one.json"))
	require.NoError(t, err)
	for i := range one.Result.Rows {
		one.Result.Rows[i].Seconds, both.Result.Rows[i].Seconds = 0, 0
	}
	want, err := json.Marshal(one.Result.Rows) // what is missing is NaN, which equals nothing
	require.NoError(t, err)
	got, err := json.Marshal(both.Result.Rows)
	require.NoError(t, err)
	assert.JSONEq(t, string(want), string(got))
	assert.Equal(t, one.Result.Kind, both.Result.Kind)
}

func TestAdapterIsScanned(t *testing.T) {
	const q = "model.layers.0.self_attn.q_proj"
	dir := modelDir(t, "adapter_model.safetensors", map[string]string{"adapter_config.json": `{"peft_type":"LORA","r":4,"lora_alpha":8,"base_model_name_or_path":"org/base"}`},
		matrix("base_model.model."+q+".lora_A.weight", 4, 16), matrix("base_model.model."+q+".lora_B.weight", 12, 4))
	file := filepath.Join(t.TempDir(), "a.json")
	base := modelDir(t, "model.safetensors", nil, matrix(q+".weight", 12, 16))
	ok(t, "scan", dir, "-o", file, "--base", base)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(text), "{\n  \"kind\": \"adapter\","))
	res, err := results.ReadFile(file)
	require.NoError(t, err)
	require.Len(t, res.Result.Rows, 1)
	row := res.Result.Rows[0]
	assert.Equal(t, q+".weight", row.Name)
	assert.NotNil(t, row.Relative)
	assert.EqualValues(t, 4, row.Rank)
	out, _ := ok(t, "scan", dir)
	assert.Contains(t, out, "4 of 4")

	code, _, errs := command("select", file, "--top", "25")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "of kind adapter")
	code, _, errs = command("scan", dir, "--top", "25")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "this is an adapter")
	code, _, errs = command("scan", base, "--base", base)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "this is none")
}
