// Package shared finds the real weights and published results that some tests
// use and that are not part of this repository.
package shared

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Path returns the path of a file or folder of the shared data, given relative
// to it with slashes. The data are in the directory SPECTRUM_SHARED, else in
// the folder "shared" beside the repository; without them the test is skipped.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("SPECTRUM_SHARED")
	if dir == "" {
		_, here, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(here), "..", "..", "..", "..", "shared")
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs %s of the shared data, which is not here (set SPECTRUM_SHARED)", name)
	}
	return path
}
