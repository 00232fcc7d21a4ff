package checkpoint

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfig(t *testing.T) {
	for text, want := range map[string]Config{
		`{}`: {},
		`{"model_type":"llama","architectures":["A","B"],"tie_word_embeddings":true}`:            {ModelType: "llama", Architectures: []string{"A", "B"}, TieWordEmbeddings: true},
		`{"model_type":null,"architectures":null,"tie_word_embeddings":null,"text_config":null}`: {},
		`{"time_step_limit":[0.0,Infinity],"x":NaN,"tie_word_embeddings":true}`:                  {TieWordEmbeddings: true},
		`{"text_config":{"a":[],"tie_word_embeddings":true,"b":{}},"model_type":"m"}`:            {ModelType: "m", TieWordEmbeddings: true},
		`{"text_config":{"tie_word_embeddings":false},"tie_word_embeddings":true}`:               {},
		`{"tie_word_embeddings":false,"text_config":{"tie_word_embeddings":true}}`:               {TieWordEmbeddings: true},
		`{"tie_word_embeddings":true,"text_config":{"tie_word_embeddings":null,"x":1}}`:          {TieWordEmbeddings: true},
		`{"tie_word_embeddings":true,"text_config":"a name"}`:                                    {TieWordEmbeddings: true},
		`{"vision_config":{"tie_word_embeddings":true,"model_type":"v"}}`:                        {},
	} {
		got, err := parseConfig([]byte(text))
		assert.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

func TestConfigFile(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", f32("a", 1, 1))
	assert.Equal(t, Config{}, open(t, dir).Config(), "absent")

	writeFile(t, dir, "config.json", "{}\n")
	assert.Equal(t, Config{SHA256: "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"}, open(t, dir).Config())

	for text, want := range map[string]string{
		"":                          "end of the data",
		"{} {}":                     "after the end",
		`{"model_type":7}`:          "model_type: ",
		`{"architectures":"A"}`:     "architectures: ",
		`{"architectures":[1]}`:     "architectures: ",
		`{"tie_word_embeddings":1}`: "tie_word_embeddings: ",
		`{"text_config":{"tie_word_embeddings":"yes"}}`: "text_config: ",
		`{"model_type":"a","model_type":"b"}`:           "duplicate key",
		"{\"model_type\":\"\xff\"}":                     "UTF-8",
	} {
		path := writeFile(t, dir, "config.json", text)
		for _, name := range []string{dir, filepath.Join(dir, "model.safetensors")} {
			_, err := Open(t.Context(), name)
			assert.ErrorIs(t, err, ErrFormat, text)
			assert.ErrorContains(t, err, path)
			assert.ErrorContains(t, err, want)
		}
	}
}

func TestConfigUnreadable(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", f32("a", 1, 1))
	path := filepath.Join(dir, "config.json")
	require.NoError(t, os.Mkdir(path, 0o755))
	_, err := Open(t.Context(), dir)
	assert.ErrorIs(t, err, ErrUnsupported)
	require.NoError(t, os.Remove(path))

	if runtime.GOOS != "windows" { // where making a sparse file takes more than this
		writeFile(t, dir, "config.json", "{}")
		require.NoError(t, os.Truncate(path, maxText+1))
		_, err = Open(t.Context(), dir)
		assert.ErrorIs(t, err, ErrFormat)
		assert.ErrorContains(t, err, "the limit is")
	}
}
