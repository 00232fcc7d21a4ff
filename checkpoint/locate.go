package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gospectrum/spectrum/internal/safetensors"
)

const (
	weightsName = "model.safetensors"
	indexName   = weightsName + ".index.json"
	configName  = "config.json"
	suffix      = ".safetensors"
	indexSuffix = suffix + ".index.json"
)

// maxText bounds the JSON files of a model, in bytes: the index of the largest
// models takes a few megabytes.
const maxText = safetensors.MaxHeader

// choose returns the name of the file in dir to open: weights or the index.
func choose(dir string) (string, error) {
	for _, name := range []string{weightsName, indexName} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err == nil && !info.IsDir() {
			return name, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var found, other []string
	for _, f := range files {
		name := f.Name()
		switch {
		case f.IsDir() || strings.HasPrefix(name, "."):
		case strings.HasSuffix(name, suffix):
			found = append(found, name)
		case foreign(name):
			other = append(other, name)
		}
	}
	switch {
	case len(found) == 1 && partial(found[0]):
		return "", fmt.Errorf("%s: %w: %s is one of several shards and there is no %s; name the file to open it alone",
			dir, ErrNoWeights, found[0], indexName)
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("%s: %w: %d safetensors files (%s, …) and no %s; name one of them",
			dir, ErrNoWeights, len(found), found[0], indexName)
	case len(other) > 0:
		return "", fmt.Errorf("%s: %w: %s is %w, only safetensors files are", dir, ErrNoWeights, other[0], ErrUnsupported)
	}
	return "", fmt.Errorf("%s: %w: neither %s nor %s", dir, ErrNoWeights, weightsName, indexName)
}

// partial reports whether a name is that of one shard of several, as in
// model-00001-of-00004.safetensors.
func partial(name string) bool {
	_, count, ok := strings.Cut(strings.TrimSuffix(name, suffix), "-of-")
	return ok && isNumber(count) && compareNumbers(count, "1") > 0
}

// foreign reports whether a file holds weights in a format that is not read.
func foreign(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".gguf", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx":
		return true
	case ".bin":
		// Other .bin files exist: training_args.bin, optimizer.bin.
		return strings.HasPrefix(name, "pytorch_model") || strings.HasPrefix(name, "adapter_model")
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
func readText(name string) ([]byte, error) {
	f, size, err := openRegular(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > maxText {
		return nil, fmt.Errorf("%s: %w: %d bytes, the limit is %d", name, ErrFormat, size, maxText)
	}
	return io.ReadAll(io.LimitReader(f, maxText))
}
