package hub

import (
	"context"
	"errors"
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
	// file, and holds the header of nearly every shard, those with the parts of 384
	// quantised experts included (2304 tensors), so that opening it takes no other.
	headSize = 512 << 10
	// maxSize is more than any file has. A server that claims it is wrong.
	maxSize = 1 << 44
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
	size    int64
	head    []byte // the first bytes
	was     version
	sum     [32]byte // SHA-256 of the first bytes
	summed  int      // how many these are

	mu   sync.Mutex
	next int64 // what Read reads
}

func (f *File) failed(err error) error { return f.c.hide(fmt.Errorf("%s: %w", f.name, err)) }

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

// open reads the head of the file.
func (f *File) open(ctx context.Context) error {
	for try := 0; ; try++ {
		n, err := f.begin(ctx)
		if err == nil {
			return f.finish(ctx, n)
		}
		if !f.c.again(ctx, try, err) {
			return err
		}
	}
}

// finish reads what is missing of the head behind its first n bytes.
func (f *File) finish(ctx context.Context, n int) error {
	if err := f.read(ctx, f.head[n:], int64(n)); err != nil {
		return err
	}
	f.keep()
	if f.c.holdsToken(f.head) {
		return errHoldsToken
	}
	return nil
}

// begin asks for the head of the file, and returns how much of it came.
func (f *File) begin(ctx context.Context) (int, error) {
	a, err := f.c.get(ctx, f.address, fmt.Sprintf("bytes=0-%d", headSize-1))
	if err != nil {
		return 0, err
	}
	defer a.close()
	f.was = versionOf(a.Header)
	switch a.StatusCode {
	case http.StatusPartialContent:
		length, total, err := f.span(a.Response, 0, headSize)
		if err != nil {
			return 0, err
		}
		f.size = total
		f.head = make([]byte, min(total, headSize))
		n, err := a.fill(f.head[:min(length, len(f.head))])
		if n > 0 {
			err = nil // there is an answer to go on from
		}
		return n, err
	case http.StatusOK:
		return f.whole(a)
	case http.StatusRequestedRangeNotSatisfiable:
		if strings.TrimSpace(a.Header.Get("Content-Range")) == "bytes */0" {
			f.size, f.head = 0, nil
			return 0, nil
		}
	}
	return 0, statusError(a.Response)
}

// whole takes a file that comes as a whole, as small ones and documents may.
func (f *File) whole(a *answer) (n int, err error) {
	limit := int64(headSize)
	if strings.HasSuffix(f.name, ".json") {
		limit = maxListing
	}
	f.head = nil
	if a.ContentLength <= limit {
		if f.head, err = io.ReadAll(io.LimitReader(a, limit+1)); err != nil {
			return 0, a.broken(0, err)
		}
	}
	f.size = int64(len(f.head))
	if a.ContentLength > limit || f.size > limit {
		return 0, f.ignoresRanges()
	}
	return len(f.head), nil
}

func (f *File) ignoresRanges() error {
	return fmt.Errorf("%w: %s: the server ignores ranges", ErrServer, placeOf(f.address))
}

// span returns how many bytes of a range an answer has, and the size of the file. An
// answer may have less than it was asked for, but nothing else.
func (f *File) span(r *http.Response, offset int64, asked int) (length int, total int64, err error) {
	first, last, total, ok := contentRange(r.Header)
	switch {
	case !ok || first != offset || last < first || last-first >= int64(asked) || last >= total,
		r.ContentLength >= 0 && r.ContentLength != last-first+1:
		return 0, 0, fmt.Errorf("%w: %s: Content-Range %s, in an answer of %d bytes to a request of %d from %d",
			ErrServer, placeOf(f.address), shown(r.Header.Get("Content-Range")), r.ContentLength, asked, offset)
	case total > maxSize:
		return 0, 0, fmt.Errorf("%w: %s: a file of %d bytes, it says", ErrServer, placeOf(f.address), total)
	}
	return int(last - first + 1), total, nil
}

// contentRange reads bytes first-last/total.
func contentRange(h http.Header) (first, last, total int64, ok bool) {
	span, size, ok := strings.Cut(strings.TrimPrefix(h.Get("Content-Range"), "bytes "), "/")
	begin, end, ok2 := strings.Cut(span, "-")
	first, err1 := strconv.ParseInt(begin, 10, 64)
	last, err2 := strconv.ParseInt(end, 10, 64)
	total, err3 := strconv.ParseInt(size, 10, 64)
	return first, last, total, ok && ok2 && err1 == nil && err2 == nil && err3 == nil && first >= 0
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
	if n == len(p) {
		return n, end
	}
	err := f.chunks(ctx, p[n:], offset+int64(n))
	if err == nil {
		err = f.unchanged(ctx)
	}
	if err != nil {
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
		if broken := (*brokenError)(nil); errors.As(err, &broken) && broken.progress {
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
		return 0, f.ignoresRanges()
	default:
		return 0, statusError(a.Response)
	}
	length, total, err := f.span(a.Response, offset, len(p))
	if err != nil {
		return 0, err
	}
	if is := versionOf(a.Header); total != f.size || is != f.was {
		return 0, fmt.Errorf("%w: %s: %d bytes, %s; it had %d, %s", ErrChanged, placeOf(f.address), total, is, f.size, f.was)
	}
	n, err := a.fill(p[:length])
	if err == nil && n < len(p) {
		err = a.broken(n, io.ErrUnexpectedEOF)
	}
	return n, err
}
