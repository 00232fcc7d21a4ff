// Package gguf reads the GGUF file format of llama.cpp, versions 2 and 3, and
// turns its quantised blocks back into numbers.
//
// The container is defined in
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, the blocks by the
// structures of ggml-common.h. What is refused of the container is what the reader of
// ggml refuses (src/gguf.cpp): docs/formats.md has the differences. Files are
// little-endian; the big-endian ones that version 3 allows are recognised and refused.
package gguf

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// Errors that results of this package wrap.
var (
	// ErrFormat reports a file that breaks the rules of the format.
	ErrFormat = errors.New("malformed GGUF file")
	// ErrVersion reports a version or order of bytes that is not read.
	ErrVersion = errors.New("GGUF version not supported")
)

// Magic is how every file begins.
const Magic = "GGUF"

const (
	maxDims = 4       // GGML_MAX_DIMS
	maxName = 1 << 16 // bytes of a key or a tensor's name; builds of ggml allow names of 64 and more
	// The least that a key with its value, and a tensor, take in a file.
	minPair, minTensor = 8 + 4 + 1, 8 + 4 + 4 + 8
)

// File says what a file holds.
type File struct {
	Version      int
	Architecture string   // general.architecture, "" when absent
	Name         string   // general.name
	Split, Parts int      // split.no and split.count; Parts is 0 for a file that is whole
	Tensors      []Tensor // in the order of their data
}

// Tensor says where a tensor is and how to read it: row-major, little-endian.
type Tensor struct {
	Name   string
	Type   Type
	Shape  []int64 // outermost dimension first, the reverse of the file's order
	Offset int64   // offset in the file of the first byte
	Size   int64   // length in bytes
}

// Read reads everything of a file of size bytes but the data. r starts at the
// beginning of the file.
//
// Every tensor of the result lies inside the file and none overlaps another.
// The memory taken is bounded by a small multiple of what is read. Errors wrap
// [ErrFormat] or [ErrVersion], or what r returned.
func Read(r io.Reader, size int64) (*File, error) {
	d := &decoder{r: bufio.NewReaderSize(r, 64<<10), size: size}
	f, err := d.file()
	if err != nil {
		return nil, err
	}
	return f, nil
}

// decoder reads the header and knows how much of the file is left.
type decoder struct {
	r         *bufio.Reader
	at, size  int64
	alignment uint32
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}

// need reports an error when fewer than n bytes are left.
func (d *decoder) need(n uint64) error {
	if n > uint64(d.size-d.at) {
		return malformed("byte %d: %d bytes wanted, %d are left", d.at, n, d.size-d.at)
	}
	return nil
}

func (d *decoder) read(b []byte) error {
	if err := d.need(uint64(len(b))); err != nil {
		return err
	}
	n, err := io.ReadFull(d.r, b)
	d.at += int64(n)
	return readError(err)
}

// readError turns the end of the file into an unexpected one: the size said
// that there is more.
func readError(err error) error {
	if err == nil {
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read header: %w", err)
}

func (d *decoder) skip(n uint64) error {
	if err := d.need(n); err != nil {
		return err
	}
	for n > 0 {
		step, err := d.r.Discard(int(min(n, 1<<20)))
		d.at += int64(step)
		n -= uint64(step)
		if err != nil {
			return readError(err)
		}
	}
	return nil
}

func (d *decoder) u32() (uint32, error) {
	var b [4]byte
	err := d.read(b[:])
	return binary.LittleEndian.Uint32(b[:]), err
}

func (d *decoder) u64() (uint64, error) {
	var b [8]byte
	err := d.read(b[:])
	return binary.LittleEndian.Uint64(b[:]), err
}

// text reads a string of at most maxName bytes.
func (d *decoder) text() (string, error) {
	n, err := d.u64()
	if err != nil {
		return "", err
	}
	if n > maxName {
		return "", malformed("byte %d: a name of %d bytes, the limit is %d", d.at, n, maxName)
	}
	if err := d.need(n); err != nil {
		return "", err
	}
	b := make([]byte, n)
	err = d.read(b)
	return string(b), err
}

func (d *decoder) file() (*File, error) {
	var magic [4]byte
	if err := d.read(magic[:]); err != nil {
		return nil, err
	}
	if string(magic[:]) != Magic {
		return nil, malformed("begins with %q, not %q", magic, Magic)
	}
	version, err := d.u32()
	switch {
	case err != nil:
		return nil, err
	case version>>16 != 0 && bits.ReverseBytes32(version)>>16 == 0:
		return nil, fmt.Errorf("%w: big-endian", ErrVersion)
	case version != 2 && version != 3:
		return nil, fmt.Errorf("%w: %d, only 2 and 3 are", ErrVersion, version)
	}
	tensors, err := d.u64()
	if err != nil {
		return nil, err
	}
	pairs, err := d.u64()
	if err != nil {
		return nil, err
	}
	left := uint64(d.size - d.at)
	if tensors > left/minTensor || pairs > left/minPair {
		return nil, malformed("%d tensors and %d keys in a file of %d bytes", tensors, pairs, d.size)
	}
	f := &File{Version: int(version)}
	d.alignment = 32
	if err := d.metadata(f, pairs); err != nil {
		return nil, err
	}
	if err := d.tensors(f, tensors); err != nil {
		return nil, err
	}
	return f, f.place(d.at, int64(d.alignment), d.size)
}

// tensors reads the list of n tensors; their offsets stay relative.
func (d *decoder) tensors(f *File, n uint64) error {
	seen := make(map[string]bool)
	for i := range n {
		t, err := d.tensor()
		if err != nil {
			return fmt.Errorf("tensor %d %q: %w", i, t.Name, err)
		}
		if seen[t.Name] {
			return malformed("tensor %q: name taken", t.Name)
		}
		seen[t.Name] = true
		f.Tensors = append(f.Tensors, t)
	}
	return nil
}

func (d *decoder) tensor() (t Tensor, err error) {
	if t.Name, err = d.text(); err != nil {
		return t, err
	}
	t.Name, _, _ = strings.Cut(t.Name, "\x00") // where it ends for ggml
	dims, err := d.u32()
	if err != nil {
		return t, err
	}
	if dims > maxDims {
		return t, malformed("%d dimensions, the limit is %d", dims, maxDims)
	}
	for range dims {
		n, err := d.u64()
		if err != nil {
			return t, err
		}
		if n > math.MaxInt64 {
			return t, malformed("dimension of %d", n)
		}
		t.Shape = append(t.Shape, int64(n))
	}
	slices.Reverse(t.Shape) // the file has the innermost first
	kind, err := d.u32()
	if err != nil {
		return t, err
	}
	offset, err := d.u64()
	if err != nil {
		return t, err
	}
	if offset > math.MaxInt64 {
		return t, malformed("data begin at %d", offset)
	}
	t.Type, t.Offset = Type(kind), int64(offset)
	t.Size, err = t.Type.size(t.Shape)
	return t, err
}

// place sorts the tensors by offset and makes the offsets absolute. The data
// begin at the first multiple of the alignment from start on.
func (f *File) place(start, alignment, size int64) error {
	start += (alignment - start%alignment) % alignment
	slices.SortFunc(f.Tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Name, b.Name))
	})
	var end int64
	for i := range f.Tensors {
		t := &f.Tensors[i]
		switch {
		case t.Offset%alignment != 0:
			return malformed("tensor %q: data begin at %d, not a multiple of %d", t.Name, t.Offset, alignment)
		case t.Offset < end:
			return malformed("tensor %q: data begin at %d, inside those of tensor %q, which end at %d",
				t.Name, t.Offset, f.Tensors[i-1].Name, end)
		case t.Offset > size-start || t.Size > size-start-t.Offset:
			return malformed("tensor %q: %d bytes of data at %d, past the end of the file at %d", t.Name, t.Size, t.Offset, size)
		}
		end = t.Offset + t.Size
		t.Offset += start
	}
	return nil
}
