package hub

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

const (
	// headSize is what the first request asks for, in bytes: it tells the size of the
	// file, and holds the header of most.
	headSize = 256 << 10
	// chunkSize is the most that one request asks for later.
	chunkSize = 4 << 20
	// progress is how many bytes a broken answer must have brought to count as
	// progress.
	progress = 4 << 10
)

// File is an open file of a model. Its methods may be called by several goroutines
// at once.
type File struct {
	c       *Client
	name    string
	address string
	tag     string // the ETag of the first answer
	size    int64
	head    []byte // the first bytes

	mu   sync.Mutex
	next int64 // what Read reads
}

func (f *File) failed(err error) error { return fmt.Errorf("%s: %w", f.name, err) }

// Stat gives name and size. It knows no time.
func (f *File) Stat() (fs.FileInfo, error) {
	if f == nil {
		return nil, fs.ErrInvalid
	}
	return info{name: path.Base(f.name), size: f.size, mode: 0o444}, nil
}

// Close does nothing; the connections are the client's.
func (f *File) Close() error { return nil }

// DropHead forgets the beginning of the file, which came with the answer to its
// opening and serves those who read a header. It must not be called while the file
// is read.
func (f *File) DropHead() {
	if f != nil && int64(len(f.head)) < f.size {
		f.head = nil
	}
}

// begin asks for the head of the file.
func (f *File) begin(ctx context.Context) error {
	a, err := f.c.get(ctx, f.address, fmt.Sprintf("bytes=0-%d", headSize-1))
	if err != nil {
		return err
	}
	defer a.close()
	f.tag = a.Header.Get("ETag")
	switch a.StatusCode {
	case http.StatusPartialContent:
		first, total, ok := contentRange(a.Header)
		if !ok || first != 0 {
			return f.badRange(a.Response)
		}
		f.size = total
		f.head = make([]byte, min(total, headSize))
		n, err := io.ReadFull(a, f.head)
		if f.head = f.head[:n]; n == 0 && err != nil && err != io.EOF {
			return cutShort(err)
		}
		return nil // what is missing comes with the next request
	case http.StatusOK:
		return f.whole(a)
	case http.StatusRequestedRangeNotSatisfiable:
		if strings.TrimSpace(a.Header.Get("Content-Range")) == "bytes */0" {
			f.size, f.head = 0, nil
			return nil
		}
	}
	return statusError(a.Response)
}

// whole takes a file that comes as a whole, as small ones and documents may.
func (f *File) whole(a *answer) (err error) {
	limit := int64(headSize)
	if strings.HasSuffix(f.name, ".json") {
		limit = maxListing
	}
	if a.ContentLength <= limit {
		if f.head, err = io.ReadAll(io.LimitReader(a, limit+1)); err != nil {
			return cutShort(err)
		}
	}
	f.size = int64(len(f.head))
	if a.ContentLength > limit || f.size > limit {
		return fmt.Errorf("%w: %s: the server ignores ranges", ErrServer, f.address)
	}
	return nil
}

func cutShort(err error) error { return &brokenError{fmt.Errorf("answer cut short: %w", err)} }

func (f *File) badRange(r *http.Response) error {
	return fmt.Errorf("%w: %s: Content-Range %q", ErrServer, f.address, r.Header.Get("Content-Range"))
}

// contentRange reads bytes first-last/total.
func contentRange(h http.Header) (first, total int64, ok bool) {
	span, size, ok := strings.Cut(strings.TrimPrefix(h.Get("Content-Range"), "bytes "), "/")
	begin, _, ok2 := strings.Cut(span, "-")
	first, err1 := strconv.ParseInt(begin, 10, 64)
	total, err2 := strconv.ParseInt(size, 10, 64)
	return first, total, ok && ok2 && err1 == nil && err2 == nil && first >= 0 && total >= 0
}

// Read is that of [io.Reader].
func (f *File) Read(p []byte) (int, error) {
	if f == nil {
		return 0, fs.ErrInvalid
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.ReadAt(p, f.next)
	f.next += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// ReadAt is [File.ReadAtContext] without a context.
func (f *File) ReadAt(p []byte, offset int64) (int, error) {
	return f.ReadAtContext(context.Background(), p, offset)
}

// ReadAtContext is the ReadAt of [io.ReaderAt], and ends with ctx. Long reads are
// several requests, side by side. Broken ones are resumed. Errors wrap [ErrChanged]
// for a file that is not the one that was opened, [ErrAccess] and [ErrServer].
func (f *File) ReadAtContext(ctx context.Context, p []byte, offset int64) (int, error) {
	if f == nil {
		return 0, fs.ErrInvalid
	}
	if err := f.c.ready(ctx); err != nil {
		return 0, err
	}
	if offset < 0 || offset > f.size {
		return 0, f.failed(fmt.Errorf("offset %d of %d bytes", offset, f.size))
	}
	var end error
	if int64(len(p)) > f.size-offset {
		p, end = p[:f.size-offset], io.EOF
	}
	n := 0
	if offset < int64(len(f.head)) {
		n = copy(p, f.head[offset:])
	}
	if err := f.chunks(ctx, p[n:], offset+int64(n)); err != nil {
		return n, f.failed(err)
	}
	return len(p), end
}

// chunks reads p in pieces. The first error ends the others.
func (f *File) chunks(ctx context.Context, p []byte, offset int64) error {
	if len(p) <= chunkSize {
		return f.read(ctx, p, offset)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for at := 0; at < len(p); at += chunkSize {
		piece := p[at:min(len(p), at+chunkSize)]
		wg.Go(func() {
			if err := f.read(ctx, piece, offset+int64(at)); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// read fills p, going on where an answer broke off. Tries count from the last
// progress.
func (f *File) read(ctx context.Context, p []byte, offset int64) error {
	for try := 0; len(p) > 0; try++ {
		n, err := f.part(ctx, p, offset)
		p, offset = p[n:], offset+int64(n)
		if n >= progress {
			try = 0
		}
		if err != nil && !f.c.again(ctx, try, err) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
	}
	return nil
}

// part reads what one request gives of p.
func (f *File) part(ctx context.Context, p []byte, offset int64) (int, error) {
	a, err := f.c.get(ctx, f.address, fmt.Sprintf("bytes=%d-%d", offset, offset+int64(len(p))-1))
	if err != nil {
		return 0, err
	}
	defer a.close()
	switch a.StatusCode {
	case http.StatusPartialContent:
	case http.StatusOK:
		return 0, fmt.Errorf("%w: %s: the server ignores ranges", ErrServer, f.address)
	default:
		return 0, statusError(a.Response)
	}
	first, total, ok := contentRange(a.Header)
	switch {
	case !ok || first != offset:
		return 0, f.badRange(a.Response)
	case total != f.size || a.Header.Get("ETag") != f.tag:
		return 0, fmt.Errorf("%w: %s: %d bytes, ETag %s; it had %d, %s", ErrChanged, f.address, total, a.Header.Get("ETag"), f.size, f.tag)
	}
	n, err := io.ReadFull(a, p)
	if err != nil {
		return n, cutShort(err)
	}
	return n, nil
}
