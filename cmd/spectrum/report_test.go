package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	dir := t.TempDir()
	scanned, page := filepath.Join(dir, "it's.json"), filepath.Join(dir, "report.html")
	ok(t, "scan", tiny, "-o", scanned)
	ok(t, "report", scanned, "-o", page)
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(text), "<!doctype html>\n"))
	assert.Contains(t, string(text), "model.layers.3.self_attn.o_proj")
	assert.Contains(t, string(text), `"percent":25,`)
	assert.Contains(t, string(text), `it'\\''s.json'`, "quoted as a shell needs it, in JSON")
	again, _ := ok(t, "report", scanned)
	assert.Equal(t, string(text), again)

	ok(t, "scan", tiny, "--top", "40", "-o", scanned)
	both, _ := ok(t, "report", scanned, scanned)
	assert.Contains(t, both, `"percent":40,`, "what the result has chosen")
	given, _ := ok(t, "report", scanned, "--top", "5")
	assert.Contains(t, given, `"percent":5,`)
}

func TestReportRefuses(t *testing.T) {
	dir := t.TempDir()
	shard := filepath.Join(dir, "shard.json")
	ok(t, "scan", tiny, "--shard", "1/2", "-o", shard)
	code, _, errs := command("report", shard)
	assert.Equal(t, exitIncomplete, code)
	assert.Contains(t, errs, "--partial takes what there is")
	partial, errs := ok(t, "report", shard, "--partial")
	assert.Contains(t, errs, "is unfinished")
	assert.Contains(t, partial, `"partial":true`)
	code, _, errs = command("report", shard, "--partial", "-o", shard)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "which this command reads")
	code, _, errs = command("report", shard, shard, shard)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "takes no argument")
	code, _, errs = command("report")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "report wants RESULTS")
}
