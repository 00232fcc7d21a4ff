package names

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAdapterPart(t *testing.T) {
	for name, want := range map[string]struct {
		module, adapter string
		role            Role
	}{
		"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight":         {"model.layers.0.self_attn.q_proj", "", FactorA},
		"base_model.model.model.layers.0.self_attn.q_proj.lora_B.default.weight": {"model.layers.0.self_attn.q_proj", "default", FactorB},
		"base_model.model.model.embed_tokens.lora_embedding_B":                   {"model.embed_tokens", "", FactorB},
		"base_model.model.model.layers.0.q_proj.lora_magnitude_vector":           {"model.layers.0.q_proj", "", OtherPart},
		"base_model.model.model.layers.0.q_proj.lora_B.bias":                     {"model.layers.0.q_proj", "", OtherPart},
		"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight":              {"lora_unet_mid_block_attentions_0_proj_in", "", FactorA},
		"lora_unet_mid_block_attentions_0_proj_in.alpha":                         {"lora_unet_mid_block_attentions_0_proj_in", "", Alpha},
		"lora_unet_x.hada_w1_a":         {"lora_unet_x", "", OtherPart},
		"unet.up.to_q_lora.down.weight": {"unet.up.to_q_lora.down.weight", "", OtherPart},
		"model.norm.weight":             {"", "", NoRole},
		"alpha":                         {"", "", NoRole},
	} {
		module, adapter, role := AdapterPart(name)
		assert.Equal(t, want.module, module, name)
		assert.Equal(t, want.adapter, adapter, name)
		assert.Equal(t, want.role, role, name)
	}
}

func TestKohyaNames(t *testing.T) {
	rest, ok := FromKohya("lora_unet_down_blocks_0_proj_in")
	assert.True(t, ok)
	assert.Equal(t, KohyaModule("down_blocks.0.proj_in.weight"), rest)
	_, ok = FromKohya("model.layers.0")
	assert.False(t, ok)
	assert.True(t, IsTransposedFactor("model.embed_tokens.lora_embedding_A"))
	assert.False(t, IsTransposedFactor("model.q_proj.lora_A.weight"))
}
