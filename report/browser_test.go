package report

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// opened returns what a browser makes of a page, and what it has to say against it.
func opened(t *testing.T, text string, flags ...string) (dom, complaints string) {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil || testing.Short() {
		t.Skip("needs chromium, which is not here, and some seconds")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "report.html")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	flags = append(flags, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--no-first-run", "--user-data-dir="+filepath.Join(dir, "profile"), "--enable-logging=stderr", "--virtual-time-budget=4000", "--dump-dom", "file://"+file)
	cmd := exec.Command(browser, flags...)
	var out, log strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &log
	require.NoError(t, cmd.Run(), log.String())
	return out.String(), strings.Join(regexp.MustCompile(`(?m)^.*CONSOLE.*$`).FindAllString(log.String(), -1), "\n")
}

// A browser shows maps, pictures and tables, and complains of nothing, whatever names hold.
func TestBrowser(t *testing.T) {
	scores := demonstration(t)
	dom, complaints := opened(t, written(t, scores, scores))
	assert.Empty(t, complaints)
	assert.Contains(t, dom, "14 of 57 layers; ")
	assert.Contains(t, dom, `role="grid"`)
	assert.Contains(t, dom, "<svg")
	assert.Contains(t, dom, "57 layers are ranked in both")
	assert.Equal(t, 1, strings.Count(dom, `role="gridcell" tabindex="0"`), "the map is one tab stop")
	assert.Regexp(t, `class="( ?chosen)"`, dom)

	hostile := hostileResult()
	dom, complaints = opened(t, written(t, hostile, hostile))
	assert.Empty(t, complaints)
	assert.NotContains(t, dom, "<img")
	assert.Contains(t, dom, `role="grid"`)
	assert.Contains(t, dom, "of 29 layers")

	_, complaints = opened(t, written(t, fused(t), ties(t)))
	assert.Empty(t, complaints)
}

// Without JavaScript the tables are there, and nothing that does not work.
func TestTablesNeedNoScript(t *testing.T) {
	text := written(t, demonstration(t))
	text = regexp.MustCompile(`(?s)<script.*?</script>`).ReplaceAllString(text, "")
	assert.Contains(t, text, "<noscript>")
	for _, section := range []string{"choosing", "map", "layer"} {
		assert.Regexp(t, `<section id="`+section+`"[^>]* hidden>`, text)
	}
	for _, cell := range []string{"<th scope=row>model.layers.3.self_attn.o_proj<", "<td>8 of 8<", "<td>256×96 BF16<", "<td>chosen", "<td>shares model.embed_tokens"} {
		assert.Contains(t, text, cell)
	}
}
