package checkpoint

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

func TestOpenFile(t *testing.T) {
	dir := t.TempDir()
	path := writeShard(t, dir, "any.name", f32("b", 2, 3), f32("a", 1, 4))
	writeFile(t, dir, "config.json", `{"model_type":"llama"}`)
	m := open(t, path)
	assert.Equal(t, []Tensor{
		{Name: "a", DType: "F32", Shape: []int{1, 4}, File: "any.name", Size: 16, Memory: 16},
		{Name: "b", DType: "F32", Shape: []int{2, 3}, File: "any.name", Size: 24, Memory: 24},
	}, m.Tensors())
	info, err := os.Stat(path)
	require.NoError(t, err)
	files := m.Files()
	require.Len(t, files, 1)
	assert.Len(t, files[0].Header, 64)
	assert.Equal(t, []File{{"any.name", info.Size(), files[0].Header}}, files)
	assert.Equal(t, "llama", m.Config().ModelType)

	t.Chdir(dir)
	assert.Equal(t, []string{"a", "b"}, tensorNames(open(t, "any.name")))
}

func TestResultsBelongToTheCaller(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", f32("a", 2, 3))
	writeFile(t, dir, "config.json", `{"architectures":["A"]}`)
	m := open(t, dir)
	x := m.Tensors()[0]
	x.Shape[0], x.DType, x.Size = 1<<20, "F64", 1<<40
	assert.Equal(t, []int{2, 3}, m.Tensors()[0].Shape)
	w, err := m.Load(t.Context(), x, nil)
	require.NoError(t, err)
	rows, cols := w.Dims()
	assert.Equal(t, [2]int{2, 3}, [2]int{rows, cols})
	m.Config().Architectures[0] = "B"
	assert.Equal(t, []string{"A"}, m.Config().Architectures)
}

// TestDirectoryOrder adds files in rising precedence.
func TestDirectoryOrder(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(t.Context(), dir)
	assert.ErrorIs(t, err, ErrNoWeights)
	assert.ErrorContains(t, err, "model.safetensors")

	writeFile(t, dir, "training_args.bin", "")
	writeFile(t, dir, "pytorch_model-00001-of-00002.bin", "")
	_, err = Open(t.Context(), dir)
	assert.ErrorIs(t, err, ErrNoWeights)
	assert.ErrorContains(t, err, "pytorch_model-00001-of-00002.bin is one of several shards")

	writeFile(t, dir, "model.h5", "")
	require.NoError(t, os.Remove(filepath.Join(dir, "pytorch_model-00001-of-00002.bin")))
	_, err = Open(t.Context(), dir)
	assert.ErrorIs(t, err, ErrNoWeights)
	assert.ErrorIs(t, err, ErrUnsupported)

	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.safetensors"), 0o755))
	writeFile(t, dir, "._adapter.safetensors", "what a Mac leaves behind")
	writeShard(t, dir, "adapter.safetensors", f32("only", 1, 1))
	assert.Equal(t, []string{"only"}, tensorNames(open(t, dir)))

	writeShard(t, dir, "other.safetensors", f32("other", 1, 1))
	_, err = Open(t.Context(), dir)
	assert.ErrorIs(t, err, ErrNoWeights)
	assert.ErrorContains(t, err, "2 safetensors files (adapter.safetensors, …)")

	writeFile(t, dir, "model.safetensors.index.json", indexText("other", "other.safetensors"))
	assert.Equal(t, []string{"other"}, tensorNames(open(t, dir)))

	writeShard(t, dir, "model.safetensors", f32("single", 1, 1))
	assert.Equal(t, []string{"single"}, tensorNames(open(t, dir)))
}

func TestLoneShardIsNotAModel(t *testing.T) {
	dir := t.TempDir()
	path := writeShard(t, dir, "model-00002-of-00004.safetensors", f32("a", 1, 1))
	_, err := Open(t.Context(), dir)
	assert.ErrorIs(t, err, ErrNoWeights)
	assert.ErrorContains(t, err, "one of several shards")
	assert.Equal(t, []string{"a"}, tensorNames(open(t, path)))

	whole := t.TempDir()
	writeShard(t, whole, "model-00001-of-00001.safetensors", f32("a", 1, 1))
	assert.Equal(t, []string{"a"}, tensorNames(open(t, whole)))
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(t.Context(), filepath.Join(dir, "absent"))
	assert.ErrorIs(t, err, fs.ErrNotExist)

	for name, want := range map[string]error{
		"model.ckpt": ErrUnsupported, "model.h5": ErrUnsupported, "model.gguf": ErrFormat, "model.pt": ErrUnsupported,
		"pytorch_model.bin": ErrUnsupported, "W.PTH": ErrUnsupported,
	} {
		_, err = Open(t.Context(), writeFile(t, dir, name, "x!!!"))
		assert.ErrorIs(t, err, want, name)
		assert.ErrorContains(t, err, name)
	}
	_, err = Open(t.Context(), writeFile(t, dir, "bad.safetensors", "\x02\x00\x00\x00\x00\x00\x00\x00{}?"))
	assert.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, "bad.safetensors")

	text := `{"layer.7":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}`
	_, err = Open(t.Context(), writeFile(t, dir, "worse.safetensors", string(rune(len(text)))+"\x00\x00\x00\x00\x00\x00\x00"+text+"1234"))
	assert.ErrorContains(t, err, "worse.safetensors")
	assert.ErrorContains(t, err, `tensor "layer.7"`)
}

func TestOpenRefusesPipesAndDevices(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no /dev/zero")
	}
	_, err := Open(t.Context(), "/dev/zero")
	assert.ErrorIs(t, err, ErrUnsupported)
	dir := t.TempDir()
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(dir, "model.safetensors")))
	_, err = Open(t.Context(), dir)
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.ErrorContains(t, err, "not a regular file")
}

// TestHubCache builds what huggingface_hub keeps: a snapshot of relative links
// to blobs that are named by their hash.
func TestHubCache(t *testing.T) {
	root := filepath.Join(t.TempDir(), "models--org--name")
	blobs, snapshot := filepath.Join(root, "blobs"), filepath.Join(root, "snapshots", "0123abcd")
	require.NoError(t, os.MkdirAll(snapshot, 0o755))
	link := func(blob, name string) {
		t.Helper()
		if err := os.Symlink(filepath.Join("..", "..", "blobs", blob), filepath.Join(snapshot, name)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	writeShard(t, blobs, "a1", f32("model.layers.0.mlp.up_proj.weight", 2, 3))
	writeShard(t, blobs, "b2", f32("lm_head.weight", 4, 3))
	writeFile(t, blobs, "c3", indexText("model.layers.0.mlp.up_proj.weight", "model-00001-of-00002.safetensors",
		"lm_head.weight", "model-00002-of-00002.safetensors"))
	writeFile(t, blobs, "d4", `{"model_type":"llama"}`)
	link("a1", "model-00001-of-00002.safetensors")
	link("b2", "model-00002-of-00002.safetensors")
	link("c3", "model.safetensors.index.json")
	link("d4", "config.json")

	m := open(t, snapshot)
	assert.Equal(t, []string{"lm_head.weight", "model.layers.0.mlp.up_proj.weight"}, tensorNames(m))
	assert.Equal(t, "llama", m.Config().ModelType)
	w, err := m.Load(t.Context(), find(t, m, "lm_head.weight"), nil)
	require.NoError(t, err)
	assert.Equal(t, 12.0, w.At(3, 2))
	assert.Equal(t, "model-00002-of-00002.safetensors", m.Files()[1].Name)

	// A blob that was deleted, or never arrived.
	require.NoError(t, os.Remove(filepath.Join(blobs, "b2")))
	_, err = Open(t.Context(), snapshot)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, `tensor "lm_head.weight"`)
	assert.ErrorContains(t, err, "model-00002-of-00002.safetensors")
}

func TestTensorOrderAndShapes(t *testing.T) {
	dir := t.TempDir()
	u8 := func(name, dtype string, n int, shape ...int64) safetensors.Data {
		return safetensors.Data{Name: name, DType: dtype, Shape: shape, Bytes: make([]byte, n)}
	}
	writeShard(t, dir, "model.safetensors",
		f32("layers.10.w", 1, 1), f32("layers.2.w", 2, 3), f32("layers.1.w", 1, 1),
		u8("t.0", "F32", 4), u8("t.1", "F32", 12, 3), u8("t.2", "F32", 0, 0, 3), u8("t.3", "F32", 24, 1, 2, 3),
		u8("t.4", "I64", 16, 2, 1), u8("t.5", "F8_E4M3", 2, 2, 1), u8("t.6", "F9", 3, 2, 1), u8("t.7", "BOOL", 2, 2, 1),
	)
	m := open(t, dir)
	type row struct {
		name       string
		params     int64
		rows, cols int
		ok         bool
		skip       string
	}
	var got []row
	for _, x := range m.Tensors() {
		r, c, ok := x.Dims()
		got = append(got, row{x.Name, x.Params(), r, c, ok, x.Skip})
	}
	assert.Equal(t, []row{
		{"layers.1.w", 1, 1, 1, true, ""},
		{"layers.2.w", 6, 2, 3, true, ""},
		{"layers.10.w", 1, 1, 1, true, ""},
		{"t.0", 1, 0, 0, false, "a scalar has no spectrum"},
		{"t.1", 3, 1, 3, true, ""},
		{"t.2", 0, 0, 3, true, "empty: a placeholder without values"},
		{"t.3", 6, 2, 3, true, ""},
		{"t.4", 2, 2, 1, true, "I64 is not a supported type"},
		{"t.5", 2, 2, 1, true, ""},
		{"t.6", 2, 2, 1, true, `unknown type "F9"`},
		{"t.7", 2, 2, 1, true, "BOOL is not a supported type"},
	}, got)
	for _, x := range m.Tensors() {
		_, err := m.Load(t.Context(), x, nil)
		if x.Skip == "" {
			assert.NoError(t, err, x.Name)
			continue
		}
		assert.ErrorIs(t, err, ErrUnsupported)
		assert.ErrorContains(t, err, `model.safetensors: tensor "`+x.Name+`"`)
		assert.ErrorContains(t, err, x.Skip)
	}
}

// TestHugeDimension has a dimension that 32-bit machines cannot count.
func TestHugeDimension(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors",
		safetensors.Data{Name: "x", DType: "F32", Shape: []int64{0, 1 << 40}}, f32("y", 1, 1))
	m := open(t, dir)
	x := find(t, m, "x")
	assert.Zero(t, x.Params())
	_, err := m.Load(t.Context(), x, nil)
	assert.ErrorIs(t, err, ErrUnsupported)
	assert.Equal(t, empty, x.Skip)
	_, err = m.Load(t.Context(), find(t, m, "y"), nil)
	assert.NoError(t, err)
}
