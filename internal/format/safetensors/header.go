// Package safetensors reads and writes the safetensors file format: the length
// of the header in 8 bytes, little-endian; the header, a JSON object that names
// the tensors; the data of the tensors, end to end.
//
// The rules are those of https://github.com/huggingface/safetensors#format and of
// its own reader where that is wider: since December 2025 the header may have any
// white space of JSON around it, and its metadata may be null. Two rules are
// stricter here than in that reader: duplicate keys are refused, as the text
// demands, and so are fields of a tensor other than the three defined.
package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// MaxHeader is the longest header accepted, in bytes, as in the reference
// implementation.
const MaxHeader = 100_000_000

// lengthSize is the size of the header length at the start of a file.
const lengthSize = 8

const metadataKey = "__metadata__"

// ErrFormat reports a file that breaks the rules of the format.
var ErrFormat = errors.New("malformed file")

// Header says what a file holds.
type Header struct {
	Tensors  []Tensor          // in the order of their data
	Metadata map[string]string // nil when the file has none
	Start    int64             // offset in the file where the data begin
}

// Tensor says where a tensor is and how to read it: row-major, little-endian.
type Tensor struct {
	Name   string
	Offset int64 // offset in the file of the first byte
	*Layout
}

// Layout is what many tensors of a file have in common. Those that do share it: a
// header may list a million tensors, and nobody changes a Layout.
type Layout struct {
	DType string  // as the file spells it; [Bits] knows the defined ones
	Shape []int64 // outermost dimension first; empty for a scalar
	Size  int64   // length in bytes
}

// ReadHeader reads and checks the header of a file of size bytes from r, which
// starts at the beginning of the file. In the result the tensors tile the data
// without gap or overlap, and each is as long as its shape and type require;
// only tensors of a type that is not defined, which Bits does not know, have
// lengths that nothing confirms.
//
// Errors wrap [ErrFormat], or what r returned when it could not be read, and
// name the tensor at fault.
func ReadHeader(r io.Reader, size int64) (*Header, error) {
	text, err := readText(r, size)
	if err != nil {
		return nil, err
	}
	h, err := parse(text)
	if err == nil {
		h.Start = lengthSize + int64(len(text))
		err = h.place(size - h.Start)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrFormat, err)
	}
	return h, nil
}

func readText(r io.Reader, size int64) ([]byte, error) {
	if size < lengthSize {
		return nil, fmt.Errorf("%w: %d bytes, shorter than the header length", ErrFormat, size)
	}
	var length [lengthSize]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, readError(err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	switch {
	case n > MaxHeader:
		return nil, fmt.Errorf("%w: header of %d bytes, the limit is %d", ErrFormat, n, MaxHeader)
	case n > uint64(size-lengthSize):
		return nil, fmt.Errorf("%w: header of %d bytes in a file of %d", ErrFormat, n, size)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, readError(err)
	}
	return text, nil
}

// readError turns the end of the file into an unexpected one: the size said
// that there is more.
func readError(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read header: %w", err)
}

// leastEntry is about the least that a header spends on a tensor, in bytes.
const leastEntry = 64

func parse(text []byte) (*Header, error) {
	s, err := strictjson.New(text)
	if err != nil {
		return nil, err
	}
	h := &Header{Tensors: make([]Tensor, 0, len(text)/leastEntry)}
	p := newParser(s)
	err = s.Object(func(key string) error {
		if key == metadataKey {
			if s.Null() {
				return nil
			}
			return h.parseMetadata(s)
		}
		t, err := p.tensor()
		if err != nil {
			return fmt.Errorf("tensor %q: %w", key, err)
		}
		t.Name = key
		h.Tensors = append(h.Tensors, t)
		return nil
	})
	if err == nil {
		err = s.End()
	}
	return h, err
}

func (h *Header) parseMetadata(s *strictjson.Scanner) error {
	h.Metadata = make(map[string]string)
	err := s.Object(func(key string) error {
		value, err := s.String()
		if err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
		h.Metadata[key] = value
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", metadataKey, err)
	}
	return nil
}

// place sorts the tensors by offset, checks that they tile size bytes of data,
// and makes the offsets absolute.
func (h *Header) place(size int64) error {
	slices.SortFunc(h.Tensors, func(a, b Tensor) int {
		if a.Offset != b.Offset {
			return cmp.Compare(a.Offset, b.Offset)
		}
		return cmp.Or(cmp.Compare(a.Size, b.Size), cmp.Compare(a.Name, b.Name))
	})
	var end int64
	for i := range h.Tensors {
		t := &h.Tensors[i]
		switch {
		case t.Offset < end:
			return fmt.Errorf("tensor %q: data begin at %d, inside those of tensor %q, which end at %d",
				t.Name, t.Offset, h.Tensors[i-1].Name, end)
		case t.Offset > end:
			return fmt.Errorf("tensor %q: data begin at %d and leave a gap, the previous end at %d", t.Name, t.Offset, end)
		case t.Size > size-end:
			return fmt.Errorf("tensor %q: data end at %d, past the end of the file at %d", t.Name, t.Offset+t.Size, size)
		}
		end += t.Size
		t.Offset += h.Start
	}
	if end != size {
		return fmt.Errorf("the tensors end at %d, the file at %d", end, size)
	}
	return nil
}
