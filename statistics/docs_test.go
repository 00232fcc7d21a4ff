package statistics_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/statistics"
)

// docs/statistics.md has every statistic with its formula. SPECTRUM_WRITE_DOCS=1 writes the table.
func TestStatisticsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString("| field | what it is | formula | unit | source |\n|---|---|---|---|---|\n")
	seen := make(map[string]bool)
	for _, d := range statistics.Definitions() {
		require.False(t, seen[d.Name], "%s twice", d.Name)
		seen[d.Name] = true
		for what, text := range map[string]string{"name": d.Name, "description": d.About, "formula": d.Formula, "source": d.Source} {
			require.NotEmpty(t, text, "the %s of %s", what, d.Name)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", d.Name, d.About, d.Formula, d.Unit, d.Source)
	}
	name := filepath.Join("..", "docs", "statistics.md")
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), "<!-- statistics -->\n")
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, "<!-- end -->\n")
	require.True(t, ok)
	want := before + "<!-- statistics -->\n" + b.String() + "<!-- end -->\n" + after
	if os.Getenv("SPECTRUM_WRITE_DOCS") != "" {
		require.NoError(t, os.WriteFile(name, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(text))
}
