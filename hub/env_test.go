package hub

import (
	"os"
	"os/user"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPathsOfTheEnvironment has what os.path.expandvars(os.path.expanduser(value))
// gives in Python.
func TestPathsOfTheEnvironment(t *testing.T) {
	home := filepath.ToSlash(t.TempDir())
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	t.Setenv("DATA", "/data")
	t.Setenv("TILDE", "~/x")
	t.Setenv("EMPTY", "")
	for value, want := range map[string]string{
		"":                      "",
		"/plain/path":           "/plain/path",
		"~":                     home,
		"~/hf":                  home + "/hf",
		"$HOME/hf":              home + "/hf",
		"${HOME}/hf":            home + "/hf",
		"$DATA/hf":              "/data/hf",
		"/a${DATA}b/$EMPTY":     "/a/datab/",
		"$DATA$DATA":            "/data/data",
		"/x/~":                  "/x/~",
		"$TILDE":                "~/x",
		"$NOT_SET_ANYWHERE/hf":  "$NOT_SET_ANYWHERE/hf",
		"${NOT SET}/$":          "${NOT SET}/$",
		"${DATA":                "${DATA",
		"~no-such-user-here/hf": "~no-such-user-here/hf",
	} {
		t.Setenv("HF_HOME", value)
		assert.Equal(t, want, pathOf("HF_HOME"), value)
	}
	if me, err := user.Current(); err == nil && me.HomeDir != "" {
		if _, err := user.Lookup(me.Username); err == nil {
			t.Setenv("HF_HOME", "~"+me.Username+"/hf")
			assert.Equal(t, me.HomeDir+"/hf", pathOf("HF_HOME"))
		}
	}
}

func TestCacheIsFoundWhereTheToolsKeepIt(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	names := []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"}
	for _, name := range names {
		t.Setenv(name, "")
	}
	assert.Equal(t, filepath.Join(home, ".cache", "huggingface", "hub"), CacheDir())
	// From the last that counts to the first.
	for _, c := range []struct{ name, value, want string }{
		{"XDG_CACHE_HOME", "~/xdg", filepath.Join(home, "xdg", "huggingface", "hub")},
		{"HF_HOME", "$HOME/hf", filepath.Join(home, "hf", "hub")},
		{"HUGGINGFACE_HUB_CACHE", "~/old", filepath.Join(home, "old")},
		{"HF_HUB_CACHE", "${HOME}/new", filepath.Join(home, "new")},
	} {
		t.Setenv(c.name, c.value)
		assert.Equal(t, c.want, filepath.Clean(CacheDir()), c.name)
	}

	commit := "cccccccccccccccccccccccccccccccccccccccc"
	root := filepath.Join(home, "hf", "hub", "models--org--m")
	require.NoError(t, os.MkdirAll(filepath.Join(root, "snapshots", commit), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "refs"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "refs", "main"), []byte(commit), 0o644))
	for _, name := range names {
		t.Setenv(name, "")
	}
	t.Setenv("HF_HOME", "~/hf")
	dir, err := Snapshot(CacheDir(), Repo{Name: "org/m"})
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(root, "snapshots", commit), dir)
}
