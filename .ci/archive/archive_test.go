package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

var commitTime = time.Date(2026, 11, 25, 1, 21, 7, 0, time.UTC)

// repository makes a module with one commit, a program that does nothing.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.org/nothing\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() {}\n",
		"LICENSE": "terms\n", "README.md": "read\n", "CHANGELOG.md": "changes\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "."},
		{"-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false", "commit", "-qm", "all"},
	} {
		command(t, dir, "git", args...)
	}
	return dir
}

// command runs a command in dir as .ci/release would.
func command(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	at := commitTime.Format(time.RFC3339)
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "CGO_ENABLED=0", "GIT_COMMITTER_DATE="+at, "GIT_AUTHOR_DATE="+at)
	for i, a := range args {
		if os, arch, ok := strings.Cut(a, "/"); ok && name == "go" && i == 0 {
			cmd.Env = append(cmd.Env, "GOOS="+os, "GOARCH="+arch)
			cmd.Args = append([]string{name}, args[1:]...)
		}
	}
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%v: %s", cmd.Args, text)
}

// built returns the program of repository dir for a platform.
func built(t *testing.T, dir, platform string, flags ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	command(t, dir, "go", append([]string{platform, "build", "-buildvcs=true", "-o", name}, flags...)...)
	return name
}

func TestEveryPlatformIsArchived(t *testing.T) {
	dir, out := repository(t), t.TempDir()
	var binaries []string
	for _, p := range platforms {
		binaries = append(binaries, built(t, dir, p, "-trimpath"))
	}
	t.Chdir(dir)
	var listed bytes.Buffer
	require.NoError(t, run(out, binaries, &listed))

	names := strings.Fields(listed.String())
	require.Len(t, names, len(platforms))
	sums, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
	require.NoError(t, err)
	require.Len(t, strings.Split(strings.TrimSpace(string(sums)), "\n"), len(platforms))
	for i, name := range names {
		folder := "spectrum-v0.0.0-20261125012107-" + commitOf(t, dir)[:12] + "-" + strings.ReplaceAll(platforms[i], "/", "-")
		program, extension := "spectrum", ".tar.gz"
		if strings.HasPrefix(platforms[i], "windows") {
			program, extension = "spectrum.exe", ".zip"
		}
		require.Equal(t, folder+extension, name)
		data, err := os.ReadFile(filepath.Join(out, name))
		require.NoError(t, err)
		assert.Contains(t, string(sums), fmt.Sprintf("%x  %s\n", sha256.Sum256(data), name))
		files := unpack(t, data)
		binary, err := os.ReadFile(binaries[i])
		require.NoError(t, err)
		var got []string
		for _, f := range files {
			got = append(got, strings.TrimPrefix(f.name, folder+"/"))
		}
		assert.Equal(t, []string{"CHANGELOG.md", "LICENSE", "README.md", "THIRD-PARTY-LICENSES", program}, got)
		assert.True(t, bytes.Equal(binary, files[4].data), "%s holds another binary", name)
		assert.Equal(t, fs.FileMode(0o755), files[4].mode)
		assert.Equal(t, fs.FileMode(0o644), files[0].mode)
	}
}

// unpack reads an archive of either kind, and checks what must not vary.
func unpack(t *testing.T, data []byte) (files []file) {
	t.Helper()
	if bytes.HasPrefix(data, []byte("PK")) {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		for _, f := range z.File {
			assert.True(t, f.Modified.Equal(commitTime), "%v", f.Modified)
			files = append(files, file{f.Name, f.Mode(), readAll(t, f.Open)})
		}
		return files
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	assert.Empty(t, z.Name)
	assert.True(t, z.ModTime.IsZero())
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		require.NoError(t, err)
		assert.True(t, h.ModTime.Equal(commitTime), "%v", h.ModTime)
		assert.Zero(t, h.Uid+h.Gid)
		assert.Empty(t, h.Uname+h.Gname)
		files = append(files, file{h.Name, h.FileInfo().Mode(), readAll(t, func() (io.ReadCloser, error) { return io.NopCloser(r), nil })})
	}
}

func readAll(t *testing.T, open func() (io.ReadCloser, error)) []byte {
	t.Helper()
	r, err := open()
	require.NoError(t, err)
	defer r.Close()
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	return data
}

func commitOf(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command("git", "rev-parse", "HEAD")
	cmd.Dir = dir
	text, err := cmd.Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(text))
}

func TestUnfitBinariesAreRefused(t *testing.T) {
	dir := repository(t)
	_, err := open(built(t, dir, "linux/amd64"))
	assert.ErrorContains(t, err, `-trimpath=""`)

	good := built(t, dir, "linux/amd64", "-trimpath")
	_, err = open(good)
	require.NoError(t, err)
	_, err = open(good, "example.org/nothing")
	assert.ErrorContains(t, err, "holds the path")

	text := filepath.Join(dir, "README.md")
	require.NoError(t, os.WriteFile(text, []byte("changed\n"), 0o644))
	_, err = open(built(t, dir, "linux/amd64", "-trimpath"))
	assert.ErrorContains(t, err, `vcs.modified="true"`)
	_, err = open(text)
	assert.ErrorContains(t, err, text)
}

// What one platform runs is no executable of any other.
func TestFormatsAreToldApart(t *testing.T) {
	dir := repository(t)
	for _, p := range platforms {
		b, err := open(built(t, dir, p, "-trimpath"))
		require.NoError(t, err)
		for _, other := range append([]string{"plan9/amd64", "linux/386"}, platforms...) {
			b.os, b.arch, _ = strings.Cut(other, "/")
			assert.Equal(t, p == other, b.checkFormat() == nil, "%s as %s", p, other)
		}
		b.os, b.arch, _ = strings.Cut(p, "/")
		b.data = b.data[:8]
		assert.Error(t, b.checkFormat(), "%s cut off", p)
	}
}

func TestReplacedModulesAreRefused(t *testing.T) {
	info := &debug.BuildInfo{
		Deps:     []*debug.Module{{Path: "example.org/a", Replace: &debug.Module{Path: "../a"}}},
		Settings: []debug.BuildSetting{{Key: "CGO_ENABLED", Value: "0"}, {Key: "-trimpath", Value: "true"}, {Key: "vcs", Value: "git"}, {Key: "vcs.modified", Value: "false"}},
	}
	_, err := newBinary(nil, info)
	assert.ErrorContains(t, err, "example.org/a")
}

func TestLicences(t *testing.T) {
	goroot, err := output("go", "env", "GOROOT")
	require.NoError(t, err)
	text, err := licences(goroot, []*debug.Module{
		{Path: "gonum.org/v1/gonum", Version: "v1"}, {Path: "github.com/spf13/cobra", Version: "v2"},
	})
	require.NoError(t, err)
	for _, title := range []string{
		"==== The Go standard library: LICENSE\n", "==== gonum.org/v1/gonum v1: LICENSE\n",
		"==== gonum.org/v1/gonum v1: THIRD_PARTY_LICENSES/Cephes-LICENSE\n", "==== github.com/spf13/cobra v2: LICENSE.txt\n",
	} {
		assert.Contains(t, string(text), title)
	}
	assert.ErrorContains(t, appendTerms(&bytes.Buffer{}, "nobody's code", t.TempDir()), "nobody's code has no licence")
}

func TestNoBinariesIsAnError(t *testing.T) {
	assert.Error(t, run(t.TempDir(), nil, io.Discard))
}
