package hub

import (
	"io"
	"io/fs"
	"path"
	"time"
)

// entry is a file or directory of a listing; as a directory it describes itself.
type entry struct {
	list *Listing
	path string
	dir  bool
}

func (e entry) Name() string { return path.Base(e.path) }
func (e entry) IsDir() bool  { return e.dir }

func (e entry) Type() fs.FileMode {
	if e.dir {
		return fs.ModeDir
	}
	return 0
}

func (e entry) Info() (fs.FileInfo, error) { return e.list.Stat(e.path) }
func (e entry) String() string             { return fs.FormatDirEntry(e) }

// info describes a file of this size, or a directory. A commit does not change, and
// what time it was made is not asked for.
type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }

// directory is an open directory.
type directory struct {
	list *Listing
	name string
	next int // entry to be read
}

func (d *directory) Stat() (fs.FileInfo, error) {
	return info{name: path.Base(d.name), mode: fs.ModeDir | 0o555}, nil
}

func (d *directory) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fs.ErrInvalid}
}

func (d *directory) Close() error { return nil }

func (d *directory) ReadDir(n int) ([]fs.DirEntry, error) {
	entries, err := d.list.ReadDir(d.name)
	if err != nil {
		return nil, err
	}
	entries = entries[d.next:]
	if n > 0 {
		entries = entries[:min(n, len(entries))]
		if len(entries) == 0 {
			return nil, io.EOF
		}
	}
	d.next += len(entries)
	return entries, nil
}
