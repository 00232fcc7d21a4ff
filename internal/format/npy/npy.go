// Package npy reads what numpy.save and numpy.savez write: one array (.npy), or a zip
// archive of them (.npz), whose entries may be compressed.
//
// The format is that of numpy.lib.format, versions 1 to 3: a magic string, the length
// of a header, the header, and the elements. The header is a Python literal. Nothing
// in it is evaluated, and arrays of Python objects, which are pickles, are not read.
package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
)

// Magic begins a file.
const Magic = "\x93NUMPY"

const (
	maxHeader = 1 << 20 // NumPy itself refuses more than 10,000 bytes unless told otherwise
	maxDims   = 64      // NumPy's own limit
)

// Errors that results of this package wrap.
var (
	// ErrFormat reports a file that breaks the rules of the format.
	ErrFormat = errors.New("malformed NumPy file")
	// ErrVersion reports a version of the format that is not read.
	ErrVersion = errors.New("version of NumPy's format not supported")
)

// Array says where an array is and how to read it.
type Array struct {
	Name      string  // the key in the archive; empty in a file of one array
	DType     string  // in the spelling of safetensors, or as NumPy spells it where that has none
	BigEndian bool    // the elements begin with their highest byte
	Shape     []int64 // outermost dimension first; empty for a scalar
	Stride    []int64 // in elements, by dimension; nil for row-major
	Offset    int64   // of the first element, in the file or, for a compressed member, in its contents
	Size      int64   // of the elements, in bytes
	Skip      string  // why the elements cannot be numbers of a matrix, or empty
	Member    *Member // where the array is compressed; nil where it is stored plainly
}

// Read reads the header of a file of one array, of size bytes.
// Errors wrap [ErrFormat], [ErrVersion] or what r returned.
func Read(r io.ReaderAt, size int64) (Array, error) {
	return read(io.NewSectionReader(r, 0, size), size)
}

// read reads the header at the start of r, which has size bytes.
func read(r io.Reader, size int64) (Array, error) {
	text, start, err := readHeader(r, size)
	if err != nil {
		return Array{}, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return Array{}, err
	}
	a := Array{DType: h.dtype.name, BigEndian: h.dtype.bigEndian, Shape: h.shape, Offset: start, Skip: h.dtype.skip}
	if h.dtype.width == 0 { // a pickle, whose length only it knows
		a.Size = size - start
		return a, nil
	}
	if a.Size, err = byteSize(h.shape, h.dtype.width); err != nil {
		return Array{}, err
	}
	switch rest := size - start; {
	case a.Size > rest:
		return Array{}, malformed("shape %d of %s needs %d bytes, the file has %d; cut short?", a.Shape, a.DType, a.Size, rest)
	case a.Size < rest:
		return Array{}, malformed("%d bytes follow the array; one file holds one array", rest-a.Size)
	}
	if h.fortran {
		a.Stride = byColumns(h.shape)
	}
	return a, nil
}

// readHeader returns the header's text and where the elements start.
func readHeader(r io.Reader, size int64) (text []byte, start int64, err error) {
	var fixed [12]byte
	short := fixed[:10] // version 1 has a length of two bytes
	if err := fill(r, short); err != nil {
		return nil, 0, err
	}
	if string(short[:len(Magic)]) != Magic {
		return nil, 0, malformed("begins with %q, not %q", short[:len(Magic)], Magic)
	}
	var n int64
	switch version := short[6]; {
	case version == 1 && short[7] == 0:
		n, start = int64(binary.LittleEndian.Uint16(short[8:])), 10
	case (version == 2 || version == 3) && short[7] == 0:
		if err := fill(r, fixed[10:]); err != nil {
			return nil, 0, err
		}
		n, start = int64(binary.LittleEndian.Uint32(fixed[8:])), 12
	default:
		return nil, 0, fmt.Errorf("%w: %d.%d, only 1.0 to 3.0 are", ErrVersion, version, short[7])
	}
	if n > maxHeader || n > size-start {
		return nil, 0, malformed("header of %d bytes in a file of %d, the limit is %d", n, size, maxHeader)
	}
	text = make([]byte, n)
	return text, start + n, fill(r, text)
}

// fill reads b whole. A file that ends in it is malformed.
func fill(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return malformed("the file ends in the header")
	}
	return err
}

func byteSize(shape []int64, width int64) (int64, error) {
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	n := uint64(width)
	for _, d := range shape {
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > 1<<62 {
			return 0, malformed("shape %d overflows", shape)
		}
		n = lo
	}
	return int64(n), nil
}

// byColumns returns the strides of an array whose first index runs fastest, nil
// where that is the order of rows too.
func byColumns(shape []int64) []int64 {
	stride, n, long := make([]int64, len(shape)), int64(1), 0
	for i, d := range shape {
		stride[i] = n
		if d == 0 {
			return nil
		}
		n *= d
		if d > 1 {
			long++
		}
	}
	if long < 2 {
		return nil
	}
	return stride
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}
