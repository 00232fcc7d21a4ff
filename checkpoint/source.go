package checkpoint

import (
	"context"
	"io"
	"os"
)

// source is where the bytes of a file come from. Its methods may be called by
// several goroutines at once.
type source interface {
	// ReadAt is that of io.ReaderAt, and ends with ctx.
	ReadAt(ctx context.Context, p []byte, offset int64) (int, error)
	// Size returns the length of the file as it is now, in bytes.
	Size() (int64, error)
	Close() error
}

// localFile is a file on disk.
type localFile struct{ *os.File }

func (f localFile) ReadAt(_ context.Context, p []byte, offset int64) (int, error) {
	return f.File.ReadAt(p, offset)
}

func (f localFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// bound is a source together with the context that its reads end with.
type bound struct {
	ctx context.Context
	source
}

func (b bound) ReadAt(p []byte, offset int64) (int, error) {
	return b.source.ReadAt(b.ctx, p, offset)
}

// sequential returns a reader of size bytes from the start of a source.
func sequential(ctx context.Context, s source, size int64) io.Reader {
	return io.NewSectionReader(bound{ctx, s}, 0, size)
}
