package torchfile

import (
	"bytes"
	"io"
)

// maxText is the length of the longest string that is kept, in bytes: names and
// keys are shorter. It is below the size of a window.
const (
	maxText    = 4096
	windowSize = 64 << 10
)

// window reads a pickle from a file, a piece at a time.
type window struct {
	r     io.ReaderAt
	start int64 // where the pickle begins in the file
	at    int64 // where the next byte is
	end   int64 // where the pickle ends, or the file
	piece []byte
	from  int64 // where the piece begins
}

func newWindow(r io.ReaderAt, start, end int64) *window {
	return &window{r: r, start: start, at: start, end: end}
}

// peek returns the next n bytes, or fewer where the file ends. They are valid
// until the next call.
func (w *window) peek(n int) ([]byte, error) {
	n = int(min(int64(n), w.end-w.at))
	skip := w.at - w.from
	if skip < 0 || skip+int64(n) > int64(len(w.piece)) {
		if w.piece == nil {
			w.piece = make([]byte, 0, windowSize)
		}
		w.from, skip = w.at, 0
		w.piece = w.piece[:min(windowSize, w.end-w.at)]
		read, err := w.r.ReadAt(w.piece, w.at)
		if read < len(w.piece) {
			w.piece = w.piece[:0]
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return w.piece[skip:][:n], nil
}

// next returns the next n bytes, at most windowSize, and steps over them.
func (w *window) next(n int) ([]byte, error) {
	b, err := w.peek(n)
	if err == nil && len(b) < n {
		err = malformed("byte %d: %d bytes wanted, %d are left", w.at-w.start, n, len(b))
	}
	if err != nil {
		return nil, err
	}
	w.at += int64(n)
	return b, nil
}

// skip steps over n bytes.
func (w *window) skip(n uint64) error {
	if n > uint64(w.end-w.at) {
		return malformed("byte %d: %d bytes wanted, %d are left", w.at-w.start, n, w.end-w.at)
	}
	w.at += int64(n)
	return nil
}

// twoLines returns the next two lines, and steps over them. They are valid until
// the next call.
func (w *window) twoLines() (first, second []byte, err error) {
	b, err := w.peek(maxText)
	if err != nil {
		return nil, nil, err
	}
	first, rest, ok := bytes.Cut(b, []byte("\n"))
	if ok {
		second, _, ok = bytes.Cut(rest, []byte("\n"))
	}
	if !ok {
		return nil, nil, malformed("byte %d: a line without end, or of more than %d bytes", w.at-w.start, maxText)
	}
	w.at += int64(len(first) + len(second) + 2)
	return first, second, nil
}

// line returns what is before the next line feed, and steps over both.
func (w *window) line() (string, error) {
	b, err := w.peek(maxText)
	if err != nil {
		return "", err
	}
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return "", malformed("byte %d: a line without end, or of more than %d bytes", w.at-w.start, maxText)
	}
	w.at += int64(i) + 1
	return string(b[:i]), nil
}
