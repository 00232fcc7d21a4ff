package checkpoint

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"sync"
)

// source is where the bytes of a file come from. Its methods may be called by
// several goroutines at once.
type source interface {
	readerAt
	// Size returns the length of the file as it is now, in bytes.
	Size() (int64, error)
	Close() error
}

// readerAt is an io.ReaderAt whose reads end with their context.
type readerAt interface {
	ReadAtContext(ctx context.Context, p []byte, offset int64) (int, error)
}

// contextual lets r be asked with a context, which only its own method of that name
// heeds.
func contextual(r io.ReaderAt) readerAt {
	if c, ok := r.(readerAt); ok {
		return c
	}
	return plainReader{r}
}

type plainReader struct{ io.ReaderAt }

func (r plainReader) ReadAtContext(_ context.Context, p []byte, offset int64) (int, error) {
	return r.ReadAt(p, offset)
}

// sized is a file of which nothing but its bytes is known.
type sized struct {
	readerAt
	size int64
}

func (s sized) Size() (int64, error) { return s.size, nil }
func (s sized) Close() error         { return nil }

// fileSource is a file of any file system.
type fileSource struct {
	readerAt
	fs.File
}

func (f fileSource) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// newFileSource finds the way in which f can be read, or fails.
func newFileSource(f fs.File) (source, error) {
	switch r := f.(type) {
	case readerAt:
		return fileSource{r, f}, nil
	case io.ReaderAt:
		return fileSource{plainReader{r}, f}, nil
	case io.ReadSeeker:
		return fileSource{plainReader{&seekReader{r: r}}, f}, nil
	}
	return nil, fmt.Errorf("%w: %T is neither an io.ReaderAt nor an io.Seeker", ErrUnsupported, f)
}

// seekReader reads at any offset of a file that has one position for all.
type seekReader struct {
	mu sync.Mutex
	r  io.ReadSeeker
}

func (s *seekReader) ReadAt(p []byte, offset int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.r.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(s.r, p)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

// forgetHeader lets a source that keeps the beginning of its file drop it, as those
// of a hub do.
func forgetHeader(s source) {
	f, ok := s.(fileSource)
	if !ok {
		return
	}
	if h, ok := f.File.(interface{ DropHead() }); ok {
		h.DropHead()
	}
}

// bound is a source together with the context that its reads end with.
type bound struct {
	ctx context.Context
	source
}

// ReadAt is that of io.ReaderAt. A count that cannot be, from a reader that is not
// ours, is an error and not an index out of range.
func (b bound) ReadAt(p []byte, offset int64) (int, error) {
	n, err := b.ReadAtContext(b.ctx, p, offset)
	if n < 0 || n > len(p) {
		return 0, fmt.Errorf("a read of %d bytes returned %d", len(p), n)
	}
	return n, err
}

// sequential returns a reader of size bytes from the start of a source.
func sequential(ctx context.Context, s source, size int64) io.Reader {
	return io.NewSectionReader(bound{ctx, s}, 0, size)
}
