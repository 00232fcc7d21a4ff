// Package hub finds models by their Hugging Face names: in the cache that the
// Hugging Face tools keep, and on a hub over HTTPS, a range of a file at a time.
// Nothing is stored.
//
// Servers are not trusted: the token goes to the endpoint alone and is in no error,
// redirects lead neither to private addresses nor from https to http, and what a server
// says of ranges and sizes is checked. docs/formats.md has the rules.
//
// A [Client] is what package checkpoint takes to open such models; on its own,
// [Client.Find] and [Client.List] give the files of a model as an [io/fs.FS].
package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Scheme begins the address of a model that is to be streamed.
const Scheme = "hf://"

// Repo names a model: org/name, a revision, and a file in it.
type Repo struct {
	Name     string // org/name
	Revision string // branch, tag or commit; empty for main
	File     string // empty for the whole model
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)

// validName reports whether a name is org/name.
func validName(name string) bool {
	return namePattern.MatchString(name) && !strings.Contains(name, "..")
}

// localFile reports whether a file is inside its model, on every system.
func localFile(name string) bool {
	return fs.ValidPath(name) && name != "." && filepath.IsLocal(filepath.FromSlash(name))
}

// Parse reads org/name[@revision][/file], with or without the scheme. It reports
// false for anything else.
func Parse(address string) (r Repo, ok bool) {
	address = strings.TrimPrefix(address, Scheme)
	org, rest, _ := strings.Cut(address, "/")
	name, file, hasFile := strings.Cut(rest, "/")
	name, revision, hasRevision := strings.Cut(name, "@")
	r = Repo{Name: org + "/" + name, Revision: revision, File: file}
	if !validName(r.Name) || hasRevision && !validRevision(revision) || hasFile && !localFile(file) {
		return Repo{}, false
	}
	return r, true
}

// validRevision reports whether a revision can be a path below refs.
func validRevision(revision string) bool {
	return revision != "" && filepath.IsLocal(filepath.FromSlash(revision)) && !strings.ContainsAny(revision, `\?#%:`)
}

// String returns the address that streams the model.
func (r Repo) String() string {
	s := Scheme + r.Name
	if r.Revision != "" {
		s += "@" + r.Revision
	}
	if r.File != "" {
		s += "/" + r.File
	}
	return s
}

func (r Repo) revision() (string, error) {
	if r.Revision == "" {
		return "main", nil
	}
	if !validRevision(r.Revision) {
		return "", fmt.Errorf("%q is not a revision: %w", r.Revision, ErrAddress)
	}
	return r.Revision, nil
}

// Find returns the files of the model at an address, the one of them that the
// address names, empty for the whole model, and the path of the model with the
// commit in it: that of the snapshot in the cache, or hf://org/name@commit.
//
// hf://org/name[@revision][/file] is read from the hub. Without the scheme it is
// looked up in the cache of c, and the network is not used. An [io/fs.FS] with a
// Close method should be closed when the model is no longer read.
//
// Errors wrap [ErrAddress] for a text that is not of this form, and
// [io/fs.ErrNotExist], [ErrAccess] or [ErrServer].
func (c *Client) Find(ctx context.Context, address string) (files fs.FS, file, path string, err error) {
	if err := c.ready(ctx); err != nil {
		return nil, "", "", err
	}
	repo, ok := Parse(address)
	if !ok {
		return nil, "", "", fmt.Errorf("%q: %w", address, ErrAddress)
	}
	if !strings.HasPrefix(address, Scheme) {
		dir, err := Snapshot(c.Cache, repo)
		if err != nil {
			return nil, "", "", fmt.Errorf("%w; %s streams it", err, repo)
		}
		return os.DirFS(dir), repo.File, dir, nil
	}
	l, err := c.List(ctx, repo)
	if err != nil {
		c.release()
		return nil, "", "", err
	}
	return l, repo.File, l.at(), nil
}

// CacheDir returns the cache of the Hugging Face tools, found as they find it:
// HF_HUB_CACHE, else the folder hub in HF_HOME, else in huggingface below
// XDG_CACHE_HOME or ~/.cache. In all of these ~, ~user, $NAME and ${NAME} stand for
// what they stand for in a shell.
func CacheDir() string {
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"} {
		if dir := pathOf(name); dir != "" {
			return dir
		}
	}
	if dir := pathOf("HF_HOME"); dir != "" {
		return filepath.Join(dir, "hub")
	}
	cache := pathOf("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "huggingface", "hub")
}

// Snapshot returns the directory of a model in a cache. Without it the error
// wraps [io/fs.ErrNotExist] and says which revisions there are.
func Snapshot(cache string, r Repo) (string, error) {
	if cache == "" {
		return "", fmt.Errorf("there is no cache to find %s in: %w", r.Name, fs.ErrNotExist)
	}
	if !validName(r.Name) {
		return "", fmt.Errorf("%q: %w", r.Name, ErrAddress)
	}
	revision, err := r.revision()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "models--"+strings.ReplaceAll(r.Name, "/", "--"))
	commit := revision
	text, err := os.ReadFile(filepath.Join(dir, "refs", filepath.FromSlash(revision)))
	switch {
	case err == nil:
		commit = strings.TrimSpace(string(text))
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if !filepath.IsLocal(commit) || strings.ContainsAny(commit, `/\`) {
		return "", fmt.Errorf("%s: revision %s: %q is not a commit", dir, revision, commit)
	}
	snapshot := filepath.Join(dir, "snapshots", commit)
	if _, err := os.Stat(snapshot); err != nil {
		return "", fmt.Errorf("%s@%s is not in the cache %s (%s): %w", r.Name, revision, cache, cached(dir), fs.ErrNotExist)
	}
	return snapshot, nil
}

// cached says which commits of a model there are.
func cached(dir string) string {
	entries, err := os.ReadDir(filepath.Join(dir, "snapshots"))
	if err != nil || len(entries) == 0 {
		return "it has no revision of it"
	}
	var names []string
	for _, e := range entries[:min(5, len(entries))] {
		names = append(names, e.Name())
	}
	return "it has " + strings.Join(names, ", ")
}
