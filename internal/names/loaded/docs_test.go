package loaded

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/test/document"
)

// types lists every type of model that the table knows.
func types() (all []string) {
	for _, r := range table() {
		all = append(all, r.types...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// The list of docs/names.md is that of the table. SPECTRUM_WRITE_DOCS=1 writes it.
func TestDocumentation(t *testing.T) {
	document.Section(t, "../../../docs/names.md", "<!-- known types -->\n", "<!-- end -->", "`"+strings.Join(types(), "`, `")+"`\n")
}

// Every rule has a source and applies to something.
func TestTable(t *testing.T) {
	for i, r := range append(table(), always()...) {
		assert.NotEmpty(t, r.source, i)
		assert.True(t, len(r.types) > 0 || r.do == absent, i)
		switch r.do {
		case prefix, replace:
			assert.True(t, r.from != "" && r.to != "" && r.from != r.to, i)
		case addBase, fuse:
			assert.True(t, len(r.parts) > 0 && r.to != "", i)
		case absent:
			assert.True(t, r.from != "" && strings.HasPrefix(r.reason, "in no module"), i)
		}
	}
}

// A name of the loaded model stays what it is, whatever the family and the era.
func TestParametersAreTheirOwn(t *testing.T) {
	stored := []string{
		"model.layers.0.self_attn.q_proj.weight", "model.layers.3.mlp.experts.7.gate_proj.weight", "model.layers.3.mlp.experts.7.down_proj.weight",
		"model.layers.3.block_sparse_moe.experts.7.w1.weight", "model.layers.3.block_sparse_moe.gate.weight", "language_model.model.layers.0.mlp.up_proj.weight",
		"language_model.lm_head.weight", "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight", "visual.blocks.0.mlp.fc1.weight", "h.0.attn.c_attn.weight",
		"layers.0.mlp.up_proj.weight", "backbone.layers.0.mixer.experts.1.up_proj.weight", "embeddings.word_embeddings.weight", "lm_head.weight",
		"", ".", "..", "model", "model.", strings.Repeat("model.", 1000), "model.layers.99999999999999999999.x", "experts.", ".experts.0.",
	}
	for _, typ := range types() {
		for _, e := range eras() {
			m := New(Model{Type: typ, TextType: "mixtral", Blocks: 4}, e)
			require.NotNil(t, m, typ)
			for _, name := range stored {
				once, reason := m.Parameter(name)
				if reason != "" {
					assert.Empty(t, once)
					continue
				}
				twice, reason := m.Parameter(once)
				assert.Equal(t, once, twice, "%s, %v: %s", typ, e, name)
				assert.Empty(t, reason)
			}
		}
	}
}

func TestEras(t *testing.T) {
	for text, want := range map[string]Era{
		"": Transformers5, "5": Transformers5, "5.14.1": Transformers5, "v6": Transformers5, "4": Transformers4, "4.52": Transformers4, "4.57.1": Transformers4,
		"4.51.3": Transformers451, "4.0": Transformers451, "3.1": Transformers451,
	} {
		got, err := ParseEra(text)
		require.NoError(t, err)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"x", "1.0", "4.x", "-5", "0"} {
		_, err := ParseEra(text)
		assert.Error(t, err, text)
	}
	for _, e := range eras() {
		got, err := ParseEra(e.String())
		require.NoError(t, err)
		assert.Equal(t, e, got)
	}
}

// What families become in each era, by a name that shows it.
func TestMap(t *testing.T) {
	for _, c := range []struct {
		model          Model
		name           string
		in5, in4, in51 string // "" is in no module
	}{
		{Model{Type: "mixtral"}, "model.layers.1.block_sparse_moe.experts.2.w3.weight", "model.layers.1.mlp.experts.gate_up_proj",
			"model.layers.1.block_sparse_moe.experts.2.w3.weight", "model.layers.1.block_sparse_moe.experts.2.w3.weight"},
		{Model{Type: "phimoe"}, "model.layers.1.block_sparse_moe.gate.weight", "model.layers.1.mlp.router.weight",
			"model.layers.1.block_sparse_moe.gate.weight", "model.layers.1.block_sparse_moe.gate.weight"},
		{Model{Type: "deepseek_v3", Blocks: 61}, "model.layers.61.self_attn.o_proj.weight", "", "", ""},
		{Model{Type: "deepseek_v3", Blocks: 61}, "model.layers.60.mlp.shared_experts.up_proj.weight", "model.layers.60.mlp.shared_experts.up_proj.weight",
			"model.layers.60.mlp.shared_experts.up_proj.weight", "model.layers.60.mlp.shared_experts.up_proj.weight"},
		{Model{Type: "qwen2_5_vl"}, "model.layers.0.mlp.up_proj.weight", "model.language_model.layers.0.mlp.up_proj.weight",
			"model.language_model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"},
		{Model{Type: "qwen2_5_vl"}, "visual.blocks.0.attn.qkv.weight", "model.visual.blocks.0.attn.qkv.weight", "model.visual.blocks.0.attn.qkv.weight",
			"visual.blocks.0.attn.qkv.weight"},
		{Model{Type: "gemma3", TextType: "gemma3_text"}, "language_model.model.norm.weight", "model.language_model.norm.weight", "model.language_model.norm.weight",
			"language_model.model.norm.weight"},
		{Model{Type: "mistral3", TextType: "mixtral"}, "language_model.model.layers.0.block_sparse_moe.experts.0.w2.weight", "model.language_model.layers.0.mlp.experts.down_proj",
			"model.language_model.layers.0.block_sparse_moe.experts.0.w2.weight", "language_model.model.layers.0.block_sparse_moe.experts.0.w2.weight"},
		{Model{Type: "llava", TextType: "llama"}, "language_model.lm_head.weight", "lm_head.weight", "lm_head.weight", "language_model.lm_head.weight"},
		{Model{Type: "gpt2"}, "h.0.attn.bias", "", "", ""},
		{Model{Type: "gpt2", Architecture: "GPT2LMHeadModel"}, "wte.weight", "transformer.wte.weight", "transformer.wte.weight", "transformer.wte.weight"},
		{Model{Type: "bert", Architecture: "BertModel"}, "encoder.layer.0.output.dense.weight", "encoder.layer.0.output.dense.weight", "encoder.layer.0.output.dense.weight",
			"encoder.layer.0.output.dense.weight"},
		{Model{Type: "bert", Architecture: "BertForMaskedLM"}, "encoder.layer.0.output.dense.weight", "bert.encoder.layer.0.output.dense.weight",
			"bert.encoder.layer.0.output.dense.weight", "bert.encoder.layer.0.output.dense.weight"},
		{Model{Type: "qwen3_next"}, "mtp.layers.0.mlp.up_proj.weight", "", "", ""},
		{Model{Type: "llama"}, "model.layers.0.self_attn.rotary_emb.inv_freq", "", "", ""},
		{Model{Type: "llama4", TextType: "llama4_text"}, "language_model.model.layers.0.feed_forward.experts.gate_up_proj",
			"language_model.model.layers.0.feed_forward.experts.gate_up_proj", "language_model.model.layers.0.feed_forward.experts.gate_up_proj",
			"language_model.model.layers.0.feed_forward.experts.gate_up_proj"},
	} {
		for e, want := range map[Era]string{Transformers5: c.in5, Transformers4: c.in4, Transformers451: c.in51} {
			m := New(c.model, e)
			require.NotNil(t, m, c.model.Type)
			got, reason := m.Parameter(c.name)
			assert.Equal(t, want, got, "%s, %v: %s", c.model.Type, e, c.name)
			assert.Equal(t, want == "", reason != "", c.name)
		}
	}
	assert.Nil(t, New(Model{Type: "not known", TextType: "llama"}, Transformers5))
	assert.Nil(t, New(Model{}, Transformers5))
	got, reason := (*Map)(nil).Parameter("x.y")
	assert.Equal(t, []string{"x.y", ""}, []string{got, reason})
}
