package names

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPartsOfAdapters(t *testing.T) {
	for _, name := range []string{
		"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
		"base_model.model.model.layers.0.self_attn.q_proj.lora_B.default.weight",
		"base_model.model.model.embed_tokens.lora_embedding_A",
		"base_model.model.model.layers.0.mlp.up_proj.lora_magnitude_vector.weight",
		"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight",
		"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight",
		"lora_unet_mid_block.hada_w1_a", "lora_unet_mid_block.lokr_w2", "lora_unet_mid_block.dora_scale",
		"unet.down_blocks.0.attn1.processor.to_q_lora.down.weight",
		"unet.down_blocks.0.attn1.to_q.lora_linear_layer.up.weight",
		"double_blocks.0.processor.proj_lora1.down.weight",
		"model.layers.0.self_attn.qkv_proj.lora_A.speech.weight", // Phi-4-multimodal ships its adapters
		"prompt_embeddings", "base_model.model.model.layers.0.mlp.down_proj.ia3_l",
	} {
		assert.True(t, IsAdapterPart(name), name)
	}
	for _, name := range []string{
		"model.layers.0.self_attn.q_proj.weight",
		"model.layers.0.self_attn.q_proj.base_layer.weight",
		"base_model.model.lm_head.weight",
		"model.layers.0.attn.w_lora.lora.0.weight", // RWKV-7, whose own layers these are
		"model.layers.0.self_attn.q_a_proj.weight", "upsample.up.weight", "model.explorator.down.weight",
	} {
		assert.False(t, IsAdapterPart(name), name)
	}
}
