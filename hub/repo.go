// Package hub finds models by their Hugging Face names: in the cache that the
// Hugging Face tools keep, and on a hub over HTTPS, a range of a file at a time.
package hub

import (
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

// Parse reads org/name[@revision][/file], with or without the scheme. It reports
// false for anything else.
func Parse(address string) (r Repo, ok bool) {
	address = strings.TrimPrefix(address, Scheme)
	org, rest, _ := strings.Cut(address, "/")
	name, file, _ := strings.Cut(rest, "/")
	name, revision, hasRevision := strings.Cut(name, "@")
	r = Repo{Name: org + "/" + name, Revision: revision, File: file}
	if !namePattern.MatchString(r.Name) || strings.Contains(r.Name, "..") || hasRevision && !validRevision(revision) {
		return Repo{}, false
	}
	return r, file == "" && !strings.HasSuffix(rest, "/") || filepath.IsLocal(filepath.FromSlash(file))
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
		return "", fmt.Errorf("%q is not a revision", r.Revision)
	}
	return r.Revision, nil
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
// wraps fs.ErrNotExist and says which revisions there are.
func Snapshot(cache string, r Repo) (string, error) {
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
