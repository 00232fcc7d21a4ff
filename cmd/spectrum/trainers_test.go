package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/emit"
)

// scanned returns the results of the demonstration model.
func scanned(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tiny.json")
	ok(t, "scan", tiny, "-o", file)
	return file
}

// What select writes for each trainer verifies without mismatches.
func TestSelectVerify(t *testing.T) {
	file := scanned(t)
	for _, f := range emit.Formats() {
		if f == emit.LearningRates {
			continue
		}
		args := []string{"select", file, "--top", "25", "--format", string(f), "--model", tiny}
		if f == emit.LLaMAFactory {
			args = []string{"select", file, "--include", "*.[67].self_attn.*", "--format", string(f), "--model", tiny}
		}
		out := filepath.Join(t.TempDir(), "selection")
		_, errs := ok(t, append(args, "-o", out)...)
		assert.Contains(t, errs, "selected ")
		report, _ := ok(t, "verify", out, tiny, "--consumer", string(f))
		assert.Contains(t, report, string(f)+" trains ")
		assert.Contains(t, report, "model.layers.")
	}
	code, _, errs := command("select", file, "--top", "25", "--format", "llama-factory", "--model", tiny)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "cannot be expressed")
}

// The head of this model is tied, so the reference's fixed line matches nothing.
func TestVerifyMismatch(t *testing.T) {
	file := scanned(t)
	out := filepath.Join(t.TempDir(), "unfrozen.yaml")
	ok(t, "select", file, "--top", "25", "-o", out)
	code, report, errs := command("verify", out, tiny, "--consumer", "axolotl")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, report, "match nothing: 1\n  ^lm_head.weight$")
	assert.Contains(t, errs, "1 mismatches")
	code, report, _ = command("verify", out, tiny, "--consumer", "substring", "--format", "json")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, report, `"unmatched"`)
	expect := filepath.Join(t.TempDir(), "names")
	require.NoError(t, os.WriteFile(expect, []byte("model.norm.weight\n"), 0o644))
	_, report, _ = command("verify", out, tiny, "--consumer", "axolotl", "--expect", expect)
	assert.Contains(t, report, "expected, but not trained: 1\n  model.norm.weight")
}

func TestSelectFlags(t *testing.T) {
	file := scanned(t)
	rows := func(args ...string) [][]string {
		out, _ := ok(t, append([]string{"select", file, "--format", "csv"}, args...)...)
		all, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		require.NoError(t, err)
		return all[1:]
	}
	assert.Len(t, rows("--top", "12.5"), 7)
	assert.Len(t, rows("--top", "12.5", "--ceil"), 8) // the embedding too
	assert.Len(t, rows("--top", "10", "--scope", "global"), 5)
	assert.Len(t, rows("--at-least", "2", "--at-most", "2"), 15)
	assert.Len(t, rows("--top", "25", "--weight", "mlp.up_proj=2", "--exclude", "self_attn.*"), 8)
	assert.Len(t, rows("--norms", "always"), 17)
	assert.Len(t, rows("--top", "25", "--random", "3"), 14)
	assert.NotEqual(t, rows("--top", "25", "--random", "3"), rows("--top", "25"))
	assert.NotEmpty(t, rows("--max-params", "100000"))
	few, many := rows("--budget", "1MiB"), rows("--budget", "1MiB", "--optimiser", "adamw8bit", "--precision", "bfloat16")
	assert.Less(t, len(few), len(many))
	for _, args := range [][]string{
		{}, {"--top", "101"}, {"--budget", "1MiB", "--max-params", "3"}, {"--top", "1", "--weight", "a=b"},
		{"--top", "1", "--scope", "none"}, {"--budget", "1MiB", "--optimiser", "none"}, {"--top", "1", "--include", "["},
		{"--top", "1", "--format", "none"}, {"--top", "25", "--format", "peft", "--rank", "-1"},
	} {
		code, _, _ := command(append([]string{"select", file}, args...)...)
		assert.Equal(t, exitUsage, code, "%v", args)
	}
}

// The help of select and verify has a line for each trainer.
func TestTrainerHelp(t *testing.T) {
	for _, f := range emit.Formats() {
		if f == emit.LearningRates {
			continue
		}
		help, _ := ok(t, "select", "--help")
		assert.Contains(t, help, "--format "+string(f))
		help, _ = ok(t, "verify", "--help")
		assert.Contains(t, help, "--consumer "+string(f))
	}
}

func TestDoctor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "damaged.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"l.0.q": {"snr": 1.5, "type": "q"}, "l.1.q": {"snr": NaN, "type": "q"},`), 0o644))
	clean := filepath.Join(t.TempDir(), "clean.json")
	code, out, errs := command("doctor", file, "-o", clean)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "something is wrong with this result file")
	assert.NotContains(t, errs, "incomplete")
	assert.Contains(t, out, "NaN, which cannot be ranked: 1\n  l.1.q")
	assert.Contains(t, out, "the file breaks at")
	out, _ = ok(t, "doctor", clean)
	assert.Contains(t, out, "nothing is wrong")
}
