package names

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

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

func TestIsTokenEmbedding(t *testing.T) {
	for name, want := range map[string]bool{
		"model.embed_tokens.weight": true, "embed_tokens.weight": true, "transformer.wte.weight": true, "shared.weight": true,
		"gpt_neox.embed_in.weight": true, "transformer.word_embeddings.weight": true,
		"model.embed_tokens": false, "transformer.wpe.weight": false, "visual.patch_embed.weight": false, "my_shared.weight": false,
		"embed_tokens.0.weight": false, "": false,
	} {
		assert.Equal(t, want, IsTokenEmbedding(name), name)
	}
}

func TestIsQueryOrKey(t *testing.T) {
	for name, want := range map[string]bool{
		"model.layers.0.self_attn.q_proj.weight": true, "model.layers.0.self_attn.k_proj.bias": true, "h.0.attn.Wqkv": true,
		"model.layers.0.self_attn.v_proj.weight": false, "model.layers.0.self_attn.q_norm.weight": false, "": false,
	} {
		assert.Equal(t, want, IsQueryOrKey(name), name)
	}
}
