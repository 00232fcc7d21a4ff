package gguf

import "strings"

// HuggingFaceName returns what the transformers library calls the tensor that
// llama.cpp calls name in a model of this architecture, and name itself where
// no rule is known. Tensors of fused experts keep the name without an index:
// "model.layers.3.mlp.experts.up_proj.weight" has three dimensions.
//
// Only the names are translated. For the architecture llama, llama.cpp stores
// the rows of q_proj and k_proj in another order; singular values do not change
// when rows are permuted, so nothing is put back. Neither do they when a matrix
// is transposed, which it does to GPT-2. It adds 1 to the norm weights of Gemma,
// which shows only when vectors are ranked.
func HuggingFaceName(architecture, name string) string {
	base, ending := name, ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		base, ending = name[:i], name[i:]
	}
	f := family(architecture)
	side, rest := "", base
	if s, ok := strings.CutPrefix(rest, "enc."); ok {
		side, rest = "enc.", s
	} else if s, ok := strings.CutPrefix(rest, "dec."); ok {
		side, rest = "dec.", s
	}
	if s, ok := strings.CutPrefix(rest, "blk."); ok {
		if number, part, ok := strings.Cut(s, "."); ok {
			if to, ok := f.block[side+part]; ok {
				return f.prefix[side] + number + "." + to + ending
			}
		}
		return name
	}
	if to, ok := f.top[base]; ok {
		return to + ending
	}
	return name
}

// names translates the names of one family of architectures.
type names struct {
	top    map[string]string // outside of the blocks
	prefix map[string]string // of the blocks; the key is "", "enc." or "dec."
	block  map[string]string // inside a block
}

// family returns the names of an architecture. Most are those of Llama with a
// few of their own.
func family(architecture string) names {
	switch architecture {
	case "gpt2":
		return gpt2()
	case "gptneox":
		return neox()
	case "bert":
		return bert()
	case "t5", "t5encoder":
		return t5()
	}
	f := llama()
	own := map[string]string{}
	switch architecture {
	case "llama": // with experts it is Mixtral
		own = map[string]string{
			"ffn_gate_inp": "block_sparse_moe.gate", "ffn_gate_exps": "block_sparse_moe.experts.w1",
			"ffn_down_exps": "block_sparse_moe.experts.w2", "ffn_up_exps": "block_sparse_moe.experts.w3",
		}
	case "gemma2", "gemma3":
		own = map[string]string{
			"post_attention_norm": "post_attention_layernorm", "ffn_norm": "pre_feedforward_layernorm",
			"post_ffw_norm": "post_feedforward_layernorm",
		}
	case "gpt-oss":
		own = map[string]string{"ffn_gate_inp": "mlp.router", "post_attention_norm": "post_attention_layernorm"}
	case "phi2":
		f.top["output_norm"] = "model.final_layernorm"
		own = map[string]string{"attn_output": "self_attn.dense", "ffn_up": "mlp.fc1", "ffn_down": "mlp.fc2"}
	case "phi3":
		own = map[string]string{"ffn_up": "mlp.gate_up_proj"}
	case "deepseek2":
		for _, part := range []string{"gate", "up", "down"} {
			own["ffn_"+part+"_shexp"] = "mlp.shared_experts." + part + "_proj"
		}
	}
	for from, to := range own {
		f.block[from] = to
	}
	return f
}

func llama() names {
	return names{
		top: map[string]string{
			"token_embd": "model.embed_tokens", "output": "lm_head", "output_norm": "model.norm",
		},
		prefix: map[string]string{"": "model.layers."},
		block: map[string]string{
			"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
			"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
			"attn_qkv": "self_attn.qkv_proj", "attn_output": "self_attn.o_proj",
			"attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm", "attn_sinks": "self_attn.sinks",
			"attn_q_a": "self_attn.q_a_proj", "attn_q_b": "self_attn.q_b_proj", "attn_q_a_norm": "self_attn.q_a_layernorm",
			"attn_kv_a_mqa": "self_attn.kv_a_proj_with_mqa", "attn_kv_b": "self_attn.kv_b_proj",
			"attn_kv_a_norm": "self_attn.kv_a_layernorm",
			"ffn_gate":       "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
			"ffn_gate_inp": "mlp.gate", "exp_probs_b": "mlp.gate.e_score_correction_bias",
			"ffn_gate_exps": "mlp.experts.gate_proj", "ffn_up_exps": "mlp.experts.up_proj", "ffn_down_exps": "mlp.experts.down_proj",
			"ffn_gate_shexp": "mlp.shared_expert.gate_proj", "ffn_up_shexp": "mlp.shared_expert.up_proj",
			"ffn_down_shexp": "mlp.shared_expert.down_proj", "ffn_gate_inp_shexp": "mlp.shared_expert_gate",
		},
	}
}

func gpt2() names {
	return names{
		top: map[string]string{
			"token_embd": "transformer.wte", "position_embd": "transformer.wpe", "output_norm": "transformer.ln_f", "output": "lm_head",
		},
		prefix: map[string]string{"": "transformer.h."},
		block: map[string]string{
			"attn_norm": "ln_1", "attn_qkv": "attn.c_attn", "attn_output": "attn.c_proj",
			"ffn_norm": "ln_2", "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj",
		},
	}
}

func neox() names {
	return names{
		top: map[string]string{
			"token_embd": "gpt_neox.embed_in", "output_norm": "gpt_neox.final_layer_norm", "output": "embed_out",
		},
		prefix: map[string]string{"": "gpt_neox.layers."},
		block: map[string]string{
			"attn_norm": "input_layernorm", "attn_qkv": "attention.query_key_value", "attn_output": "attention.dense",
			"ffn_norm": "post_attention_layernorm", "ffn_up": "mlp.dense_h_to_4h", "ffn_down": "mlp.dense_4h_to_h",
		},
	}
}

func bert() names {
	return names{
		top: map[string]string{
			"token_embd": "embeddings.word_embeddings", "position_embd": "embeddings.position_embeddings",
			"token_types": "embeddings.token_type_embeddings", "token_embd_norm": "embeddings.LayerNorm",
		},
		prefix: map[string]string{"": "encoder.layer."},
		block: map[string]string{
			"attn_q": "attention.self.query", "attn_k": "attention.self.key", "attn_v": "attention.self.value",
			"attn_output": "attention.output.dense", "attn_output_norm": "attention.output.LayerNorm",
			"ffn_up": "intermediate.dense", "ffn_down": "output.dense", "layer_output_norm": "output.LayerNorm",
		},
	}
}

func t5() names {
	f := names{
		top: map[string]string{
			"token_embd": "shared", "output": "lm_head",
			"enc.output_norm": "encoder.final_layer_norm", "dec.output_norm": "decoder.final_layer_norm",
		},
		prefix: map[string]string{"enc.": "encoder.block.", "dec.": "decoder.block."},
		block: map[string]string{
			"dec.cross_attn_norm": "layer.1.layer_norm",
		},
	}
	for from, to := range map[string]string{"q": "q", "k": "k", "v": "v", "o": "o", "rel_b": "relative_attention_bias"} {
		f.block["enc.attn_"+from] = "layer.0.SelfAttention." + to
		f.block["dec.attn_"+from] = "layer.0.SelfAttention." + to
		f.block["dec.cross_attn_"+from] = "layer.1.EncDecAttention." + to
	}
	for side, layer := range map[string]string{"enc.": "layer.1.", "dec.": "layer.2."} {
		f.block[side+"attn_norm"] = "layer.0.layer_norm"
		f.block[side+"ffn_norm"] = layer + "layer_norm"
		// The gated form of T5 1.1; the first T5 has wi alone.
		f.block[side+"ffn_gate"] = layer + "DenseReluDense.wi_0"
		f.block[side+"ffn_up"] = layer + "DenseReluDense.wi_1"
		f.block[side+"ffn_down"] = layer + "DenseReluDense.wo"
	}
	return f
}
