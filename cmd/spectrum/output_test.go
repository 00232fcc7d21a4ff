package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// No command writes a file that it reads, by whatever name it is called, nor one
// that holds weights.
func TestNothingReadIsWritten(t *testing.T) {
	dir := modelDir(t, "model.safetensors", map[string]string{"config.json": `{"model_type":"llama"}`}, matrix("a.weight", 4, 6), matrix("b.weight", 4, 6))
	other := modelDir(t, "other.safetensors", nil, matrix("c.weight", 4, 6))
	weights, config := filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "config.json")
	result := filepath.Join(t.TempDir(), "r.json")
	ok(t, "scan", dir, "-o", result)
	hard := filepath.Join(filepath.Dir(result), "hard.json")
	require.NoError(t, os.Link(result, hard))
	soft := filepath.Join(filepath.Dir(result), "soft.json")
	require.NoError(t, os.Symlink(result, soft))
	for name, args := range map[string][]string{
		"scan -o a shard":            {"scan", dir, "-o", weights, "--format", "json"},
		"scan -o the file":           {"scan", weights, "-o", weights, "--format", "json"},
		"scan -o config.json":        {"scan", dir, "-o", config},
		"scan -o other weights":      {"scan", dir, "-o", filepath.Join(other, "other.safetensors"), "--format", "json"},
		"scan -o the reused result":  {"scan", dir, "--reuse", result, "-o", result},
		"select -o its input":        {"select", result, "--top", "50", "-o", result},
		"select -o a hard link":      {"select", result, "--top", "50", "-o", hard},
		"select -o a symbolic link":  {"select", result, "--top", "50", "-o", soft},
		"select -o weights":          {"select", result, "--top", "50", "-o", weights},
		"doctor -o its input":        {"doctor", result, "-o", result},
		"export -o its input":        {"export", result, "-o", result},
		"compare -o its first input": {"compare", result, hard, "-o", result},
		"compare -o its last input":  {"compare", hard, result, "-o", result},
	} {
		before := make(map[string]string)
		for _, f := range []string{weights, config, result, filepath.Join(other, "other.safetensors")} {
			b, err := os.ReadFile(f)
			require.NoError(t, err)
			before[f] = string(b)
		}
		code, _, errs := command(args...)
		assert.Equal(t, exitUsage, code, "%s: %s", name, errs)
		for f, text := range before {
			b, err := os.ReadFile(f)
			require.NoError(t, err)
			assert.True(t, text == string(b), "%s wrote %s", name, f)
		}
	}
}

// A link planted under a temporary name is not followed, and nothing temporary stays.
func TestTemporaryFilesAreTheirOwn(t *testing.T) {
	dir := t.TempDir()
	victim, name := filepath.Join(dir, "victim"), filepath.Join(dir, "r.json")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o644))
	require.NoError(t, os.Symlink(victim, name+".partial"))
	ok(t, "scan", tiny, "-o", name)
	b, err := os.ReadFile(victim)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(b))
	left, err := filepath.Glob(name + ".*.partial")
	require.NoError(t, err)
	assert.Empty(t, left)
}

// An interrupted scan leaves a finished result alone, loses nothing, and goes on where it
// was; what is unfinished is not chosen from by accident.
func TestUnfinishedReplacesNothingFinished(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.json")
	ok(t, "scan", tiny, "-o", name)
	assert.NoFileExists(t, name+".journal")
	finished, err := os.ReadFile(name)
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(context.Background())
	errs := &interrupting{cancel: func() { cancel(signalled{syscall.SIGHUP}) }}
	assert.Equal(t, 128+1, run(ctx, []string{"scan", tiny, "-o", name, "--jobs", "1"}, io.Discard, errs))
	assert.Contains(t, errs.text.String(), "the same command goes on from there: ended by the signal hangup")
	now, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(finished), string(now))

	for _, args := range [][]string{{"select", name + ".journal", "--top", "100"}, {"export", name + ".journal"}, {"compare", name, name + ".journal"}} {
		code, out, errs := command(args...)
		assert.Equal(t, exitIncomplete, code, args)
		assert.Empty(t, out)
		assert.Contains(t, errs, "matrices are missing; --partial takes what there is")
		_, errs = ok(t, append(args, "--partial")...)
		assert.Contains(t, errs, "is unfinished: the scan was interrupted: ")
	}
	code, out, _ := command("doctor", name+".journal")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "it is unfinished: the scan was interrupted: ")

	code, _, text := command("scan", tiny, "-o", name, "--noise", "kn")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, text, "not the journal of this scan: edge is ")
	assert.Contains(t, text, "noise is iqr there and kn here")
	_, text = ok(t, "scan", tiny, "-o", name, "--jobs", "2", "--memory", "1GiB")
	assert.Contains(t, text, "of an earlier run in "+name+".journal")
	assert.NoFileExists(t, name+".journal")
	assert.Equal(t, withoutTimes(t, string(finished)), withoutTimes(t, read(t, name)))
}

// withoutTimes blanks what may differ between two runs of one scan.
func withoutTimes(t *testing.T, text string) string {
	t.Helper()
	times := regexp.MustCompile(`"(seconds|started|finished)": [^,\n]+`)
	require.Regexp(t, times, text)
	return times.ReplaceAllString(text, `"$1": -`)
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// interrupting ends a command when it shows its first progress.
type interrupting struct {
	cancel func()
	text   strings.Builder
}

func (w *interrupting) Write(b []byte) (int, error) {
	if strings.Contains(string(b), " 1/") {
		w.cancel()
	}
	return w.text.Write(b)
}
