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
	indexName   = weightsName + indexMiddle + indexEnding
	configName  = "config.json"
	suffix      = ".safetensors"
	ggufSuffix  = ".gguf"
	torchSuffix = ".bin"
	indexEnding = ".json"
	indexMiddle = ".index"
)

// maxText bounds the JSON files of a model, in bytes: the index of the largest
// models takes a few megabytes.
const maxText = safetensors.MaxHeader

// nameParts takes the name of a file of weights, or of an index of such files,
// apart: model.fp16.safetensors and model.safetensors.index.fp16.json are the variant
// fp16 of model.
func nameParts(name string) (stem, variant, ext string, index bool) {
	if rest, ok := strings.CutSuffix(name, indexEnding); ok {
		if ext = path.Ext(rest); ext != indexMiddle {
			rest, variant = strings.TrimSuffix(rest, ext), strings.TrimPrefix(ext, ".")
		}
		if rest, index = strings.CutSuffix(rest, indexMiddle); index {
			ext = path.Ext(rest)
			return strings.TrimSuffix(rest, ext), variant, ext, true
		}
	}
	ext = path.Ext(name)
	stem = strings.TrimSuffix(name, ext)
	if i := strings.IndexByte(stem, '.'); i > 0 {
		stem, variant = stem[:i], stem[i+1:]
	}
	return stem, variant, ext, false
}

// isIndex reports whether a name is that of an index.
func isIndex(name string) bool {
	_, _, _, index := nameParts(path.Base(name))
	return index
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

// splits returns the names of all files of a GGUF model that is split into several,
// whichever of them is given, and name alone for all others.
func splits(name string) []string {
	n, of, ok := splitNumber(name)
	if !ok || !strings.EqualFold(path.Ext(name), ggufSuffix) {
		return []string{name}
	}
	all := make([]string, of)
	for i := range all {
		tail := fmt.Sprintf("%05d-of-%05d", i+1, of)
		at := strings.LastIndex(name, fmt.Sprintf("%05d-of-%05d", n, of))
		all[i] = name[:at] + tail + name[at+len(tail):]
	}
	return all
}

// partial reports whether a name is that of one shard of several, as in
// model-00001-of-00004.safetensors.
func partial(name string) bool {
	_, count, ok := strings.Cut(strings.TrimSuffix(name, path.Ext(name)), "-of-")
	count, _, _ = strings.Cut(count, ".") // a variant may follow
	return ok && names.IsNumber(count) && names.Compare(count, "1") > 0
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
