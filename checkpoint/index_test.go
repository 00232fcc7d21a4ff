package checkpoint

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sharded writes two shards and an index with the given text.
func sharded(t testing.TB, text string) (dir string) {
	dir = t.TempDir()
	writeShard(t, dir, "s10.safetensors", f32("a", 1, 2), f32("both", 1, 2))
	writeShard(t, dir, "sub/s2.safetensors", f32("b", 1, 3), f32("both", 1, 3), f32("extra", 1, 1))
	writeFile(t, dir, indexName, text)
	return dir
}

func TestIndex(t *testing.T) {
	dir := sharded(t, indexText("a", "./s10.safetensors", "b", "sub/../sub/s2.safetensors", "both", "sub/s2.safetensors"))
	for _, path := range []string{dir, filepath.Join(dir, indexName)} {
		m := open(t, path)
		var got []string
		for _, x := range m.Tensors() {
			got = append(got, x.Name+" "+x.File+" "+x.Skip)
		}
		assert.Equal(t, []string{
			"a s10.safetensors ",
			"b sub/s2.safetensors ",
			"both s10.safetensors the index takes this tensor from sub/s2.safetensors",
			"both sub/s2.safetensors ",
			"extra sub/s2.safetensors not listed in the index",
		}, got)
		files := m.Files()
		require.Len(t, files, 2)
		assert.Equal(t, "s10.safetensors", files[0].Name)
		assert.Equal(t, "sub/s2.safetensors", files[1].Name)

		// The two of one name are not confused.
		w, err := m.Load(t.Context(), m.Tensors()[3], nil)
		require.NoError(t, err)
		_, cols := w.Dims()
		assert.Equal(t, 3, cols)
		_, err = m.Load(t.Context(), m.Tensors()[2], nil)
		assert.ErrorIs(t, err, ErrUnsupported)
	}
}

// TestIndexesOfOtherSystems have a byte order mark, or the separators of Windows.
func TestIndexesOfOtherSystems(t *testing.T) {
	m := open(t, sharded(t, "\ufeff"+indexText("a", `.\s10.safetensors`, "b", `sub\s2.safetensors`)))
	assert.Equal(t, []string{"a", "b"}, tensorNames(m))
	assert.Equal(t, "sub/s2.safetensors", m.Files()[1].Name)
}

func TestIndexNamedByHand(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "x-00001-of-00002.safetensors", f32("a", 1, 2))
	path := writeFile(t, dir, "x.safetensors.index.json", indexText("a", "x-00001-of-00002.safetensors"))
	assert.Equal(t, []string{"a"}, tensorNames(open(t, path)))
}

func TestIndexRejects(t *testing.T) {
	for text, want := range map[string]string{
		``:                                 "end of the data",
		`[]`:                               "want an object",
		`{}`:                               "no weight_map",
		`{"weight_map":[]}`:                "want an object",
		`{"weight_map":null}`:              "want an object",
		`{"weight_map":{"a":1}}`:           `tensor "a": byte 19: unexpected '1'`,
		`{"weight_map":{"a":null}}`:        "want a string",
		`{"weight_map":{"a":["s"]}}`:       "want a string",
		`{"weight_map":{}} x`:              "after the end",
		`{"weight_map":{},"weight_map":{}`: "duplicate key",
		`{"weight_map":{"a":"s10.safetensors","a":"s10.safetensors"}}`: `duplicate key "a"`,
		`{"metadata":{"x":{"y":1,"y":1}},"weight_map":{}}`:             `duplicate key "y"`,
		`{"weight_map":{"` + "\xff" + `":"s10.safetensors"}}`:          "not valid UTF-8",
		`{"metadata":` + strings.Repeat("[", 5000):                     "deep",
		indexText("a", ""):                          "not a name inside",
		indexText("a", "."):                         "not a name inside",
		indexText("a", "sub/.."):                    "not a name inside",
		indexText("a", ".."):                        "not a name inside",
		indexText("a", "../s10.safetensors"):        `tensor "a": shard "../s10.safetensors" is not a name inside`,
		indexText("a", "sub/../../s10.safetensors"): "not a name inside",
		indexText("a", "/etc/passwd"):               "not a name inside",
		indexText("a", `..\s10.safetensors`):        "not a name inside",
		indexText("a", `sub\..\..\s10.safetensors`): "not a name inside",
		indexText("a", `C:s10.safetensors`):         "not a name inside",
		indexText("a", "s10.safetensors\x00"):       "not a name inside",
		indexText("b", "s10.safetensors"):           `tensor "b" is not in s10.safetensors`,
	} {
		_, err := Open(t.Context(), sharded(t, text))
		assert.ErrorIs(t, err, ErrFormat, text)
		assert.ErrorContains(t, err, want, text)
		assert.ErrorContains(t, err, indexName, text)
	}
}

func TestIndexShardErrors(t *testing.T) {
	_, err := Open(t.Context(), sharded(t, indexText("a", "s10.safetensors", "z", "absent.safetensors")))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, `tensor "z"`)
	assert.ErrorContains(t, err, "absent.safetensors")

	_, err = Open(t.Context(), sharded(t, indexText("a", "sub")))
	assert.ErrorIs(t, err, ErrUnsupported, "a directory is not a shard")

	dir := sharded(t, indexText("a", "s10.safetensors"))
	writeFile(t, dir, "s10.safetensors", "short")
	_, err = Open(t.Context(), dir)
	assert.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, "s10.safetensors: malformed file: 5 bytes")
}

func FuzzIndex(f *testing.F) {
	dir := sharded(f, "")
	for _, text := range []string{
		indexText("a", "s10.safetensors", "b", "sub/s2.safetensors"),
		indexText("both", "./s10.safetensors", "extra", "sub/s2.safetensors"),
		indexText("a", "../x", "b", `sub\s2.safetensors`), indexText("a", "sub"), indexText("z", "s10.safetensors"),
		`{"weight_map":{"a":"s10.safetensors","a":"sub/s2.safetensors"}}`, `{"weight_map":{}}`,
		`{"metadata":[[[[{"x":-1.5e+7}]]]],"weight_map":{"\u0061":"\u002e/s10.safetensors"}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m := new(Model)
		err := m.openShards(t.Context(), localDir(dir), indexName, text)
		defer m.Close()
		if err != nil {
			return
		}
		x, err := parseIndex(text)
		require.NoError(t, err)
		// What the index lists is readable where it says, and nothing else is.
		readable := 0
		for _, tensor := range m.Tensors() {
			file, _ := x.shard(tensor.Name)
			if _, err := m.Load(t.Context(), tensor, nil); err == nil {
				readable++
				require.Equal(t, tensor.File, file)
			} else {
				require.ErrorIs(t, err, ErrUnsupported)
				require.NotEqual(t, tensor.File, file)
			}
		}
		require.Len(t, x.tensors, readable)
		for _, file := range m.Files() {
			require.True(t, filepath.IsLocal(filepath.FromSlash(file.Name)), file.Name)
		}
	})
}
