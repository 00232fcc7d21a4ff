// Package checkpoint opens a model, lists its tensors and reads them one at a
// time into typed weights.
//
// A model is a safetensors, GGUF or PyTorch file, or a directory as the Hugging
// Face tools write it: one file, or shards with an index. Nothing is mapped into
// memory, so a file that is cut short while it is read gives an error and does
// not kill the process. Files are not trusted: see [Open] for what is checked.
package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/hub"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/format/torchfile"
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
	// ErrAccess reports a model of a hub that needs a token, or another one.
	ErrAccess = hub.ErrAccess
	// ErrServer reports a hub that does not answer as it should.
	ErrServer = hub.ErrServer
	// ErrChanged reports a file of a hub that changed while it was read.
	ErrChanged = hub.ErrChanged
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
	gguf    ggufInfo
	split   bool
	choice  torchfile.Choice
	indexed bool   // its files are shards, which an index lists by the names inside
	release func() // what Close does besides closing the files
}

// File is a file that holds weights.
type File struct {
	Name string // relative to the directory of the model, with slashes
	Size int64  // in bytes
}

// Opener opens models with settings; its zero value has the defaults.
type Opener struct {
	// Split lists fused projections as their parts: qkv_proj, c_attn,
	// query_key_value (GPT-NeoX, BLOOM), Wqkv and gate_up_proj, where config.json
	// has the sizes.
	Split bool

	choice torchfile.Choice
}

// Open is [Opener.Open] with the defaults.
func Open(path string) (*Model, error) { return Opener{}.Open(context.Background(), path) }

// Open opens a model: a path of a file of weights, of an index (*.index.json) or
// of a directory; org/name[@revision] where no such path exists and the local
// cache of the Hugging Face tools has the model; or hf://org/name[@revision], which
// streams it from the hub, storing nothing. A file may follow the last two. Names
// without revision mean main. HF_HUB_CACHE and HF_HOME place the cache,
// HF_ENDPOINT names the hub and HF_TOKEN the user.
//
// In a directory it takes, like the transformers library,
// model.safetensors, else the shards of model.safetensors.index.json, else the
// only *.safetensors there is; without any, pytorch_model.bin or the shards of
// its index, else the only *.gguf (all its splits), else the only *.pt, *.pth or *.ckpt.
// Links may lead out of the directory (the Hugging Face cache is made of them);
// names in the index may not. The caller closes the model.
//
// The pickle of a PyTorch file is not executed; one that asks for anything but
// tensors is refused.
//
// Everything but the values is checked here. Errors wrap [ErrFormat] for a
// malformed header, index or config.json (see [Model.Config]); [ErrNoWeights]
// when a directory does not say what to open; [ErrUnsupported] for other
// formats; [io/fs.ErrNotExist] for a missing file, shards of the index included;
// [ErrAccess], [ErrServer] and [ErrChanged] for what a hub does.
func (o Opener) Open(ctx context.Context, path string) (*Model, error) {
	if strings.HasPrefix(path, hub.Scheme) {
		return o.stream(ctx, path)
	}
	o, file := o.choosing(path, onDisk)
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		if repo, ok := hub.Parse(path); ok {
			return o.openCached(ctx, path, repo)
		}
	}
	if err != nil {
		return nil, err
	}
	dir, name := file, ""
	if !info.IsDir() {
		if dir, name = filepath.Split(file); foreign(name) {
			return nil, fmt.Errorf("%s: %w, only safetensors, GGUF and PyTorch files are", path, ErrUnsupported)
		}
	}
	return o.open(ctx, path, localDir(dir), name)
}

// open opens name in dir, or what the directory says when name is empty.
func (o Opener) open(ctx context.Context, path string, dir directory, name string) (*Model, error) {
	m := &Model{path: path, split: o.Split, choice: o.choice}
	err := m.open(ctx, dir, name)
	if err != nil {
		_ = m.Close()
		return nil, err
	}
	return m, nil
}

func (m *Model) open(ctx context.Context, dir directory, name string) (err error) {
	if name == "" {
		if name, err = choose(ctx, dir); err != nil {
			return err
		}
	}
	if m.config, err = readConfig(ctx, dir); err != nil {
		return err
	}
	if strings.HasSuffix(name, indexEnding) {
		text, err := readText(ctx, dir, name)
		if err != nil {
			return err
		}
		return m.openShards(ctx, dir, name, text)
	}
	if _, err := m.addShards(ctx, dir, splits(filepath.ToSlash(name))); err != nil {
		return err
	}
	m.gguf.amend(&m.config)
	return m.list(nil)
}

// splits returns the names of all files of a GGUF model whose first is name, or
// name alone.
func splits(name string) []string {
	n, of, ok := splitNumber(name)
	if !ok || n != 1 || !strings.EqualFold(filepath.Ext(name), ggufSuffix) {
		return []string{name}
	}
	names := make([]string, of)
	for i := range names {
		tail := fmt.Sprintf("%05d-of-%05d", i+1, of)
		at := strings.LastIndex(name, fmt.Sprintf("%05d-of-%05d", n, of))
		names[i] = name[:at] + tail + name[at+len(tail):]
	}
	return names
}

// Path returns the path the model was opened by. For a model that is streamed it
// has the commit that the revision stood for.
func (m *Model) Path() string { return m.path }

// Close closes the files. Weights already loaded stay valid.
func (m *Model) Close() error {
	var errs []error
	for _, s := range m.shards {
		if s.file != nil {
			errs = append(errs, s.file.Close())
		}
	}
	if m.release != nil {
		m.release()
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
