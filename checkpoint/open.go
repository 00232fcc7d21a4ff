package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/torchfile"
)

// Opener opens models with settings; its zero value has the defaults.
type Opener struct {
	// Split lists fused projections as their parts: qkv_proj, c_attn,
	// query_key_value (GPT-NeoX, BLOOM), Wqkv and gate_up_proj, where config.json
	// has the sizes.
	Split bool
	// Hub finds the models that are no files of this machine: a client of package
	// hub, or another. Nil finds none, and such models cannot be opened.
	Hub Hub

	choice *torchfile.Choice // what to take of a PyTorch file; nil for its model
}

// Hub finds models by an address that is no path. Its methods may be called by
// several goroutines at once.
type Hub interface {
	// Find returns the files of a model, the one of them that the address names,
	// empty if it names the whole model, and what [Model.Path] shall call the model.
	// The files follow the rules of [Opener.OpenFS]; those with a Close method are
	// closed with the model. The error wraps [errors.ErrUnsupported] for a text that
	// is no address of this hub.
	Find(ctx context.Context, address string) (files fs.FS, file, path string, err error)
}

// Open is [Opener.Open] with the defaults.
func Open(ctx context.Context, path string) (*Model, error) { return Opener{}.Open(ctx, path) }

// Open opens a model: a path of a file of weights, of an index (*.index.json) or
// of a directory; or, with a hub, an address that the hub knows. An address has a
// scheme (hf://org/name), or no such path exists (org/name).
//
// In a directory it takes, like the transformers library, model.safetensors, else the
// shards of model.safetensors.index.json; else, in this order, the same with the names
// of diffusers (diffusion_pytorch_model) and Mistral (consolidated), the only index, the
// only variant (model.fp16.safetensors), the only *.safetensors there is; without any,
// pytorch_model.bin or the shards of its index, else the only *.gguf, else the only
// *.pt, *.pth or *.ckpt, else the only *.npz or *.npy. A GGUF that is split is opened
// whole, whichever of its files is named. [Model.Notes] says what was taken.
// Links may lead out of the directory (the Hugging Face cache is made of them);
// names in the index may not. The caller closes the model.
//
// The first bytes of a file tell its format, and its name only where they do not.
//
// The pickle of a PyTorch file is not executed; one that names code is refused, and
// what else is no tensor is passed over. Of a training checkpoint the model is taken,
// under the names of its module; what is beside it, optimisers and averaged copies
// among them, is listed with a reason in [Tensor.Skip]. Two that could be the model are
// an error. FILE#KEY takes what the file has under a key, or keys joined by dots, and
// FILE# takes everything; where there is a file with the whole name, that is meant.
// Parts of distributed checkpoints are refused with the command that joins them.
//
// Everything but the values is checked here. Errors wrap [ErrFormat] for a
// malformed header, index or config.json (see [Model.Config]); [ErrNoWeights]
// when a directory does not say what to open; [ErrUnsupported] for other
// formats and for addresses without a hub; [io/fs.ErrNotExist] for a missing file,
// shards of the index included; [spectrum.ErrOption] for a nil context.
func (o Opener) Open(ctx context.Context, path string) (*Model, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	if strings.Contains(path, "://") {
		return o.find(ctx, path, nil)
	}
	o, file := o.choosing(path, onDisk)
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.Hub != nil:
		return o.find(ctx, path, err)
	case err != nil:
		return nil, err
	case info.IsDir():
		return o.open(ctx, path, localDir(file), "")
	}
	dir, name := filepath.Split(file)
	return o.open(ctx, path, localDir(dir), filepath.ToSlash(name))
}

// find opens a model that the hub knows. If address could have been a path, missing
// says that it is none.
func (o Opener) find(ctx context.Context, address string, missing error) (*Model, error) {
	if o.Hub == nil {
		return nil, fmt.Errorf("%s: %w: an address of a hub, and there is no hub to ask", address, ErrUnsupported)
	}
	files, file, name, err := o.Hub.Find(ctx, address)
	switch unknown := errors.Is(err, errors.ErrUnsupported); {
	case unknown && missing != nil:
		return nil, missing
	case unknown:
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	case err != nil && missing != nil:
		return nil, fmt.Errorf("%s is no path, and %w", address, err)
	case err != nil:
		return nil, err
	}
	closer, _ := files.(io.Closer)
	m, err := o.openFS(ctx, files, file, name)
	if err != nil {
		if closer != nil {
			_ = closer.Close()
		}
		return nil, err
	}
	m.files = closer
	if said, ok := files.(interface{ Notes() []string }); ok { // as those of package hub do
		for _, line := range said.Notes() {
			m.notes.add("%s", line)
		}
	}
	return m, nil
}

// OpenFS opens the file or directory called name in a file system, "." or nothing
// being its root, by the rules of [Opener.Open], whose errors it gives. Files must be
// [io.ReaderAt]s, as those of [os.DirFS], [embed.FS] and most others are; those that
// are but [io.Seeker]s are read one request at a time. Others, such as the files of
// an archive, cannot be read in the order of tensors and wrap [ErrUnsupported].
//
// What a file system waits for ends with the context where it has the methods of
// package hub: OpenContext(ctx, name) (fs.File, error) for itself and
// ReadAtContext(ctx, p, offset) (int, error) for its files. Elsewhere a read is
// waited for, and the context is looked at between pieces of 16 MiB.
func (o Opener) OpenFS(ctx context.Context, files fs.FS, name string) (*Model, error) {
	return o.openFS(ctx, files, name, "")
}

// openFS is OpenFS for files that messages call label.
func (o Opener) openFS(ctx context.Context, files fs.FS, name, label string) (*Model, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	if files == nil {
		return nil, fmt.Errorf("%w: nil file system", spectrum.ErrOption)
	}
	dir := fsDir{files: files, base: ".", label: label}
	switch {
	case name == "" || name == ".":
		return o.open(ctx, dir.path("."), dir, "")
	case !fs.ValidPath(name):
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	full := dir.path(name)
	o, name = o.choosing(name, inFS(files))
	if _, err := fs.ReadDir(files, name); err == nil {
		dir.base = name
		return o.open(ctx, full, dir, "")
	}
	dir.base = path.Dir(name)
	return o.open(ctx, full, dir, path.Base(name))
}

// OpenReaderAt opens a file of weights of size bytes that r reads. The name tells the
// format by its ending, names the file in messages and results, and is that of
// [Tensor.File]; when it is empty or says nothing, the first bytes tell the format.
// There is no config.json. Errors are those of [Opener.Open]. If r has a method
// ReadAtContext it is used as in [Opener.OpenFS]; it is not closed.
func (o Opener) OpenReaderAt(ctx context.Context, r io.ReaderAt, size int64, name string) (*Model, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	if r == nil || size < 0 {
		return nil, fmt.Errorf("%w: reader %T of %d bytes", spectrum.ErrOption, r, size)
	}
	if name == "" {
		name = "weights"
	}
	return o.open(ctx, name, readerDir{name, sized{contextual(r), size}}, name)
}

func checkContext(ctx context.Context) error {
	if ctx == nil {
		return fmt.Errorf("%w: nil context", spectrum.ErrOption)
	}
	return nil
}
