package checkpoint

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// families lists, for each family of models, keys as its checkpoints on the Hub
// have them, of block 1 and expert 2 where there are any, with the type by role
// and, where it differs, that of the reference.
const families = `
# Llama, Mistral, Qwen2, Qwen3
model.embed_tokens.weight                                       model.embed_tokens
model.layers.1.self_attn.q_proj.weight                          self_attn.q_proj
model.layers.1.self_attn.k_proj.bias                            self_attn.k_proj.bias
model.layers.1.self_attn.q_norm.weight                          self_attn.q_norm
model.layers.1.mlp.gate_proj.weight                             mlp.gate_proj
model.layers.1.input_layernorm.weight                           input_layernorm
model.norm.weight                                               model.norm
lm_head.weight                                                  lm_head

# Mixtral
model.layers.1.block_sparse_moe.gate.weight                     block_sparse_moe.gate
model.layers.1.block_sparse_moe.experts.2.w1.weight             block_sparse_moe.experts.*.w1        block_sparse_moe.experts.2.w1

# Qwen2-MoE, Qwen3-MoE
model.layers.1.mlp.gate.weight                                  mlp.gate
model.layers.1.mlp.experts.2.gate_proj.weight                   mlp.experts.*.gate_proj              mlp.experts.2.gate_proj
model.layers.1.mlp.shared_expert.up_proj.weight                 mlp.shared_expert.up_proj
model.layers.1.mlp.shared_expert_gate.weight                    mlp.shared_expert_gate

# DeepSeek-V2, V3
model.layers.1.self_attn.q_a_proj.weight                        self_attn.q_a_proj
model.layers.1.self_attn.kv_a_proj_with_mqa.weight              self_attn.kv_a_proj_with_mqa
model.layers.1.self_attn.kv_b_proj.weight                       self_attn.kv_b_proj
model.layers.1.self_attn.kv_b_proj.weight_scale_inv             self_attn.kv_b_proj.weight_scale_inv
model.layers.1.mlp.experts.2.down_proj.weight                   mlp.experts.*.down_proj              mlp.experts.2.down_proj
model.layers.1.mlp.shared_experts.down_proj.weight              mlp.shared_experts.down_proj
model.layers.1.mlp.gate.e_score_correction_bias                 mlp.gate.e_score_correction_bias
model.layers.61.shared_head.head.weight                         shared_head.head

# gpt-oss, its stacks taken apart
model.layers.1.mlp.experts.2.gate_up_proj                       mlp.experts.*.gate_up_proj           mlp.experts.2.gate_up_proj
model.layers.1.mlp.experts.gate_up_proj_bias                    mlp.experts.gate_up_proj_bias
model.layers.1.mlp.router.weight                                mlp.router
model.layers.1.self_attn.sinks                                  self_attn.sinks

# Gemma 2, and 3 with its vision tower
model.layers.1.pre_feedforward_layernorm.weight                 pre_feedforward_layernorm
language_model.model.layers.1.self_attn.q_proj.weight           self_attn.q_proj
vision_tower.vision_model.encoder.layers.1.self_attn.q_proj.weight  vision_tower.self_attn.q_proj    self_attn.q_proj
multi_modal_projector.mm_input_projection_weight                multi_modal_projector.mm_input_projection_weight

# LLaVA, Qwen2-VL, Qwen2-Audio, Llama 4
vision_tower.vision_model.encoder.layers.1.mlp.fc1.weight       vision_tower.mlp.fc1                 mlp.fc1
visual.blocks.1.attn.qkv.weight                                 visual.attn.qkv                      attn.qkv
model.visual.blocks.1.mlp.gate_proj.weight                      visual.mlp.gate_proj                 mlp.gate_proj
visual.merger.mlp.0.weight                                      visual.merger.mlp.*                  -
audio_tower.layers.1.self_attn.k_proj.weight                    audio_tower.self_attn.k_proj         self_attn.k_proj
vision_model.model.layers.1.self_attn.q_proj.weight             vision_model.self_attn.q_proj        self_attn.q_proj
language_model.model.layers.1.feed_forward.experts.2.down_proj  feed_forward.experts.*.down_proj     feed_forward.experts.2.down_proj

# Phi-2, Phi-3
model.layers.1.self_attn.dense.weight                           self_attn.dense
model.layers.1.mlp.fc1.weight                                   mlp.fc1
model.layers.1.self_attn.qkv_proj.weight                        self_attn.qkv_proj
model.layers.1.mlp.gate_up_proj.weight                          mlp.gate_up_proj

# GPT-2, GPT-NeoX
h.1.attn.c_attn.weight                                          attn.c_attn
transformer.h.1.mlp.c_proj.weight                               mlp.c_proj
wte.weight                                                      wte
gpt_neox.layers.1.attention.query_key_value.weight              attention.query_key_value
gpt_neox.layers.1.mlp.dense_4h_to_h.weight                      mlp.dense_4h_to_h
embed_out.weight                                                embed_out

# BERT, ViT
bert.embeddings.word_embeddings.weight                          bert.embeddings.word_embeddings
bert.encoder.layer.1.attention.self.query.weight                attention.self.query
bert.encoder.layer.1.output.LayerNorm.weight                    output.LayerNorm
vit.embeddings.patch_embeddings.projection.weight               vit.embeddings.patch_embeddings.projection
vit.encoder.layer.1.attention.attention.query.weight            attention.attention.query
vit.encoder.layer.1.intermediate.dense.weight                   intermediate.dense

# Whisper, BART
model.encoder.conv1.weight                                      model.encoder.conv1
model.encoder.layers.1.self_attn.q_proj.weight                  encoder.self_attn.q_proj             self_attn.q_proj
model.decoder.layers.1.self_attn.q_proj.weight                  decoder.self_attn.q_proj             self_attn.q_proj
model.decoder.layers.1.encoder_attn.v_proj.weight               decoder.encoder_attn.v_proj          encoder_attn.v_proj

# T5
shared.weight                                                   shared
encoder.block.1.layer.0.SelfAttention.q.weight                  encoder.layer.*.SelfAttention.q      layer.0.SelfAttention.q
decoder.block.1.layer.1.EncDecAttention.k.weight                decoder.layer.*.EncDecAttention.k    layer.1.EncDecAttention.k
decoder.block.1.layer.2.DenseReluDense.wi_1.weight              decoder.layer.*.DenseReluDense.wi_1  layer.2.DenseReluDense.wi_1
`

func TestFamilies(t *testing.T) {
	tested := 0
	for _, line := range strings.Split(families, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		tested++
		name, role := f[0], f[1]
		reference := role
		if len(f) == 3 {
			reference = strings.Trim(f[2], "-") // nothing is left of merger.mlp.0
		}
		assert.Equal(t, role, Type(name), name)
		assert.Equal(t, reference, ReferenceType(name), name)
		if strings.Contains(name, ".1.") { // the same in every block
			assert.Equal(t, role, Type(strings.Replace(name, ".1.", ".17.", 1)), name)
		}
		if strings.Contains(name, ".experts.2.") {
			assert.Equal(t, role, Type(strings.Replace(name, ".2.", ".63.", 1)), name)
		}
	}
	assert.Greater(t, tested, 50)
}
