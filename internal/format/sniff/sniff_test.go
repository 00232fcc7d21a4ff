package sniff

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:abababab\nsize 4998578440\n"

func TestFilesAreKnownByTheirFirstBytes(t *testing.T) {
	for _, c := range []struct {
		name string
		head []byte
		want Kind
	}{
		{"pointer", []byte(pointer), LFSPointer},
		{"page", []byte("\n<!DOCTYPE html><html><head><title>Sign in</title></head></html>"), HTML},
		{"page without doctype", []byte("<HTML lang=en><body>404</body></HTML>"), HTML},
		{"error of a bucket", []byte(`<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`), XML},
		{"config", []byte("\ufeff{\n  \"architectures\": [\"LlamaForCausalLM\"]}"), JSON},
		{"answer of a server", []byte(`{"error":"Repository not found"}`), JSON},
		{"list", []byte(`["model-00001-of-00002"]`), JSON},
		{"index", []byte(`{"metadata":{"total_size":1},"weight_map":{"a":"b"}}`), Index},
		{"our results", []byte("{\n  \"provenance\": {\n    \"tool\": \"spectrum\""), Result},
		{"results of the reference", []byte("{\n    \"model.layers.0.mlp.down_proj\": {\n        \"snr\": 1.5,"), Result},
		{"selection", []byte("unfrozen_parameters:\n- ^lm_head.weight$\n"), Result},
		{"text", []byte("Access to this model is restricted.\n"), Text},
		{"nothing", nil, Empty},
		{"zeros", make([]byte, 4096), Zeros},
		{"safetensors", []byte("\x10\x00\x00\x00\x00\x00\x00\x00{\"__metadata__\""), Safetensors},
		{"padded safetensors", []byte("\x10\x00\x00\x00\x00\x00\x00\x00\r\n\t {}          "), Safetensors},
		{"GGUF", []byte("GGUF\x03\x00\x00\x00"), GGUF},
		{"big-endian GGUF", []byte("GGUF\x00\x00\x00\x03"), GGUF},
		{"ggjt", []byte("tjgg\x03\x00\x00\x00"), GGML},
		{"npy", []byte("\x93NUMPY\x01\x00v\x00{'descr'"), NPY},
		{"npz", zipOf(t, "weights.npy"), NPZ},
		{"torch", zipOf(t, "archive/data.pkl"), TorchZip},
		{"torch of a named file", zipOf(t, "model/.format_version"), TorchZip},
		{"TorchScript", zipOf(t, "net/code/__torch__.py"), TorchZip},
		{"zip", zipOf(t, "model/config.json"), Zip},
		{"empty zip", zipOf(t), EmptyZip},
		{"legacy torch", []byte("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."), Pickle},
		{"pickle", []byte("\x80\x04\x95\x05\x00\x00\x00"), Pickle},
		{"tar", tarOf(t, "model/model.safetensors"), Tar},
		{"gzip", gzipOf(t, pointer), Gzip},
		{"zstd", []byte("\x28\xb5\x2f\xfd\x04\x00"), Zstandard},
		{"HDF5", []byte("\x89HDF\r\n\x1a\n\x00\x00\x00"), HDF5},
		{"ONNX of PyTorch", []byte("\x08\x08\x12\x07pytorch\x1a\x052.1.0"), ONNX},
		{"ONNX without producer", []byte("\x08\x07:\xd0\x02\x0a"), ONNX},
		{"TFLite", []byte("\x1c\x00\x00\x00TFL3\x14\x00"), TFLite},
		{"image", []byte("\x89PNG\r\n\x1a\n\x00\x00"), Image},
		{"noise", []byte("\x17\xfe\x00\x3a\x91\x02\x44\xe0\x17\xfe\x00\x3a\x91\x02\x44\xe0\x17"), Unknown},
		{"short", []byte("x!!!"), Unknown},
	} {
		assert.Equal(t, c.want, Sniff(c.head, int64(len(c.head))), c.name)
	}
}

// TestTheStartOfATextIsEnough cuts a description at every length: it is either not
// known yet or what the whole is.
func TestTheStartOfATextIsEnough(t *testing.T) {
	for text, want := range map[string]Kind{
		pointer:                          LFSPointer,
		"<!DOCTYPE html><html></html>":   HTML,
		"\x80\x02\x8a\x0al\xfc\x9cF\xf9": Pickle,
	} {
		for n := 1; n <= len(text); n++ {
			got := Sniff([]byte(text[:n]), int64(len(text)))
			assert.Contains(t, []Kind{want, Unknown, Text}, got, text[:n])
		}
	}
}

func TestEveryKindHasWords(t *testing.T) {
	for k := Safetensors; k <= Program; k++ {
		assert.Contains(t, texts, k)
		assert.NotContains(t, k.Describe(nil), "\n")
	}
	assert.Equal(t, "a Git LFS pointer to a file of 4998578440 bytes that is not here: run git lfs pull, or download the file itself",
		LFSPointer.Describe([]byte(pointer)))
	assert.Equal(t, "a Git LFS pointer: run git lfs pull, or download the file itself", LFSPointer.Describe([]byte("size -1")))
	assert.True(t, NPZ.Readable())
	assert.False(t, Unknown.Readable())
	assert.False(t, LFSPointer.Readable())
}

func FuzzSniff(f *testing.F) {
	for _, seed := range []string{pointer, "PK\x03\x04", "{\"a\":1}", "\x08\x07\x12\x7f", "\x93NUMPY", "\x80\x02\x8a"} {
		f.Add([]byte(seed), int64(len(seed)))
	}
	f.Fuzz(func(t *testing.T, head []byte, size int64) {
		k := Sniff(head, size)
		assert.NotEmpty(t, k.String())
		assert.Equal(t, k, Sniff(head[:min(len(head), Length)], size), "what follows Length does not matter")
		assert.False(t, strings.ContainsAny(k.Describe(head), "\n\x00\x1b"), "nothing of the file is repeated")
	})
}

func zipOf(t *testing.T, names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		_, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func tarOf(t *testing.T, name string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644}))
	require.NoError(t, w.Close())
	return b.Bytes()
}

func gzipOf(t *testing.T, text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}
