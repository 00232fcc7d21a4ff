// Package checkpoint opens a model on disk, lists its tensors and reads them
// one at a time into typed weights.
//
// A model is a safetensors file, or a directory as the Hugging Face tools write
// it: one file, or shards with an index. Nothing is mapped into memory, so a
// file that is cut short while it is read gives an error and does not kill the
// process. Files are not trusted: see [Open] for what is checked.
package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/safetensors"
)

// Errors that results of this package wrap; test for them with [errors.Is].
// Files that are missing or cannot be read give the errors of package os.
var (
	// ErrFormat reports a file that breaks the rules of its format.
	ErrFormat = safetensors.ErrFormat
	// ErrUnsupported reports something well-formed that this package does not read.
	ErrUnsupported = errors.New("not supported")
	// ErrNoWeights reports a directory in which there is no model, or more than one.
	ErrNoWeights = errors.New("no weights to open")
	// ErrNoTensor reports a tensor that the model does not have.
	ErrNoTensor = errors.New("no such tensor")
)

// Model is an open checkpoint. Its methods may be called by several goroutines
// at once.
type Model struct {
	path    string
	shards  []*shard
	tensors []entry
	byKey   map[key]int // index in tensors
	config  Config
}

// File is a file that holds weights.
type File struct {
	Name string // relative to the directory of the model, with slashes
	Size int64  // in bytes
}

// Open opens the safetensors file, the index (*.safetensors.index.json) or the
// directory at path. In a directory it takes, like the transformers library,
// model.safetensors, else the shards of model.safetensors.index.json, else the
// only *.safetensors there is. Links may lead out of the directory (the Hugging
// Face cache is made of them); names in the index may not. The caller closes
// the model.
//
// Everything but the values is checked here. Errors wrap [ErrFormat] for a
// malformed header, index or config.json (see [Model.Config]); [ErrNoWeights]
// when a directory does not say what to open; [ErrUnsupported] for formats
// other than safetensors; [io/fs.ErrNotExist] for a missing file, shards of the
// index included.
func Open(path string) (*Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	dir, name := path, ""
	if !info.IsDir() {
		dir, name = filepath.Split(path)
		if foreign(name) {
			return nil, fmt.Errorf("%s: %w, only safetensors files are", path, ErrUnsupported)
		}
	} else if name, err = choose(dir); err != nil {
		return nil, err
	}
	m := &Model{path: path}
	if err := m.open(dir, name); err != nil {
		_ = m.Close()
		return nil, err
	}
	return m, nil
}

// open opens name in dir, which is the index or a file of weights.
func (m *Model) open(dir, name string) (err error) {
	if m.config, err = readConfig(filepath.Join(dir, configName)); err != nil {
		return err
	}
	if strings.HasSuffix(name, indexSuffix) {
		return m.openIndex(filepath.Join(dir, name))
	}
	if err := m.addShard(dir, filepath.ToSlash(name)); err != nil {
		return err
	}
	m.list(nil)
	return nil
}

// Path returns the path the model was opened by.
func (m *Model) Path() string { return m.path }

// Close closes the files. Weights already loaded stay valid.
func (m *Model) Close() error {
	var errs []error
	for _, s := range m.shards {
		errs = append(errs, s.file.Close())
	}
	return errors.Join(errs...)
}

// Files returns the files that hold the weights, in the order of [Compare].
func (m *Model) Files() []File {
	files := make([]File, len(m.shards))
	for i, s := range m.shards {
		files[i] = File{Name: s.name, Size: s.size}
	}
	return files
}

// Tensors returns all tensors in the order of [Compare] by name, then by file.
// The result belongs to the caller.
func (m *Model) Tensors() []Tensor {
	tensors := make([]Tensor, len(m.tensors))
	for i, e := range m.tensors {
		tensors[i] = e.Tensor
		tensors[i].Shape = slices.Clone(e.Shape)
	}
	return tensors
}

// Config returns what config.json beside the weights says, the zero Config when
// there is none.
func (m *Model) Config() Config {
	c := m.config
	c.Architectures = slices.Clone(c.Architectures)
	return c
}
