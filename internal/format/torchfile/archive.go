package torchfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	zipfile "github.com/gospectrum/spectrum/internal/format/archive"
)

// entryCost is the memory that an entry of an archive's directory takes, in bytes.
const entryCost = 400

// archive is the zip file. Its name for the folder that everything is in is free.
type archive struct {
	*budget
	r       io.ReaderAt
	size    int64
	root    string
	files   map[string]*zip.File
	storage map[string]*storage // by key
}

func openArchive(r io.ReaderAt, size int64, b *budget) (*archive, error) {
	entries, err := zipfile.List(r, size)
	switch {
	case errors.Is(err, zipfile.ErrFormat):
		return nil, malformed("%w", err)
	case err != nil:
		return nil, err
	}
	if err := b.spend(entryCost * len(entries)); err != nil {
		return nil, err
	}
	a := &archive{budget: b, r: r, size: size, files: make(map[string]*zip.File), storage: make(map[string]*storage)}
	for _, f := range entries {
		a.files[f.Name] = f
	}
	return a, a.check(entries)
}

// check holds the archive against what PyTorch's own reader takes
// (caffe2/serialize/inline_container.cc).
func (a *archive) check(files []*zip.File) error {
	if err := a.folder(files); err != nil {
		return err
	}
	switch {
	case a.files[a.root+"constants.pkl"] != nil:
		return refused("a TorchScript archive, whose weights belong to code: save torch.jit.load(FILE).state_dict() with torch.save")
	case a.files[a.root+"data.pkl"] == nil:
		return malformed("the archive has no data.pkl")
	}
	if _, _, err := a.locate("data.pkl"); err != nil { // says most of an archive that is not PyTorch's
		return err
	}
	if err := a.version(); err != nil || a.files[a.root+"byteorder"] == nil {
		return err
	}
	order, err := a.start("byteorder")
	if err == nil && order != "little" {
		err = refused("byte order %q", order)
	}
	return err
}

// folder finds the folder that everything is in: that of the first entry, as
// PyTorch has it, which takes no archive with entries outside. It finds entries
// whatever the case of their letters, so of two that differ in nothing else it may
// take either.
func (a *archive) folder(files []*zip.File) error {
	folded := make(map[string]bool, len(files))
	for _, f := range files {
		root, _, inside := strings.Cut(f.Name, "/")
		if a.root == "" {
			a.root = root + "/"
		}
		if !inside || root+"/" != a.root {
			return malformed("%q is outside of the archive's folder %q, which PyTorch does not take", f.Name, a.root)
		}
		name := lower(f.Name)
		if folded[name] {
			return malformed("%q is there twice but for the case of letters, which PyTorch does not tell apart", f.Name)
		}
		folded[name] = true
	}
	return nil
}

// lower returns s with the letters of ASCII in lower case, all that PyTorch folds.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

// maxVersion is the latest version of the format (caffe2/serialize/versions.h); the
// first is 1.
const maxVersion = 10

// version checks that of the format, without which PyTorch takes no archive.
func (a *archive) version() error {
	name := ".data/version"
	if a.files[a.root+name] == nil {
		name = "version"
	}
	text, err := a.start(name)
	if err != nil {
		return err
	}
	digits := strings.TrimPrefix(strings.TrimLeft(text, " \t\n\v\f\r"), "+")
	end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		digits = digits[:end]
	}
	if n, err := strconv.ParseUint(digits, 10, 64); err != nil || n < 1 || n > maxVersion {
		return malformed("%s %q is not one from 1 to %d, which are all that PyTorch takes", name, text, maxVersion)
	}
	return nil
}

// start returns the first bytes of an entry.
func (a *archive) start(name string) (string, error) {
	offset, size, err := a.locate(name)
	if err != nil {
		return "", err
	}
	b := make([]byte, min(size, 64))
	if _, err := io.ReadFull(io.NewSectionReader(a.r, offset, size), b); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return string(b), nil
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
	if offset, err = zipfile.Locate(f, a.size); err != nil {
		return 0, 0, malformed("%w", err)
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
