package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each entry of the table is in the help, completed, written by its name and by the
// name of a file, and takes singular values only if it says so.
func TestScanFormats(t *testing.T) {
	help, _ := ok(t, "scan", "--help")
	completion, _ := ok(t, "__complete", "scan", tiny, "--format", "")
	_, _, unknown := command("scan", tiny, "--format", "none")
	volatile := regexp.MustCompile(`"(started|finished)": .*|"?seconds"?: .*|[,\t][0-9.e-]+[,\t]{2}[0-9]`)
	for i, f := range scanFormats() {
		assert.Contains(t, help, f.name)
		assert.Contains(t, help, f.about)
		assert.Contains(t, completion, f.name+"\n")
		assert.Contains(t, unknown, f.name)
		args := []string{"scan", tiny, "--include", "mlp.up_proj"}
		byName, _ := ok(t, append(args, "--format", f.name)...)
		byFile, _ := ok(t, args...) // the first is the default
		if f.ext != "" {
			assert.Contains(t, help, f.ext)
			file := filepath.Join(t.TempDir(), "out"+strings.ToUpper(f.ext))
			ok(t, append(args, "-o", file)...)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			byFile = string(text)
		} else {
			assert.Zero(t, i, "nothing chooses %s without its name", f.name)
		}
		assert.NotEmpty(t, byName)
		assert.Equal(t, volatile.ReplaceAllString(byName, ""), volatile.ReplaceAllString(byFile, ""), f.name)
		code, _, errs := command(append(args, "--format", f.name, "--singular-values")...)
		assert.Equal(t, f.spectra, code == exitOK, "%s: %s", f.name, errs)

		// What --top selects is shown, or said to have no place.
		top := append(args, "--format", f.name, "--top", "50")
		code, out, errs := command(top...)
		assert.Equal(t, f.chosen, code == exitOK, "%s: %s", f.name, errs)
		selection := filepath.Join(t.TempDir(), "selection.yaml")
		ok(t, append(top, "--selection", selection)...)
		assert.FileExists(t, selection)
		if f.chosen {
			assert.NotEqual(t, volatile.ReplaceAllString(byName, ""), volatile.ReplaceAllString(out, ""), f.name)
		} else {
			assert.Contains(t, errs, "--selection", f.name)
			assert.Empty(t, out)
		}
	}
}

func TestList(t *testing.T) {
	for want, items := range map[string][]string{"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"}} {
		assert.Equal(t, want, list(items, "or"))
	}
}
