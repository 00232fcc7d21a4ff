package checkpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/format/torchfile"
)

const (
	weightsName = "model.safetensors"
	indexName   = weightsName + indexEnding
	torchName   = "pytorch_model.bin"
	configName  = "config.json"
	suffix      = ".safetensors"
	ggufSuffix  = ".gguf"
	indexEnding = ".index.json"
	zeroScript  = "zero_to_fp32.py" // what DeepSpeed puts beside its checkpoints
)

// maxText bounds the JSON files of a model, in bytes: the index of the largest
// models takes a few megabytes.
const maxText = safetensors.MaxHeader

// directory is where the files of a model are.
type directory interface {
	// open opens a file, given with slashes, and returns its size. The error
	// wraps fs.ErrNotExist when there is none.
	open(ctx context.Context, name string) (source, int64, error)
	// exists reports whether there is such a file.
	exists(ctx context.Context, name string) (bool, error)
	// list returns the names of the files at the top.
	list(ctx context.Context) ([]string, error)
	// path returns what messages call a file.
	path(name string) string
}

// localDir is a directory on disk.
type localDir string

func (d localDir) path(name string) string {
	return filepath.Join(string(d), filepath.FromSlash(name))
}

func (d localDir) open(_ context.Context, name string) (source, int64, error) {
	f, size, err := openRegular(d.path(name))
	if err != nil {
		return nil, 0, err
	}
	return localFile{f}, size, nil
}

func (d localDir) exists(_ context.Context, name string) (bool, error) {
	info, err := os.Stat(d.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && !info.IsDir(), err
}

func (d localDir) list(context.Context) ([]string, error) {
	files, err := os.ReadDir(string(d))
	var names []string
	for _, f := range files {
		if !f.IsDir() {
			names = append(names, f.Name())
		}
	}
	return names, err
}

// choose returns the name of the file in dir to open: weights or the index.
func choose(ctx context.Context, dir directory) (string, error) {
	for _, name := range []string{weightsName, indexName} {
		if ok, err := dir.exists(ctx, name); ok || err != nil {
			return name, err
		}
	}
	files, err := dir.list(ctx)
	if err != nil {
		return "", err
	}
	byKind := make(map[string][]string)
	var other, part string
	for _, name := range files {
		kind := strings.ToLower(path.Ext(name))
		switch {
		case strings.HasPrefix(name, "."):
		case partOf(name) != "" || name == zeroScript:
			part = name
		case kind == suffix || kind == ggufSuffix:
			byKind[kind] = append(byKind[kind], name)
		case isTorch(name) && (kind != ".bin" || strings.HasPrefix(name, "adapter_model")):
			// pytorch_model.bin comes below, others are optimizer.bin and such.
			byKind["torch"] = append(byKind["torch"], name)
		case strings.HasPrefix(name, "pytorch_model-"):
			byKind["shards"] = append(byKind["shards"], name)
		case foreign(name):
			other = name
		}
	}
	if found := byKind[suffix]; len(found) > 0 {
		return only(dir, found, indexName)
	}
	for _, name := range []string{torchName, torchName + indexEnding} {
		if ok, err := dir.exists(ctx, name); ok || err != nil {
			return name, err
		}
	}
	if found := byKind["shards"]; len(found) > 0 {
		return only(dir, found, torchName+indexEnding)
	}
	if found := byKind[ggufSuffix]; len(found) > 0 {
		return onlyGGUF(dir, found)
	}
	if found := byKind["torch"]; len(found) > 0 {
		return only(dir, found, torchName)
	}
	if part != "" {
		return "", fmt.Errorf("%s: %w: there is %s, %w: %s", dir.path("."), ErrNoWeights, part, ErrUnsupported, cmp.Or(partOf(part), torchfile.ZeRO))
	}
	if other != "" {
		return "", fmt.Errorf("%s: %w: %s is %w, only safetensors, GGUF and PyTorch files are", dir.path("."), ErrNoWeights, other, ErrUnsupported)
	}
	return "", fmt.Errorf("%s: %w: neither %s, %s, a GGUF nor a PyTorch file", dir.path("."), ErrNoWeights, weightsName, indexName)
}

// only returns the single one of the files found, where want was looked for.
func only(dir directory, found []string, want string) (string, error) {
	switch {
	case len(found) > 1:
		return "", fmt.Errorf("%s: %w: %d %s files (%s, …) and no %s; name one of them",
			dir.path("."), ErrNoWeights, len(found), path.Ext(found[0])[1:], found[0], want)
	case partial(found[0]):
		return "", fmt.Errorf("%s: %w: %s is one of several shards and there is no %s; name the file to open it alone",
			dir.path("."), ErrNoWeights, found[0], want)
	}
	return found[0], nil
}

// onlyGGUF returns the first file of a model that is split into several, or the
// only file.
func onlyGGUF(dir directory, found []string) (string, error) {
	var firsts []string
	for _, name := range found {
		if no, _, ok := splitNumber(name); !ok || no == 1 {
			firsts = append(firsts, name)
		}
	}
	if len(firsts) == 1 {
		return firsts[0], nil
	}
	return "", fmt.Errorf("%s: %w: %d gguf files (%s, …); name one of them", dir.path("."), ErrNoWeights, len(found), found[0])
}

// splitNumber returns n and of for a name like model-00002-of-00005.gguf.
func splitNumber(name string) (n, of int, ok bool) {
	stem := strings.TrimSuffix(name, path.Ext(name))
	head, count, ok := strings.Cut(stem, "-of-")
	dash := strings.LastIndexByte(head, '-')
	if !ok || dash < 0 || len(count) != 5 || !isNumber(count) || len(head[dash+1:]) != 5 || !isNumber(head[dash+1:]) {
		return 0, 0, false
	}
	_, err := fmt.Sscanf(head[dash+1:]+" "+count, "%d %d", &n, &of)
	return n, of, err == nil && 1 <= n && n <= of
}

// partial reports whether a name is that of one shard of several, as in
// model-00001-of-00004.safetensors.
func partial(name string) bool {
	_, count, ok := strings.Cut(strings.TrimSuffix(name, path.Ext(name)), "-of-")
	return ok && isNumber(count) && compareNumbers(count, "1") > 0
}

// isTorch reports whether a name is one that files of torch.save have.
func isTorch(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".pt", ".pth", ".bin", ".ckpt":
		return true
	}
	return false
}

// foreign reports whether a file holds weights in a format that is not read.
func foreign(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".h5", ".msgpack", ".onnx", ".npz":
		return true
	}
	return false
}

// openRegular opens a file and returns its size. Anything but a regular file is
// refused before it is opened: opening a pipe would wait for a writer.
func openRegular(name string) (*os.File, int64, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: %w: not a regular file", name, ErrUnsupported)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// readText reads a JSON file whole.
func readText(ctx context.Context, dir directory, name string) ([]byte, error) {
	f, size, err := dir.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxText {
		return nil, fmt.Errorf("%s: %w: %d bytes, the limit is %d", dir.path(name), ErrFormat, size, maxText)
	}
	text := make([]byte, size)
	_, err = io.ReadFull(sequential(ctx, f, size), text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir.path(name), err)
	}
	return text, nil
}
