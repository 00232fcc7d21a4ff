// Package torchfile reads the files that torch.save writes: a zip archive of a
// pickle, which says what tensors there are, and of their storages; or, from
// before PyTorch 1.6, pickles with the storages behind them.
//
// # Pickles
//
// Pickles are programs: they name functions and classes of Python and call them.
// This one is run by a machine that builds numbers, strings, tuples, lists and
// dictionaries, knows the names that tensors are made with, and calls nothing.
// What becomes of a name:
//
//   - Known: tensors, parameters, storages and types of PyTorch, OrderedDict and
//     its kin. They become what they stand for.
//   - Code: the file is refused, whole. Code is (1) every name of Python's own
//     library, pip and setuptools but the data types and harmless functions
//     that the table data has (Namespace, datetime, Path, …), whether it is
//     called or not; (2) a name that goes through a special attribute (__globals__)
//     or a module of that library on its way; (3) a call of a function of any
//     other library, told by its lower-case name, but for those that put the
//     library's own objects together (_rebuild…, _reconstruct…, numpy's scalar);
//     (4) a call of anything that is not a name.
//   - All others, which are mostly classes of other libraries, are inert: they
//     and what is made of them are kept as opaque values. They matter only where
//     a tensor is made of them or kept inside them, and then that tensor is
//     listed with the reason why it is not read.
//
// So a file is refused for what PyTorch would run, and not for what it has
// beside the tensors. Nothing is run in either case.
//
// Storages must not be compressed, as PyTorch leaves them: they are read straight
// from the file. Sparse and quantised tensors are listed and not read.
//
// # Models
//
// A training checkpoint holds more than the model. See [Read] for what is taken.
package torchfile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Errors that results of this package wrap.
var (
	// ErrFormat reports a file that breaks the rules of the format.
	ErrFormat = errors.New("malformed PyTorch file")
	// ErrRefused reports a pickle that asks for code, or a file whose weights
	// are in a form that is not read.
	ErrRefused = errors.New("refused")
	// ErrChoice reports a file with no model in it, or more than one, or without
	// the one that was asked for.
	ErrChoice = errors.New("no single model")
	// ErrForeign reports a file that is not of torch.save.
	ErrForeign = errors.New("not a file of torch.save")
)

const maxDims = 64 // torch's own limit

// Tensor says where a tensor is and how to read it, little-endian.
type Tensor struct {
	Name   string  // as the module of the model calls it
	Stored string  // the keys that lead to it, joined by dots, if that is not Name
	DType  string  // in the spelling of safetensors
	Shape  []int64 // outermost dimension first; empty for a scalar
	Stride []int64 // in elements, by dimension; nil for row-major without gaps
	Offset int64   // offset in the file of the first element
	Span   int64   // bytes from the first element's first to the last one's last
	Shares string  // the tensor before this one that is the same view of the same storage
	Skip   string  // why it is not read, or is no part of the model; empty when it is
}

// File is what a file holds.
type File struct {
	Tensors []Tensor
	Model   string // the keys that lead to the model, joined by dots; empty where it is all there is
}

// Choice says what to take of a file. Its zero value takes the model.
type Choice struct {
	// Key, if not empty, leads to the dictionary or tensor to take: its key, or
	// those on the way to it joined by dots, as in "state.model".
	Key string
	// All takes everything there is, under the names in the file.
	All bool
}

// Read lists the tensors of a file of size bytes, those of the model first, in the
// order of the pickle.
//
// The model of a training checkpoint is the dictionary with most parameters under
// one of the keys state_dict, model_state_dict, model, module, net and generator,
// also where these are inside each other; else the only dictionary with tensors.
// Copies that average (EMA), optimisers, discriminators, statistics and all else
// beside the model are listed with a reason to skip them. Two dictionaries that
// could both be the model are an error that names them: one under such a key with
// at least half the parameters of the largest, or any two where there is no such
// key and the file has more than tensors. A file of nothing but dictionaries of
// tensors is a model whose modules they are, unless they are copies of each other.
//
// Names are those of the module: the keys inside the model, joined by dots, without
// what wrappers add: _orig_mod and its kin anywhere; module and state_dict where
// all start with it; and model where all do and the file is PyTorch Lightning's,
// whose module has the model as an attribute. Elsewhere a model that starts with
// "model." is called so.
//
// Memory is bounded by the size of the file and 64 MiB. Errors wrap [ErrFormat],
// [ErrRefused], [ErrChoice], [ErrForeign] or what r returned.
func Read(r io.ReaderAt, size int64, choice Choice) (*File, error) {
	b := &budget{32<<20 + size/2}
	root, err := load(r, size, b)
	if err != nil {
		return nil, err
	}
	w := &walker{budget: b, choice: choice}
	if err := w.list(root); err != nil {
		return nil, err
	}
	return &w.File, nil
}

// load returns what was saved.
func load(r io.ReaderAt, size int64, b *budget) (any, error) {
	start := make([]byte, min(size, 512))
	if len(start) < 4 {
		return nil, malformed("%d bytes", size)
	}
	if n, err := r.ReadAt(start, 0); n < len(start) {
		return nil, err
	}
	switch {
	case string(start[:4]) == "PK\x03\x04":
		a, err := openArchive(r, size, b)
		if err != nil {
			return nil, err
		}
		return a.read()
	case isLegacy(start):
		return openLegacy(r, size, b).read()
	case isTar(start) && firstMember(start):
		return nil, refused("the tar archive of the first versions of PyTorch: load it with PyTorch and save it again")
	case isTar(start):
		return nil, fmt.Errorf("%w but a tar archive: unpack it", ErrForeign)
	case start[0] == 0x80 && start[1] <= 5:
		return nil, fmt.Errorf("%w but a bare pickle: load it with what wrote it and save its tensors with torch.save", ErrForeign)
	}
	return nil, fmt.Errorf("%w: begins with %q", ErrForeign, start[:4])
}

func isTar(start []byte) bool { return len(start) >= 262 && string(start[257:262]) == "ustar" }

// firstMember reports whether a tar archive begins with a member of those that
// PyTorch before 0.1.10 wrote.
func firstMember(start []byte) bool {
	name, _, _ := strings.Cut(string(start[:100]), "\x00")
	return slices.Contains([]string{"sys_info", "pickle", "tensors", "storages"}, name)
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRefused, fmt.Errorf(format, args...))
}
