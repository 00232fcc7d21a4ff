package document

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fails reports whether f ends the test that it is given, which is another one.
func fails(t *testing.T, f func(t testing.TB)) bool {
	other := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // FailNow ends the goroutine
		defer close(done)
		f(other)
	}()
	<-done
	return other.failed
}

type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) FailNow()              { r.failed = true; runtime.Goexit() }

// A section that differs, or is not there, fails; one that is written is right from then on,
// and nothing around it changes.
func TestSection(t *testing.T) {
	t.Setenv("SPECTRUM_WRITE_DOCS", "")
	file := filepath.Join(t.TempDir(), "a.md")
	require.NoError(t, os.WriteFile(file, []byte("a\n<b>\nold\n<e>\nz\n"), 0o644))
	section := func(begin, end string) func(t testing.TB) {
		return func(t testing.TB) { Section(t, file, begin, end, "new\n") }
	}
	assert.True(t, fails(t, section("<b>\n", "<e>")))
	assert.True(t, fails(t, section("<c>\n", "<e>")))
	assert.True(t, fails(t, section("<b>\n", "<f>")))
	t.Setenv("SPECTRUM_WRITE_DOCS", "1")
	section("<b>\n", "<e>")(t)
	t.Setenv("SPECTRUM_WRITE_DOCS", "")
	section("<b>\n", "<e>")(t)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "a\n<b>\nnew\n<e>\nz\n", string(text))
	assert.True(t, fails(t, section("<b>\n", "")))
}
