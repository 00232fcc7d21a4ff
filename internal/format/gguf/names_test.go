package gguf

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHuggingFaceNames(t *testing.T) {
	for architecture, names := range map[string]map[string]string{
		"llama": {
			"token_embd.weight": "model.embed_tokens.weight", "output.weight": "lm_head.weight", "output_norm.weight": "model.norm.weight",
			"blk.0.attn_q.weight": "model.layers.0.self_attn.q_proj.weight", "blk.11.attn_output.weight": "model.layers.11.self_attn.o_proj.weight",
			"blk.3.ffn_norm.weight": "model.layers.3.post_attention_layernorm.weight", "blk.3.ffn_down.weight": "model.layers.3.mlp.down_proj.weight",
			"blk.3.ffn_up_exps.weight": "model.layers.3.block_sparse_moe.experts.w3.weight", "blk.3.ffn_gate_inp.weight": "model.layers.3.block_sparse_moe.gate.weight",
			"rope_freqs.weight": "rope_freqs.weight", "blk.3.unheard_of.weight": "blk.3.unheard_of.weight", "blk": "blk", "blk.": "blk.", "": "",
		},
		"qwen2moe": {
			"blk.1.attn_q.bias": "model.layers.1.self_attn.q_proj.bias", "blk.1.ffn_gate_inp.weight": "model.layers.1.mlp.gate.weight",
			"blk.1.ffn_up_exps.weight": "model.layers.1.mlp.experts.up_proj.weight", "blk.1.ffn_up_shexp.weight": "model.layers.1.mlp.shared_expert.up_proj.weight",
			"blk.1.ffn_gate_inp_shexp.weight": "model.layers.1.mlp.shared_expert_gate.weight",
		},
		"deepseek2": {
			"blk.1.attn_kv_a_mqa.weight": "model.layers.1.self_attn.kv_a_proj_with_mqa.weight", "blk.1.attn_q_b.weight": "model.layers.1.self_attn.q_b_proj.weight",
			"blk.1.ffn_up_shexp.weight": "model.layers.1.mlp.shared_experts.up_proj.weight", "blk.1.exp_probs_b.bias": "model.layers.1.mlp.gate.e_score_correction_bias.bias",
		},
		"gpt-oss": {"blk.1.ffn_gate_inp.weight": "model.layers.1.mlp.router.weight", "blk.1.attn_sinks.weight": "model.layers.1.self_attn.sinks.weight"},
		"phi3":    {"blk.1.ffn_up.weight": "model.layers.1.mlp.gate_up_proj.weight", "blk.1.attn_qkv.weight": "model.layers.1.self_attn.qkv_proj.weight"},
		"phi2":    {"blk.1.ffn_up.weight": "model.layers.1.mlp.fc1.weight", "output_norm.weight": "model.final_layernorm.weight"},
		"gemma2":  {"blk.1.ffn_norm.weight": "model.layers.1.pre_feedforward_layernorm.weight", "blk.1.post_ffw_norm.weight": "model.layers.1.post_feedforward_layernorm.weight"},
		"gpt2":    {"blk.1.attn_qkv.weight": "transformer.h.1.attn.c_attn.weight", "position_embd.weight": "transformer.wpe.weight"},
		"gptneox": {"blk.1.ffn_down.bias": "gpt_neox.layers.1.mlp.dense_4h_to_h.bias", "output.weight": "embed_out.weight"},
		"bert":    {"blk.1.attn_q.weight": "encoder.layer.1.attention.self.query.weight", "token_types.weight": "embeddings.token_type_embeddings.weight"},
		"t5": {
			"enc.blk.1.attn_q.weight": "encoder.block.1.layer.0.SelfAttention.q.weight", "dec.blk.1.cross_attn_o.weight": "decoder.block.1.layer.1.EncDecAttention.o.weight",
			"enc.blk.0.attn_rel_b.weight": "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "dec.blk.2.ffn_down.weight": "decoder.block.2.layer.2.DenseReluDense.wo.weight",
			"enc.output_norm.weight": "encoder.final_layer_norm.weight", "blk.0.attn_q.weight": "blk.0.attn_q.weight",
		},
		"from the future": {"blk.7.attn_v.weight": "model.layers.7.self_attn.v_proj.weight"},
	} {
		for name, want := range names {
			assert.Equal(t, want, HuggingFaceName(architecture, name), "%s %s", architecture, name)
		}
	}
}
