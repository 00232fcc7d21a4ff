// Package torchfile reads the files that torch.save writes: a zip archive of a
// pickle, which says what tensors there are, and of their storages.
//
// Pickles are programs. This one is run by a machine that can build numbers,
// strings, tuples, lists and dictionaries, and knows the few names that tensors
// are rebuilt with; any other name the pickle asks for is an error, and nothing
// is ever called. The archive must not be compressed, as torch leaves it, so
// storages are read straight from the file.
package torchfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"path"
	"slices"
	"strings"
)

// Errors that results of this package wrap.
var (
	// ErrFormat reports a file that breaks the rules of the format.
	ErrFormat = errors.New("malformed PyTorch file")
	// ErrRefused reports a pickle that asks for more than tensors, or an
	// archive that is not stored plainly.
	ErrRefused = errors.New("refused")
	// ErrLegacy reports the format of PyTorch before 1.6, or no PyTorch file.
	ErrLegacy = errors.New("not a zip archive of PyTorch 1.6 or later")
)

const (
	// maxDirectory bounds what is read of the archive's directory and trailer,
	// in bytes. The entry of a storage takes less than 100.
	maxDirectory = 8 << 20
	maxPickle    = 100_000_000
	maxDims      = 64 // torch's own limit
)

// Tensor says where a tensor is and how to read it, little-endian.
type Tensor struct {
	Name   string
	DType  string  // in the spelling of safetensors
	Shape  []int64 // outermost dimension first; empty for a scalar
	Stride []int64 // in elements, by dimension; nil for row-major without gaps
	Offset int64   // offset in the file of the first element
	Span   int64   // bytes from the first element's first to the last one's last
	Shares string  // the tensor before this one that is the same view of the same storage
}

// Read lists the tensors of a file of size bytes, in the order of the pickle.
// Names are the keys of the dictionary that was saved; those of dictionaries and
// lists inside it are joined by dots, but for one dictionary that holds all
// tensors, such as "state_dict", whose own key is left out.
//
// Errors wrap [ErrFormat], [ErrRefused], [ErrLegacy] or what r returned.
func Read(r io.ReaderAt, size int64) ([]Tensor, error) {
	var start [4]byte
	if size < int64(len(start)) {
		return nil, malformed("%d bytes", size)
	}
	if _, err := r.ReadAt(start[:], 0); err != nil && err != io.EOF {
		return nil, err
	}
	if string(start[:]) != "PK\x03\x04" {
		return nil, fmt.Errorf("%w: begins with %q", ErrLegacy, start)
	}
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	text, err := a.contents("data.pkl", maxPickle)
	if err != nil {
		return nil, err
	}
	m := &machine{text: text, archive: a, budget: 48<<20 + size/2}
	root, err := m.run()
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	return m.list(root)
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRefused, fmt.Errorf(format, args...))
}

// archive is the zip file.
type archive struct {
	r       io.ReaderAt
	size    int64
	root    string // the folder that everything is in
	files   map[string]*zip.File
	storage map[string]*storage // by key
}

// limited reads no more than left bytes in all.
type limited struct {
	io.ReaderAt
	left int64
}

func (l *limited) ReadAt(p []byte, offset int64) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, malformed("the archive's directory takes more than %d MiB", maxDirectory>>20)
	}
	return l.ReaderAt.ReadAt(p, offset)
}

func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	l := &limited{r, maxDirectory}
	z, err := zip.NewReader(l, size)
	l.left = math.MaxInt64
	switch {
	case errors.Is(err, zip.ErrFormat):
		return nil, malformed("the archive has no directory at its end; cut short?")
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return nil, err
	}
	a := &archive{r: r, size: size, files: make(map[string]*zip.File), storage: make(map[string]*storage)}
	for _, f := range z.File {
		if a.files[f.Name] != nil {
			return nil, malformed("%q is in the archive twice", f.Name)
		}
		a.files[f.Name] = f
		if dir, name := path.Split(f.Name); name == "data.pkl" && strings.Count(dir, "/") == 1 {
			a.root = dir
		}
	}
	if a.root == "" {
		return nil, malformed("the archive has no data.pkl")
	}
	if a.files[a.root+"byteorder"] != nil {
		order, err := a.contents("byteorder", 16)
		if err != nil {
			return nil, err
		}
		if string(order) != "little" {
			return nil, refused("byte order %q", order)
		}
	}
	return a, nil
}

// locate returns where an entry is in the file. Compressed entries are refused:
// torch writes none, and they are what archives expand from.
func (a *archive) locate(name string) (offset, size int64, err error) {
	f := a.files[a.root+name]
	if f == nil {
		return 0, 0, malformed("%s%s is not in the archive", a.root, name)
	}
	if f.Method != zip.Store || f.Flags&1 != 0 || f.CompressedSize64 != f.UncompressedSize64 {
		return 0, 0, refused("%s is compressed or encrypted, which torch does not do", f.Name)
	}
	if offset, err = f.DataOffset(); err != nil {
		return 0, 0, malformed("%s: no entry where the directory says: %w", f.Name, err)
	}
	if offset > a.size || f.CompressedSize64 > uint64(a.size-offset) {
		return 0, 0, malformed("%s: %d bytes at %d, past the end of the file at %d", f.Name, f.CompressedSize64, offset, a.size)
	}
	return offset, int64(f.CompressedSize64), nil
}

// contents reads an entry of at most limit bytes whole.
func (a *archive) contents(name string, limit int64) ([]byte, error) {
	offset, size, err := a.locate(name)
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, malformed("%s: %d bytes, the limit is %d", name, size, limit)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(a.r, offset, size), b); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// storage is a run of numbers that tensors are views of.
type storage struct {
	key            string
	dtype          string // "" in an untyped one: the tensor says
	offset, length int64  // in the file, in bytes
}

// open returns a storage of the archive with at least n elements, or bytes if
// it is untyped.
func (a *archive) open(key, dtype string, n int64) (*storage, error) {
	if s := a.storage[key]; s != nil {
		if s.dtype != dtype {
			return nil, malformed("storage %q has two types, %q and %q", key, s.dtype, dtype)
		}
		return s, nil
	}
	offset, size, err := a.locate("data/" + key)
	if err != nil {
		return nil, fmt.Errorf("storage %q: %w", key, err)
	}
	width := int64(max(1, width(dtype)))
	if n < 0 || n > size/width {
		return nil, malformed("storage %q: %d elements of %d bytes, the archive has %d bytes", key, n, width, size)
	}
	s := &storage{key: key, dtype: dtype, offset: offset, length: n * width}
	a.storage[key] = s
	return s, nil
}

// view makes the tensor of this type, shape and strides in s whose first
// element is offset elements from the start.
func (s *storage) view(dtype string, offset int64, shape, stride []int64) (*Tensor, error) {
	if len(shape) != len(stride) || len(shape) > maxDims || offset < 0 {
		return nil, malformed("a tensor of shape %d with strides %d at %d", shape, stride, offset)
	}
	w := uint64(width(dtype))
	n, last, row := uint64(1), uint64(0), true // elements; offset of the last one; row-major
	for i, d := range slices.Backward(shape) {
		if d < 0 || stride[i] < 0 {
			return nil, malformed("a tensor of shape %d with strides %d", shape, stride)
		}
		row = row && (d == 1 || uint64(stride[i]) == n)
		hi, step := bits.Mul64(uint64(max(d-1, 0)), uint64(stride[i]))
		over, product := bits.Mul64(n, uint64(d))
		if n = product; hi|over != 0 || step > 1<<61 || n > 1<<61 || last > 1<<61 {
			return nil, malformed("a tensor of shape %d with strides %d overflows", shape, stride)
		}
		last += step
	}
	t := &Tensor{DType: dtype, Shape: shape, Offset: s.offset}
	if n == 0 {
		return t, nil
	}
	capacity := uint64(s.length) / w
	if last >= capacity || uint64(offset) >= capacity-last {
		return nil, malformed("a tensor of shape %d with strides %d at %d, its storage %q has %d elements",
			shape, stride, offset, s.key, capacity)
	}
	t.Offset += offset * int64(w)
	t.Span = int64((last + 1) * w)
	if !row {
		t.Stride = stride
	}
	return t, nil
}
