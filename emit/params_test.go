package emit_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// f32 is a tensor of zeros.
func f32(name string, shape ...int64) safetensors.Data {
	n := int64(4)
	for _, d := range shape {
		n *= d
	}
	return safetensors.Data{Name: name, DType: "F32", Shape: shape, Bytes: make([]byte, n)}
}

// opened writes a model of one file for each list of tensors, and opens it.
func opened(t *testing.T, o checkpoint.Opener, config, index string, files ...[]safetensors.Data) *checkpoint.Model {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o666))
	name := []string{"model.safetensors", "other.safetensors"}
	if index != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), []byte(index), 0o666))
		name[0] = "one.safetensors"
	}
	for i, tensors := range files {
		var b bytes.Buffer
		require.NoError(t, safetensors.Write(&b, tensors, nil))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name[i]), b.Bytes(), 0o666))
	}
	m, err := o.Open(context.Background(), dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func TestParams(t *testing.T) {
	for name, c := range map[string]struct {
		split         bool
		config, index string
		files         [][]safetensors.Data
		want          []emit.Param
	}{
		"tied head": {
			config: `{"tie_word_embeddings": true}`,
			files:  [][]safetensors.Data{{f32("model.embed_tokens.weight", 5, 2), f32("lm_head.weight", 5, 2), f32("model.norm.weight", 2)}},
			want:   []emit.Param{{Name: "model.embed_tokens.weight", Rows: 5, Params: 10, Bytes: 40}, {Name: "model.norm.weight", Rows: 2, Params: 2, Bytes: 8}},
		},
		"head of its own": {
			config: `{}`,
			files:  [][]safetensors.Data{{f32("model.embed_tokens.weight", 5, 2), f32("lm_head.weight", 5, 2)}},
			want:   []emit.Param{{Name: "lm_head.weight", Rows: 5, Params: 10, Bytes: 40}, {Name: "model.embed_tokens.weight", Rows: 5, Params: 10, Bytes: 40}},
		},
		"fused experts": {
			config: `{}`,
			files:  [][]safetensors.Data{{f32("m.0.mlp.experts.down_proj", 3, 4, 2), f32("m.1.mlp.experts.down_proj", 1, 4, 2)}},
			want:   []emit.Param{{Name: "m.0.mlp.experts.down_proj", Rows: 3, Params: 24, Bytes: 96}, {Name: "m.1.mlp.experts.down_proj", Rows: 1, Params: 8, Bytes: 32}},
		},
		"fused experts of Granite": {
			config: `{}`,
			files:  [][]safetensors.Data{{f32("model.layers.0.block_sparse_moe.input_linear.weight", 3, 4, 2)}},
			want:   []emit.Param{{Name: "model.layers.0.block_sparse_moe.input_linear.weight", Rows: 3, Params: 24, Bytes: 96}},
		},
		"single experts": {
			config: `{}`,
			files:  [][]safetensors.Data{{f32("m.0.mlp.experts.0.up_proj.weight", 4, 2), f32("m.0.mlp.experts.1.up_proj.weight", 4, 2)}},
			want:   []emit.Param{{Name: "m.0.mlp.experts.0.up_proj.weight", Rows: 4, Params: 8, Bytes: 32}, {Name: "m.0.mlp.experts.1.up_proj.weight", Rows: 4, Params: 8, Bytes: 32}},
		},
		"a split projection": {
			split:  true,
			config: `{"model_type": "phi3", "hidden_size": 4, "num_attention_heads": 2, "num_key_value_heads": 1}`,
			files:  [][]safetensors.Data{{f32("model.layers.0.self_attn.qkv_proj.weight", 8, 4)}},
			want:   []emit.Param{{Name: "model.layers.0.self_attn.qkv_proj.weight", Params: 32, Bytes: 128}},
		},
		"a copy in another file": {
			config: `{}`,
			index:  `{"weight_map": {"a.weight": "one.safetensors", "m.experts.up": "one.safetensors", "b.weight": "other.safetensors"}}`,
			files: [][]safetensors.Data{
				{f32("a.weight", 3), f32("m.experts.up", 2, 3, 2)},
				{f32("a.weight", 3), f32("b.weight", 2), f32("m.experts.up", 2, 3, 2)},
			},
			want: []emit.Param{{Name: "a.weight", Rows: 3, Params: 3, Bytes: 12}, {Name: "b.weight", Rows: 2, Params: 2, Bytes: 8}, {Name: "m.experts.up", Rows: 2, Params: 12, Bytes: 48}},
		},
	} {
		m := opened(t, checkpoint.Opener{Split: c.split}, c.config, c.index, c.files...)
		if c.split {
			assert.Len(t, m.Tensors(), 3, name)
		}
		got := emit.Params(m, nil)
		for i := range got {
			assert.Positive(t, got[i].Dims, got[i].Name)
			got[i].Dims = 0
		}
		assert.Equal(t, c.want, got, name)
	}
}

// A GGUF's own spelling of fused experts is no parameter's name.
func TestParamsGGUF(t *testing.T) {
	m, err := checkpoint.Open(context.Background(), "../testdata/formats/gguf-Q8_0.gguf")
	require.NoError(t, err)
	defer m.Close()
	params := emit.Params(m, nil)
	require.NotEmpty(t, params)
	for _, p := range params {
		assert.NotContains(t, p.Name, "blk.")
	}
}

// Without a model there is nothing to train, which is not the same as no model to verify on.
func TestParamsOfNothing(t *testing.T) {
	assert.NotNil(t, emit.Params(nil, nil))
	assert.Empty(t, emit.Params(nil, nil))
}
