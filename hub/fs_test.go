package hub

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestListingIsAFileSystem holds a listing to what io/fs asks of every file system.
func TestListingIsAFileSystem(t *testing.T) {
	s := newServer(t, map[string][]byte{
		"config.json": []byte("{}"), "a/b/w": content(headSize + 10), "a/b.txt": []byte("x"), "a-b/c": nil, "empty": {},
	})
	l := s.list(t)
	require.NoError(t, fstest.TestFS(l, "config.json", "a/b/w", "a/b.txt", "a-b/c", "empty"))
	for _, name := range []string{"absent", "a/absent", "../config.json", "/", "", "a/"} {
		_, err := l.Open(name)
		assert.ErrorIs(t, err, fs.ErrNotExist, name)
		_, err = l.ReadDir(name)
		assert.Error(t, err, name)
	}
	require.NoError(t, l.Close())
}

func TestReadDirAsksForNothing(t *testing.T) {
	s := newServer(t, map[string][]byte{"a/w": content(10), "b": nil})
	l := s.list(t)
	before := s.requests.Load()
	entries, err := l.ReadDir(".")
	require.NoError(t, err)
	assert.Len(t, entries, 2)
	assert.Equal(t, before, s.requests.Load())
}

func TestFind(t *testing.T) {
	s := newServer(t, map[string][]byte{"a/w": []byte("remote")})
	c := s.client(t)
	c.Cache = t.TempDir()
	_, _, _, err := c.Find(t.Context(), "org/name")
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "hf://org/name streams it")
	assert.Zero(t, s.requests.Load(), "without the scheme there is no network")

	files, file, path, err := c.Find(t.Context(), "hf://org/name/a/w")
	require.NoError(t, err)
	assert.Equal(t, []string{"a/w", "hf://org/name@" + commit}, []string{file, path})
	text, err := fs.ReadFile(files, file)
	require.NoError(t, err)
	assert.Equal(t, "remote", string(text))

	snapshot := filepath.Join(c.Cache, "models--org--name", "snapshots", commit)
	require.NoError(t, os.MkdirAll(filepath.Join(snapshot, "a"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(snapshot, "a", "w"), []byte("cached"), 0o644))
	files, file, path, err = c.Find(t.Context(), "org/name@"+commit+"/a/w")
	require.NoError(t, err)
	assert.Equal(t, []string{"a/w", snapshot}, []string{file, path})
	text, err = fs.ReadFile(files, file)
	require.NoError(t, err)
	assert.Equal(t, "cached", string(text))

	for _, address := range []string{"", "name", "hf://name", "hf://org/name@../x"} {
		_, _, _, err = c.Find(t.Context(), address)
		assert.ErrorIs(t, err, ErrAddress, address)
		assert.ErrorIs(t, err, errors.ErrUnsupported, address)
	}
}

// TestZeroClient has a transport that counts, and no other setting.
func TestZeroClient(t *testing.T) {
	var sent []string
	c := &Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = append(sent, r.URL.String()+r.Header.Get("Authorization"))
		return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody, Request: r}, nil
	})}
	_, err := c.List(t.Context(), Repo{Name: "org/name"})
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.Equal(t, []string{"https://huggingface.co/api/models/org/name/revision/main"}, sent)
	_, _, _, err = c.Find(t.Context(), "org/name")
	assert.ErrorIs(t, err, fs.ErrNotExist, "there is no cache")
	assert.Len(t, sent, 1)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
