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
	DType  string  // as the file spells it; [Bits] knows the defined ones
	Shape  []int64 // outermost dimension first; empty for a scalar
	Offset int64   // offset in the file of the first byte
	Size   int64   // length in bytes
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

func parse(text []byte) (*Header, error) {
	s, err := strictjson.New(text)
	if err != nil {
		return nil, err
	}
	h := new(Header)
	err = s.Object(func(key string) error {
		if key == metadataKey {
			if s.Null() {
				return nil
			}
			return h.parseMetadata(s)
		}
		t, err := parseTensor(s)
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

// parseTensor reads one entry; its Offset is still relative to the data.
func parseTensor(s *strictjson.Scanner) (Tensor, error) {
	var t Tensor
	var hasType, hasShape, hasOffsets bool
	err := s.Object(func(key string) (err error) {
		switch key {
		case "dtype":
			hasType = true
			t.DType, err = s.String()
		case "shape":
			hasShape = true
			t.Shape, err = parseShape(s)
		case "data_offsets":
			hasOffsets = true
			t.Offset, t.Size, err = parseOffsets(s)
		default:
			return s.Errorf("unknown field %q", key)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	switch {
	case err != nil:
		return t, err
	case !hasType:
		return t, s.Errorf("no dtype")
	case !hasShape:
		return t, s.Errorf("no shape")
	case !hasOffsets:
		return t, s.Errorf("no data_offsets")
	}
	return t, t.checkSize()
}

func parseShape(s *strictjson.Scanner) ([]int64, error) {
	shape := []int64{}
	err := s.Array(func() error {
		n, err := s.Natural()
		shape = append(shape, n)
		return err
	})
	return shape, err
}

// parseOffsets reads [begin, end] and returns begin and the length.
func parseOffsets(s *strictjson.Scanner) (begin, size int64, err error) {
	var pair [2]int64
	n := 0
	err = s.Array(func() (err error) {
		if n == len(pair) {
			return s.Errorf("more than two numbers")
		}
		pair[n], err = s.Natural()
		n++
		return err
	})
	switch {
	case err != nil:
		return 0, 0, err
	case n != len(pair):
		return 0, 0, s.Errorf("%d numbers, want two", n)
	case pair[0] > pair[1]:
		return 0, 0, s.Errorf("begin %d is after end %d", pair[0], pair[1])
	}
	return pair[0], pair[1] - pair[0], nil
}

// place sorts the tensors by offset, checks that they tile size bytes of data,
// and makes the offsets absolute.
func (h *Header) place(size int64) error {
	slices.SortFunc(h.Tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Name, b.Name))
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
