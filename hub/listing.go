package hub

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// Listing is a model at one commit, as a file system that reads from the hub.
// What is read is not kept: every read of a file is a request for a range of it.
//
// [Listing.Open] and the methods of [io/fs] take no context, so what they wait for
// ends only when the hub stops answering; [Listing.OpenContext] and
// [File.ReadAtContext] end with theirs.
type Listing struct {
	Repo  Repo     // its Revision is the commit
	Files []string // sorted, with slashes
	c     *Client
	blind atomic.Bool // a file was opened of which no version is known
}

var (
	_ fs.ReadDirFS = (*Listing)(nil)
	_ fs.StatFS    = (*Listing)(nil)
)

// List resolves the revision of a model to a commit and lists its files. Errors
// wrap [ErrAddress] for a name or revision that is none, [io/fs.ErrNotExist],
// [ErrAccess] or [ErrServer].
func (c *Client) List(ctx context.Context, r Repo) (*Listing, error) {
	if err := c.ready(ctx); err != nil {
		return nil, err
	}
	l, err := c.list(ctx, r)
	return l, c.hide(err)
}

func (c *Client) list(ctx context.Context, r Repo) (*Listing, error) {
	revision, err := r.revision()
	if err != nil {
		return nil, err
	}
	if !validName(r.Name) {
		return nil, fmt.Errorf("%q: %w", r.Name, ErrAddress)
	}
	address := c.endpoint() + "/api/models/" + r.Name + "/revision/" + url.PathEscape(revision)
	text, err := c.fetch(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	if c.holdsToken(text) {
		return nil, fmt.Errorf("%s: %w", r, errHoldsToken)
	}
	l := &Listing{Repo: r, c: c}
	if err := l.parse(text); err != nil {
		return nil, fmt.Errorf("%s: %s: %w: %w", r, placeOf(address), ErrServer, err)
	}
	// In JSON there are other ways to write it.
	if c.holdsToken([]byte(l.Repo.Revision + "\n" + strings.Join(l.Files, "\n"))) {
		return nil, fmt.Errorf("%s: %w", r, errHoldsToken)
	}
	return l, nil
}

// parse reads the description of a model.
func (l *Listing) parse(text []byte) error {
	s, err := strictjson.New(text)
	if err != nil {
		return err
	}
	s.AllowNonFinite()
	var commit string
	err = s.Object(func(name string) (err error) {
		switch {
		case name == "sha" && !s.Null():
			commit, err = s.String()
		case name == "siblings" && s.Peek() == '[':
			err = s.Array(func() error { return l.sibling(s) })
		default:
			err = s.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	if !validRevision(commit) {
		return fmt.Errorf("%q is not a commit", commit)
	}
	l.Repo.Revision = commit
	slices.Sort(l.Files)
	l.Files = slices.Compact(l.Files)
	return nil
}

// sibling takes one file. A name that leads out of the model is left out.
func (l *Listing) sibling(s *strictjson.Scanner) error {
	return s.Object(func(name string) error {
		if name != "rfilename" {
			return s.Skip()
		}
		file, err := s.String()
		if err == nil && localFile(file) {
			l.Files = append(l.Files, file)
		}
		return err
	})
}

// address returns where a file of the model is.
func (l *Listing) address(file string) string {
	parts := strings.Split(file, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return l.c.endpoint() + "/" + l.Repo.Name + "/resolve/" + l.Repo.Revision + "/" + strings.Join(parts, "/")
}

// at returns the address of the model without a file.
func (l *Listing) at() string {
	r := l.Repo
	r.File = ""
	return r.String()
}

// Open is [Listing.OpenContext] without a context, and opens directories too.
func (l *Listing) Open(name string) (fs.File, error) {
	if l.isDir(name) {
		return &directory{list: l, name: name}, nil
	}
	f, err := l.open(context.Background(), name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return f, nil
}

// OpenContext reads the beginning of a file, a [*File]. The error wraps
// [io/fs.ErrNotExist] when the model has no such file.
func (l *Listing) OpenContext(ctx context.Context, name string) (fs.File, error) {
	f, err := l.open(ctx, name)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (l *Listing) open(ctx context.Context, name string) (*File, error) {
	if l == nil {
		return nil, fs.ErrInvalid
	}
	if err := l.c.ready(ctx); err != nil {
		return nil, err
	}
	if _, found := slices.BinarySearch(l.Files, name); !found {
		return nil, fmt.Errorf("%s has no file %s: %w", l.Repo, name, fs.ErrNotExist)
	}
	f := &File{c: l.c, name: name, address: l.address(name)}
	if err := f.open(ctx); err != nil {
		return nil, f.failed(err)
	}
	if f.was.unknown() && int64(len(f.head)) < f.size {
		l.blind.Store(true)
	}
	return f, nil
}

// Notes returns what the user should know of the files that were opened, a line for
// each thing. There is one: that little shows whether a file changed.
func (l *Listing) Notes() []string {
	if l == nil || !l.blind.Load() {
		return nil
	}
	return []string{"the server says neither ETag nor Last-Modified of its files: if one changes while it is read, only its size and its beginning can show it"}
}

// Close drops the connections that wait for another request.
func (l *Listing) Close() error {
	if l != nil && l.c != nil {
		l.c.release()
	}
	return nil
}

// isDir reports whether files lie below name.
func (l *Listing) isDir(name string) bool {
	if l == nil || name == "." {
		return l != nil
	}
	i, _ := slices.BinarySearch(l.Files, name+"/")
	return fs.ValidPath(name) && i < len(l.Files) && strings.HasPrefix(l.Files[i], name+"/")
}

// Stat describes a file, which it opens to do so, or a directory.
func (l *Listing) Stat(name string) (fs.FileInfo, error) {
	f, err := l.Open(name)
	if err != nil {
		return nil, err
	}
	return f.Stat()
}

// ReadDir lists a directory. It asks the hub for nothing, but the Info of an entry
// opens its file.
func (l *Listing) ReadDir(name string) ([]fs.DirEntry, error) {
	if !l.isDir(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	prefix := name + "/"
	if name == "." {
		prefix = ""
	}
	var entries []fs.DirEntry
	for _, file := range l.Files {
		rest, below := strings.CutPrefix(file, prefix)
		if !below {
			continue
		}
		first, _, nested := strings.Cut(rest, "/")
		e := entry{list: l, path: path.Join(name, first), dir: nested}
		if n := len(entries); n == 0 || entries[n-1].Name() != e.Name() {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}
