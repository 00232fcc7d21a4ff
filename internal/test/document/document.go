// Package document holds sections of the documents to what tests compute, and writes them
// where SPECTRUM_WRITE_DOCS is set.
package document

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Section requires that what is in a file between begin and the next end, or the end of the
// file where end is empty, is text.
func Section(t testing.TB, file, begin, end, text string) {
	t.Helper()
	is, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(is), begin)
	require.True(t, found, "%s has no %q", file, begin)
	after := ""
	if end != "" {
		_, after, found = strings.Cut(rest, end)
		require.True(t, found, "%s has no %q behind %q", file, end, begin)
	}
	want := before + begin + text + end + after
	if os.Getenv("SPECTRUM_WRITE_DOCS") != "" {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(is), "SPECTRUM_WRITE_DOCS=1 writes %s", file)
}
