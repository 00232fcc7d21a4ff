package names

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBlock(t *testing.T) {
	for name, want := range map[string][2]string{
		"model.layers.3.mlp.experts.7.up_proj": {"model.layers.3", "mlp.experts.7.up_proj"},
		"lm_head":                              {"", "lm_head"},
		"classifier.2":                         {"classifier.2", ""},
		"7.q":                                  {"7", "q"},
		"":                                     {"", ""},
	} {
		block, rest := Block(name)
		assert.Equal(t, want, [2]string{block, rest}, name)
		assert.Equal(t, want[1], ReferenceType(name))
	}
}

func TestKindOf(t *testing.T) {
	for name, want := range map[string]Kind{
		"lm_head.weight": Head, "embed_out": Head, "output.weight": Head,
		"bert.encoder.layer.0.output.dense.weight": Matrix,
		"model.embed_tokens.weight":                Embedding, "transformer.wte": Embedding, "shared.weight": Embedding,
		"visual.patch_embed.weight": Embedding,
		"model.norm.weight":         Norm, "transformer.h.0.ln_1.bias": Norm, "model.layers.0.self_attn.q_norm.weight": Norm,
		"model.layers.0.self_attn.q_proj.weight": Matrix,
	} {
		assert.Equal(t, want, KindOf(name), name)
	}
}

func TestReferenceType(t *testing.T) {
	for name, want := range map[string]string{
		"model.layers.3.mlp.experts.7.up_proj": "mlp.experts.7.up_proj",
		"model.layers.11.self_attn.q_proj":     "self_attn.q_proj",
		"lm_head":                              "lm_head",
		"model.embed_tokens":                   "model.embed_tokens",
		"features.0":                           "",
		"model.layer1.x":                       "model.layer1.x",
		"a..b":                                 "a..b",
		"h.٣.c":                                "c",
	} {
		assert.Equal(t, want, ReferenceType(name), name)
	}
}
