package checkpoint

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
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
		got, said := parseConfig([]byte(text))
		assert.Empty(t, said, text)
		assert.Equal(t, want, got, text)
	}
}

// TestConfigsThatPeopleHave is read as Python reads them, or, where even that fails,
// so that only what needs the file fails.
func TestConfigsThatPeopleHave(t *testing.T) {
	llama := Config{ModelType: "llama"}
	blocks := Config{Quantization: "fp8", quantized: true, blocks: [][2]int64{{128, 128}}}
	unread := Config{unread: true, noBlocks: "config.json cannot be read"}
	const begin = "config.json is not read ("
	for _, c := range []struct {
		name, text string
		want       Config
		note       string
	}{
		{"byte order mark", "\ufeff{\"model_type\":\"llama\"}", llama, "config.json begins with a byte order mark"},
		{"Latin-1", "{\"model_type\":\"llama\",\"n\":\"caf\xe9\"}", llama, "config.json is not UTF-8; what is not is read as '\ufffd'"},
		{"key twice", `{"model_type":"a","model_type":"llama"}`, llama, `config.json: "model_type" is there twice; the last one counts`},
		{"object twice", `{"quantization_config":{"quant_method":"a","weight_block_size":[1,2]},"quantization_config":{"quant_method":"fp8"}}`,
			Config{Quantization: "fp8", quantized: true}, `config.json: "quantization_config" is there twice; the last one counts`},
		{"text_config twice", `{"text_config":{"hidden_size":8,"head_dim":2},"text_config":{"hidden_size":4}}`,
			Config{sizes: sizes{hidden: 4}}, `config.json: "text_config" is there twice; the last one counts`},
		{"text for a list", `{"architectures":"A"}`, Config{Architectures: []string{"A"}}, "config.json: architectures is \"A\", read as [A]"},
		{"numbers for texts", `{"architectures":[1]}`, Config{}, "config.json: architectures is [1], not a list of texts; it is not used"},
		{"list for a text", `{"model_type":["llama"],"hidden_size":8,"num_attention_heads":2}`, Config{},
			`config.json: model_type is ["llama"], not text; it is not used`},
		{"0 for false", `{"tie_word_embeddings":0}`, Config{}, "config.json: tie_word_embeddings is 0, read as false"},
		{"1 for true", `{"text_config":{"tie_word_embeddings":1}}`, Config{TieWordEmbeddings: true}, "config.json: tie_word_embeddings is 1, read as true"},
		{"word for false", `{"tie_word_embeddings":"false"}`, Config{}, `config.json: tie_word_embeddings is "false", read as false`},
		{"word for true", `{"tie_word_embeddings":"True"}`, Config{TieWordEmbeddings: true}, `config.json: tie_word_embeddings is "True", read as true`},
		{"no flag", `{"tie_word_embeddings":{}}`, Config{}, "config.json: tie_word_embeddings is {}, not true or false; it is not used"},
		{"128.0 for 128", `{"quantization_config":{"quant_method":"fp8","weight_block_size":[128.0,128]}}`, blocks,
			"config.json: weight_block_size is [128.0,128], read as [128 128]"},
		{"no blocks", `{"quantization_config":{"quant_method":"fp8","weight_block_size":[0,128]}}`,
			Config{Quantization: "fp8", quantized: true, noBlocks: "weight_block_size in config.json is [0,128]"},
			"config.json: weight_block_size is [0,128], not two sizes; it is not used"},
		{"no object", `{"quantization_config":["fp8"]}`, Config{noBlocks: "quantization_config in config.json is no object"},
			`config.json: quantization_config is ["fp8"], not an object; it is not used`},
		{"text for a size", `{"num_attention_heads":"32"}`, Config{sizes: sizes{heads: 32, keyHeads: 32}}, `config.json: num_attention_heads is "32", read as 32`},
		{"no size", `{"hidden_size":1e400}`, Config{}, "config.json: hidden_size is 1e400, not a size; it is not used"},
		{"negative size", `{"hidden_size":-1}`, Config{}, "config.json: hidden_size is -1, not a size; it is not used"},
		{"control sequence", "{\"model_type\":{\"a\":\"\u009b31m\"}}", Config{}, "config.json: model_type is {\"a\":\"\ufffd31m\"}, not text; it is not used"},

		{"comment", `{"model_type":"llama" // why` + "\n}", unread, begin + "byte 22: unexpected '/'"},
		{"comma behind the last", `{"model_type":"llama",}`, unread, begin + "byte 22: unexpected '}'"},
		{"two values", "{} {}", unread, begin + "byte 3: data after the end"},
		{"a list", "[1]", unread, begin + "byte 0: unexpected '['"},
		{"nothing", "", unread, begin + "an empty file"},
		{"pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 660\n", unread, begin + "a Git LFS pointer to a file of 660 bytes"},
		{"page", "<!DOCTYPE html><html></html>", unread, begin + "an HTML page"},
	} {
		got, said := parseConfig([]byte(c.text))
		assert.Equal(t, c.want, got, c.name)
		if assert.Len(t, said, 1, c.name) {
			assert.Contains(t, said[0], c.note, c.name)
		}
	}
	for _, usual := range []string{
		`{"num_key_value_heads":[4,4],"hidden_size":null,"quantization_config":null,"head_dim":64.0}`,
		`{"quantization_config":{"quant_method":null,"weight_block_size":null,"modules_to_not_convert":null}}`,
	} {
		_, said := parseConfig([]byte(usual))
		assert.Empty(t, said, usual)
	}
	many := "{" + strings.Repeat(`"a":0,`, 1000) + `"model_type":"llama"}`
	got, said := parseConfig([]byte(many))
	assert.Equal(t, llama, got)
	assert.Len(t, said, maxNotes+1)
	assert.Equal(t, "and more of the kind", said[maxNotes])
}

// TestOnlyWhatNeedsTheConfigFails has an 8-bit weight with one scale and another with
// blocks of them.
func TestOnlyWhatNeedsTheConfigFails(t *testing.T) {
	dir := t.TempDir()
	writeFP8(t, dir)
	for text, want := range map[string]string{
		`{"quantization_config":{"quant_method":"fp8","weight_block_size":[2,2.0]}}`: "",
		`{"quantization_config":{"quant_method":"fp8","weight_block_size":"2x2"}}`:   `not known: weight_block_size in config.json is "2x2"`,
		`{"quantization_config":`: "not known: config.json cannot be read",
	} {
		writeFile(t, dir, "config.json", text)
		m := open(t, dir)
		assert.Len(t, m.Notes(), 2, text)
		assert.Empty(t, find(t, m, "one.weight").Skip, text)
		if got := find(t, m, "blocks.weight").Skip; want == "" {
			assert.Empty(t, got)
		} else {
			assert.Contains(t, got, want)
		}
	}
}

// writeFP8 writes 8-bit weights with a scale for all and with scales for blocks of 2×2.
func writeFP8(t *testing.T, dir string) {
	writeShard(t, dir, "model.safetensors",
		safetensors.Data{Name: "one.weight", DType: "F8_E4M3", Shape: []int64{2, 4}, Bytes: make([]byte, 8)},
		tensor("one.weight_scale", "F32", []int64{1}, []float32{2}),
		safetensors.Data{Name: "blocks.weight", DType: "F8_E4M3", Shape: []int64{4, 4}, Bytes: make([]byte, 16)},
		tensor("blocks.weight_scale_inv", "F32", []int64{2, 2}, []float32{1, 2, 3, 4}))
}

func TestConfigFile(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", f32("a", 1, 1))
	assert.Equal(t, Config{}, open(t, dir).Config(), "absent")

	writeFile(t, dir, "config.json", "{}\n")
	assert.Equal(t, Config{SHA256: "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356"}, open(t, dir).Config())
	assert.Equal(t, []string{"reads model.safetensors"}, open(t, dir).Notes())

	writeFile(t, dir, "config.json", `{"architectures":"A",}`)
	for _, name := range []string{dir, filepath.Join(dir, "model.safetensors")} {
		m := open(t, name)
		assert.Len(t, m.Config().SHA256, 64)
		assert.Empty(t, m.Config().Architectures, "nothing of a file that is not JSON is believed")
		assert.Contains(t, m.Notes()[len(m.Notes())-1], "config.json is not read (byte 21")
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
		m := open(t, dir)
		assert.Contains(t, m.Notes()[1], "the limit is")
	}
}
