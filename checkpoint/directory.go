package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// directory is where the files of a model are. Names have slashes.
type directory interface {
	// open opens a file and returns its size. The error wraps fs.ErrNotExist when
	// there is none.
	open(ctx context.Context, name string) (source, int64, error)
	// exists reports whether there is such a file at the top.
	exists(name string) (bool, error)
	// list returns the names of the files at the top.
	list() ([]string, error)
	// path returns what messages call a file, or "." the directory.
	path(name string) string
}

// localDir is a directory on disk.
type localDir string

func (d localDir) path(name string) string {
	return filepath.Join(string(d), filepath.FromSlash(name))
}

// open opens a regular file. Anything else is refused before it is opened: opening
// a pipe would wait for a writer.
func (d localDir) open(_ context.Context, name string) (source, int64, error) {
	info, err := os.Stat(d.path(name))
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: %w: not a regular file", d.path(name), ErrUnsupported)
	}
	f, err := os.Open(d.path(name))
	if err != nil {
		return nil, 0, err
	}
	return opened(f)
}

// opened returns what an open file is read by, and its size. It closes the file when
// it fails.
func opened(f fs.File) (s source, size int64, err error) {
	if s, err = newFileSource(f); err == nil {
		size, err = s.Size()
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return s, size, nil
}

func (d localDir) exists(name string) (bool, error) {
	info, err := os.Stat(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && !info.IsDir(), err
}

func (d localDir) list() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	return fileNames(entries), err
}

func fileNames(entries []fs.DirEntry) (names []string) {
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// fsDir is a directory of a file system.
type fsDir struct {
	files fs.FS
	base  string // the directory
	label string // what messages call the root; may be empty
}

func (d fsDir) path(name string) string {
	if name = path.Join(d.base, name); d.label == "" {
		return name
	}
	if name == "." {
		return d.label
	}
	return d.label + "/" + name // a label may be an address, which Join would spoil
}

func (d fsDir) open(ctx context.Context, name string) (source, int64, error) {
	f, err := d.openFile(ctx, path.Join(d.base, name))
	if err == nil && f == nil {
		err = fs.ErrInvalid // a file system that breaks the rules
	}
	if err != nil {
		return nil, 0, d.failed(name, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info == nil:
		err = fs.ErrInvalid
	case !info.Mode().IsRegular() || info.Size() < 0:
		err = fmt.Errorf("%w: not a regular file", ErrUnsupported)
	}
	if err != nil {
		f.Close()
		return nil, 0, d.failed(name, err)
	}
	s, size, err := opened(f)
	if err != nil {
		return nil, 0, d.failed(name, err)
	}
	return s, size, nil
}

// openFile waits no longer than ctx where the file system can be told to.
func (d fsDir) openFile(ctx context.Context, name string) (fs.File, error) {
	if c, ok := d.files.(interface {
		OpenContext(ctx context.Context, name string) (fs.File, error)
	}); ok {
		return c.OpenContext(ctx, name)
	}
	return d.files.Open(name)
}

// failed names the file at fault by its whole path and not by the part that its file
// system knows.
func (d fsDir) failed(name string, err error) error {
	var part *fs.PathError
	if errors.As(err, &part) {
		err = part.Err
	}
	return fmt.Errorf("%s: %w", d.path(name), err)
}

// exists asks the directory, for which no file need be opened, and the file where
// there is no directory to ask.
func (d fsDir) exists(name string) (bool, error) {
	if names, err := d.list(); err == nil {
		return slices.Contains(names, name), nil
	}
	info, err := fs.Stat(d.files, path.Join(d.base, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, d.failed(name, err)
	}
	return !info.IsDir(), nil
}

func (d fsDir) list() ([]string, error) {
	entries, err := fs.ReadDir(d.files, d.base)
	if err != nil {
		return nil, d.failed(".", err)
	}
	return fileNames(entries), nil
}

// readerDir holds one file.
type readerDir struct {
	name string
	file sized
}

func (d readerDir) path(string) string { return d.name }

func (d readerDir) open(_ context.Context, name string) (source, int64, error) {
	if name != d.name {
		return nil, 0, fmt.Errorf("%s: %w: there is nothing but %s", name, fs.ErrNotExist, d.name)
	}
	return d.file, d.file.size, nil
}

func (d readerDir) exists(name string) (bool, error) { return name == d.name, nil }
func (d readerDir) list() ([]string, error)          { return []string{d.name}, nil }
