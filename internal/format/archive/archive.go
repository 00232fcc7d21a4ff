// Package archive lists the entries of zip archives that nobody vouches for.
package archive

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrFormat reports an archive that breaks the rules of the format.
var ErrFormat = errors.New("malformed zip archive")

// What is read of an archive's directory and trailer is bounded, in bytes, and by the
// size of the file: an entry takes less than 100, and with what it describes three
// times that.
const (
	maxDirectory = 8 << 20
	minDirectory = 1 << 20
)

// limited reads no more than left bytes in all, and keeps the reader's error, which
// the directory's reader may take for a fault of the archive.
type limited struct {
	io.ReaderAt
	left int64
	err  error
}

func (l *limited) ReadAt(p []byte, offset int64) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		l.err = malformed("its directory takes more than the size of the file warrants")
		return 0, l.err
	}
	n, err := l.ReaderAt.ReadAt(p, offset)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

// List returns the entries of an archive of size bytes in the order of its
// directory. No two have the same name. The names may be anything: they must not
// become paths. The error wraps [ErrFormat], or is the reader's own.
func List(r io.ReaderAt, size int64) ([]*zip.File, error) {
	l := &limited{ReaderAt: r, left: min(maxDirectory, minDirectory+size/3)}
	z, err := zip.NewReader(l, size)
	l.left = math.MaxInt64
	switch {
	case l.err != nil:
		return nil, l.err
	case errors.Is(err, zip.ErrFormat):
		return nil, malformed("no directory at its end; cut short?")
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return nil, malformed("%w", err)
	}
	seen := make(map[string]bool, len(z.File))
	for _, f := range z.File {
		if seen[f.Name] {
			return nil, malformed("%q is there twice", f.Name)
		}
		seen[f.Name] = true
	}
	return z.File, nil
}

// Locate returns where the bytes of an entry begin in an archive of size bytes, all
// of which, compressed or not, lie inside it.
func Locate(f *zip.File, size int64) (offset int64, err error) {
	if offset, err = f.DataOffset(); err != nil {
		return 0, malformed("%s: no entry where the directory says: %w", f.Name, err)
	}
	if offset > size || f.CompressedSize64 > uint64(size-offset) {
		return 0, malformed("%s: %d bytes at %d, past the end of the file at %d", f.Name, f.CompressedSize64, offset, size)
	}
	return offset, nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}
