// Package checkpoint opens a model, lists its tensors and reads them one at a
// time into typed weights.
//
// A model is a safetensors, GGUF, PyTorch or NumPy file, or a directory as the Hugging
// Face tools write it: one file, or shards with an index. It is on disk, in any
// [io/fs.FS], behind one [io.ReaderAt], or where a [Hub] finds it; without a hub
// nothing is looked up in a cache and nothing is asked of the network. Nothing is
// mapped into memory, so a file that is cut short while it is read gives an error
// and does not kill the process. Files are not trusted: see [Opener.Open] for what
// is checked.
package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/format/torchfile"
)

// Errors that results of this package wrap; test for them with [errors.Is].
// Files that are missing or cannot be read give the errors of their file system, a
// hub its own, and an argument that is nil and must not be [spectrum.ErrOption].
var (
	// ErrFormat reports a file that breaks the rules of its format.
	ErrFormat = safetensors.ErrFormat
	// ErrUnsupported reports something well-formed that this package does not read.
	ErrUnsupported = errors.New("not supported")
	// ErrMemory reports a tensor for which there is not enough memory.
	ErrMemory = errors.New("does not fit in memory")
	// ErrNoWeights reports a directory in which there is no model, or more than one.
	ErrNoWeights = errors.New("no weights to open")
	// ErrNoTensor reports a tensor that the model does not have.
	ErrNoTensor = errors.New("no such tensor")
)

// Model is an open checkpoint. Its methods may be called by several goroutines
// at once. A nil Model has no tensors.
type Model struct {
	path    string
	shards  []*shard
	tensors []listed // in the order of Tensors
	config  Config
	gguf    ggufInfo
	split   bool
	choice  *torchfile.Choice // what to take of a PyTorch file; nil for its model
	keyed   bool              // a PyTorch file was read
	indexed bool              // its files are shards, which an index lists by the names inside
	notes   notes
	adapter *adapter  // nil for a model
	files   io.Closer // what the shards were opened from, nil if it needs no closing
}

// File is a file that holds weights.
type File struct {
	Name   string // relative to the directory of the model, with slashes
	Size   int64  // in bytes
	Header string // SHA-256, in hexadecimal, of what was read of it to list its tensors, and where
}

// open opens name in dir, or what the directory says when name is empty.
func (o Opener) open(ctx context.Context, path string, dir directory, name string) (*Model, error) {
	m := &Model{path: path, split: o.Split, choice: o.choice}
	err := m.open(ctx, dir, name)
	if err == nil {
		err = m.refuseKey()
	}
	if err != nil {
		_ = m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Model) open(ctx context.Context, dir directory, name string) (err error) {
	var found *folder
	if name == "" {
		if found, err = readFolder(dir); err != nil {
			return err
		}
		if name, err = found.choose(); err != nil {
			return err
		}
	}
	var said notes
	if m.config, said, err = readConfig(ctx, dir); err != nil {
		return err
	}
	if m.adapter, err = readAdapter(ctx, dir, name); err != nil {
		return err
	}
	if err := m.openNamed(ctx, dir, name); err != nil {
		return err
	}
	if found != nil {
		m.noteChoice(found, name)
	}
	m.notes = append(m.notes, said...)
	m.noteAdapter()
	return nil
}

// openNamed opens a file of weights or an index.
func (m *Model) openNamed(ctx context.Context, dir directory, name string) error {
	if isIndex(name) {
		text, err := readText(ctx, dir, name)
		if err != nil {
			return err
		}
		return m.openShards(ctx, dir, name, text)
	}
	parts, err := m.parts(dir, name)
	if err != nil {
		return err
	}
	if _, err := m.addShards(ctx, dir, parts); err != nil {
		return err
	}
	m.gguf.amend(&m.config)
	return m.list(nil)
}

// parts returns the files that hold the model of which name is one.
func (m *Model) parts(dir directory, name string) ([]string, error) {
	if isSlice(name) {
		for _, other := range []string{"consolidated.00.pth", "consolidated.01.pth"} {
			if ok, _ := dir.exists(other); ok && other != name {
				return nil, fmt.Errorf("%s: %w", dir.path("."), modelParallel([]string{name, other}))
			}
		}
	}
	all := splits(name)
	if _, alone := dir.(readerDir); alone {
		all = []string{name}
	}
	switch {
	case len(all) > 1 && all[0] != name:
		m.notes.add("reads the %d files of which %s is one", len(all), name)
	case len(all) == 1 && partial(name):
		m.notes.add("%s is one of several files of a model; the others are not read", name)
	}
	return all, nil
}

// Path returns the path, or the name, that the model was opened by. Where a hub
// found it, that is what the hub calls it, with the commit that a revision stood for.
func (m *Model) Path() string {
	if m == nil {
		return ""
	}
	return m.path
}

// Split reports whether fused projections were asked for as their parts, see [Opener].
func (m *Model) Split() bool { return m != nil && m.split }

// Notes returns what the user of the model should know of how it was read, a line
// each: which files were taken where there were others, and what was not read as it
// stands.
func (m *Model) Notes() []string {
	if m == nil {
		return nil
	}
	return slices.Clone(m.notes)
}

// Close closes the files. Weights already loaded stay valid.
func (m *Model) Close() error {
	if m == nil {
		return nil
	}
	var errs []error
	for _, s := range m.shards {
		if s.file != nil {
			errs = append(errs, s.file.Close())
		}
	}
	if m.files != nil {
		errs = append(errs, m.files.Close())
	}
	return errors.Join(errs...)
}

// Files returns the files that hold the weights, in the order of [Compare].
func (m *Model) Files() []File {
	if m == nil {
		return nil
	}
	files := make([]File, len(m.shards))
	for i, s := range m.shards {
		files[i] = File{Name: s.name, Size: s.size, Header: s.header}
	}
	return files
}

// Tensors returns all tensors in the order of [Compare] by name, then by file.
// The result belongs to the caller.
func (m *Model) Tensors() []Tensor {
	if m == nil {
		return nil
	}
	tensors := make([]Tensor, len(m.tensors))
	for i := range tensors {
		tensors[i], _ = m.Tensor(i)
	}
	return tensors
}

// Len returns the number of tensors.
func (m *Model) Len() int {
	if m == nil {
		return 0
	}
	return len(m.tensors)
}

// Tensor returns the i-th of [Model.Tensors] without making a list of them, which a
// model of a million tensors has no need of. It reports false where there is none.
func (m *Model) Tensor(i int) (t Tensor, ok bool) {
	if i < 0 || i >= m.Len() {
		return Tensor{}, false
	}
	t = m.tensors[i].tensor()
	t.Shape = slices.Clone(t.Shape)
	return t, true
}

// Config returns what config.json beside the weights says, the zero Config when
// there is none.
func (m *Model) Config() Config {
	if m == nil {
		return Config{}
	}
	c := m.config
	c.Architectures = slices.Clone(c.Architectures)
	return c
}
