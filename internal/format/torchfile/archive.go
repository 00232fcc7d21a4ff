package torchfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

const (
	// maxDirectory bounds what is read of the archive's directory and trailer,
	// in bytes, and so does the size of the file: the entry of a storage takes
	// less than 100 bytes, and with what it describes three times that.
	maxDirectory = 8 << 20
	minDirectory = 1 << 20
	// entryCost is the memory that an entry of the directory takes, in bytes.
	entryCost = 400
)

// archive is the zip file. Its name for the folder that everything is in is free.
type archive struct {
	*budget
	r       io.ReaderAt
	size    int64
	root    string
	files   map[string]*zip.File
	storage map[string]*storage // by key
}

// limited reads no more than left bytes in all, and keeps the reader's error.
type limited struct {
	io.ReaderAt
	left int64
	err  error
}

func (l *limited) ReadAt(p []byte, offset int64) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		l.err = malformed("the archive's directory takes more than its size warrants")
		return 0, l.err
	}
	n, err := l.ReaderAt.ReadAt(p, offset)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

func openArchive(r io.ReaderAt, size int64, b *budget) (*archive, error) {
	l := &limited{ReaderAt: r, left: min(maxDirectory, minDirectory+size/3)}
	z, err := zip.NewReader(l, size)
	l.left = math.MaxInt64
	switch {
	case l.err != nil:
		return nil, l.err
	case errors.Is(err, zip.ErrFormat):
		return nil, malformed("the archive has no directory at its end; cut short?")
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return nil, malformed("%w", err)
	}
	if err := b.spend(entryCost * len(z.File)); err != nil {
		return nil, err
	}
	a := &archive{budget: b, r: r, size: size, files: make(map[string]*zip.File), storage: make(map[string]*storage)}
	for _, f := range z.File {
		if a.files[f.Name] != nil {
			return nil, malformed("%q is in the archive twice", f.Name)
		}
		a.files[f.Name] = f
	}
	return a, a.check(z.File)
}

// check finds the folder that everything is in: that of the first entry, as
// PyTorch has it, which takes no archive with entries outside.
func (a *archive) check(files []*zip.File) error {
	for _, f := range files {
		root, _, inside := strings.Cut(f.Name, "/")
		if a.root == "" {
			a.root = root + "/"
		}
		if !inside || root+"/" != a.root {
			return malformed("%q is outside of the archive's folder %q, which PyTorch does not take", f.Name, a.root)
		}
	}
	switch {
	case a.files[a.root+"constants.pkl"] != nil:
		return refused("a TorchScript archive, whose weights belong to code: save torch.jit.load(FILE).state_dict() with torch.save")
	case a.files[a.root+"data.pkl"] == nil:
		return malformed("the archive has no data.pkl")
	case a.files[a.root+"byteorder"] == nil:
		return nil
	}
	offset, size, err := a.locate("byteorder")
	if err != nil {
		return err
	}
	order := make([]byte, min(size, 16))
	if _, err := io.ReadFull(io.NewSectionReader(a.r, offset, size), order); err != nil {
		return fmt.Errorf("byteorder: %w", err)
	}
	if string(order) != "little" {
		return refused("byte order %q", order)
	}
	return nil
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

// read returns what the pickle of the archive holds.
func (a *archive) read() (any, error) {
	offset, size, err := a.locate("data.pkl")
	if err != nil {
		return nil, err
	}
	m := &machine{window: newWindow(a.r, offset, offset+size), budget: a.budget, storages: a}
	root, err := m.run()
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	return root, nil
}

// open returns a storage of the archive with at least n elements, or bytes if
// it is untyped.
func (a *archive) open(key, dtype string, n int64) (*storage, error) {
	if s := a.storage[key]; s != nil {
		return s, s.sameType(dtype)
	}
	offset, size, err := a.locate("data/" + key)
	if err != nil {
		return nil, fmt.Errorf("storage %q: %w", key, err)
	}
	width := int64(max(1, width(dtype)))
	if n < 0 || n > size/width {
		return nil, malformed("storage %q: %d elements of %d bytes, the archive has %d bytes", key, n, width, size)
	}
	s := &storage{key: key, dtype: dtype, offset: offset, length: n * width, placed: true}
	a.storage[key] = s
	return s, a.spend(tensorCost)
}

func (s *storage) sameType(dtype string) error {
	if s.dtype != dtype {
		return malformed("storage %q has two types, %q and %q", s.key, s.dtype, dtype)
	}
	return nil
}
