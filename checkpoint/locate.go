package checkpoint

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/names"
)

const (
	weightsName = "model.safetensors"
	indexName   = weightsName + indexEnding
	torchName   = "pytorch_model.bin"
	configName  = "config.json"
	suffix      = ".safetensors"
	ggufSuffix  = ".gguf"
	indexEnding = ".index.json"
)

// maxText bounds the JSON files of a model, in bytes: the index of the largest
// models takes a few megabytes.
const maxText = safetensors.MaxHeader

// choose returns the name of the file in dir to open: weights or the index.
func choose(ctx context.Context, dir directory) (string, error) {
	for _, name := range []string{weightsName, indexName} {
		if ok, err := dir.exists(name); ok || err != nil {
			return name, err
		}
	}
	files, err := dir.list()
	if err != nil {
		return "", err
	}
	byKind := make(map[string][]string)
	var other string
	for _, name := range files {
		kind := strings.ToLower(path.Ext(name))
		switch {
		case strings.HasPrefix(name, "."):
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
		if ok, err := dir.exists(name); ok || err != nil {
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
	if !ok || dash < 0 || len(count) != 5 || !names.IsNumber(count) || len(head[dash+1:]) != 5 || !names.IsNumber(head[dash+1:]) {
		return 0, 0, false
	}
	_, err := fmt.Sscanf(head[dash+1:]+" "+count, "%d %d", &n, &of)
	return n, of, err == nil && 1 <= n && n <= of
}

// partial reports whether a name is that of one shard of several, as in
// model-00001-of-00004.safetensors.
func partial(name string) bool {
	_, count, ok := strings.Cut(strings.TrimSuffix(name, path.Ext(name)), "-of-")
	return ok && names.IsNumber(count) && names.Compare(count, "1") > 0
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
