package loaded

import "slices"

// action is what a rule does.
type action uint8

const (
	nothing     action = iota // the type is known, and its names are those of the file
	prefix                    // from at the beginning of a name becomes to; the first that fits is taken
	addBase                   // to goes before a name that begins with one of parts
	replace                   // the components from become to, once
	fuse                      // parts of the experts become the parameter to of all
	absent                    // no module has what begins or ends with from
	laterBlocks               // nor blocks, listed under from, from num_hidden_layers on
)

// rule is one row of the table.
type rule struct {
	types    []string // of models
	eras     []Era    // nil for all
	do       action
	from, to string
	parts    []string
	unless   []string // beginnings of names that it leaves alone
	reason   string   // of absent
	source   string   // in transformers
}

// Sources that many rows share, of transformers.
const (
	mapping  = "src/transformers/conversion_mapping.py, _build_checkpoint_conversion_mapping"
	modeling = "the modeling file of the type: its modules have the names of its checkpoints"
	base     = "modeling_utils.py, base_model_prefix: added where the file lacks it"
	buffers  = "the modeling file: register_buffer, or _keys_to_ignore_on_load_unexpected"
)

// since5 are the eras in which experts are fused, since452 those in which towers are in
// model.
func since5() []Era   { return []Era{Transformers5} }
func since452() []Era { return []Era{Transformers5, Transformers4} }

// table lists all rules. They apply in this order.
func table() []rule {
	return slices.Concat(known(), missing(), towers(), bases(), experts())
}

// always are rules for every type that is known.
func always() []rule {
	return []rule{
		{do: absent, from: ".rotary_emb.inv_freq", reason: "in no module: a buffer", source: buffers},
		{do: absent, from: ".e_score_correction_bias", reason: "in no module: a buffer", source: buffers},
		{do: absent, from: ".position_ids", reason: "in no module: a buffer", source: buffers},
		{do: absent, from: ".num_batches_tracked", reason: "in no module: a buffer", source: buffers},
		{do: absent, from: ".running_mean", reason: "in no module: a buffer", source: buffers},
		{do: absent, from: ".running_var", reason: "in no module: a buffer", source: buffers},
	}
}

// known are types whose names do not change, but for what other rows say of them.
func known() []rule {
	return []rule{
		{types: []string{
			"llama", "mistral", "ministral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi", "phi3", "starcoder2",
			"stablelm", "olmo", "olmo2", "olmo3", "cohere", "cohere2", "granite", "glm", "glm4", "smollm3", "exaone4", "nemotron",
			"internlm3", "seed_oss", "hunyuan_v1_dense", "ernie4_5", "helium", "arcee", "apertus", "bitnet", "lfm2", "mamba",
			"mamba2", "falcon_mamba", "recurrent_gemma", "persimmon", "xglm", "biogpt", "ctrl", "xlnet",
		}, source: modeling},
		{types: []string{"t5", "mt5", "umt5", "longt5", "bart", "mbart", "pegasus", "whisper", "m2m_100", "marian"}, source: modeling},
		{types: []string{"vit", "clip", "siglip", "dinov2", "deit", "beit", "swin"}, source: modeling},
		// Experts that files and modules alike hold in one parameter.
		{types: []string{"gpt_oss", "llama4", "llama4_text", "dbrx", "granitemoe", "granitemoehybrid", "granitemoeshared", "aria"}, source: modeling},
		// Multimodal models whose files are younger than 4.52, or whose towers did not move.
		{types: []string{"qwen3_vl", "qwen3_vl_moe", "glm4v", "glm4v_moe", "gemma3n", "smolvlm", "idefics3", "idefics2", "qwen3_5", "qwen3_5_text", "blip-2", "kosmos-2"}, source: modeling},
	}
}

// missing are tensors of files that no module has.
func missing() []rule {
	var rules []rule
	for _, end := range []string{".attn.bias", ".attn.masked_bias"} {
		rules = append(rules, rule{types: []string{"gpt2", "gptj", "codegen", "gpt_bigcode"}, do: absent, from: end,
			reason: "in no module: a buffer", source: buffers})
	}
	for _, end := range []string{".attention.bias", ".attention.masked_bias", ".attn.attention.bias", ".attn.attention.masked_bias"} {
		rules = append(rules, rule{types: []string{"gpt_neox", "gpt_neo"}, do: absent, from: end,
			reason: "in no module: a buffer", source: buffers})
	}
	return append(rules,
		rule{types: []string{"deepseek_v3", "deepseek_v32", "glm4_moe", "glm4_moe_lite", "glm_moe_dsa", "dots1", "minimax_m2", "longcat_flash", "solar_open"},
			do: laterBlocks, from: "model.layers.", source: buffers},
		rule{types: []string{"glm4v_moe"}, do: laterBlocks, from: "model.language_model.layers.", source: buffers},
		rule{types: []string{"qwen3_next", "qwen3_5", "qwen3_5_moe", "qwen3_5_text", "qwen3_5_moe_text", "exaone_moe", "nemotron_h"},
			do: absent, from: "mtp.", reason: "in no module: for multi-token prediction", source: buffers},
		rule{types: []string{"longcat_flash"}, do: absent, from: "model.mtp.", reason: "in no module: for multi-token prediction", source: buffers},
	)
}

// llava are multimodal models whose parts moved into model in 4.52.
func llava() []string {
	return []string{"llava", "paligemma", "aya_vision", "got_ocr2", "gemma3", "internvl", "vipllava", "mistral3", "shieldgemma2",
		"llava_next", "llava_next_video", "llava_onevision", "video_llava", "fuyu", "mllama"}
}

// towers are the prefixes of multimodal models.
func towers() []rule {
	rules := []rule{
		{types: llava(), do: prefix, from: "language_model.lm_head", to: "lm_head"},
		{types: llava(), do: prefix, from: "language_model.model", to: "model.language_model"},
		{types: llava(), do: prefix, from: "language_model", to: "model.language_model"},
		{types: []string{"emu3"}, do: prefix, from: "text_model.lm_head", to: "lm_head"},
		{types: []string{"emu3"}, do: prefix, from: "text_model.model", to: "model.text_model"},
		{types: []string{"emu3"}, do: prefix, from: "vqmodel", to: "model.vqmodel"},
		{types: []string{"qwen2_vl", "qwen2_5_vl"}, do: prefix, from: "visual", to: "model.visual"},
		{types: []string{"qwen2_vl", "qwen2_5_vl"}, do: prefix, from: "model", to: "model.language_model", unless: []string{"model.language_model", "model.visual"}},
		{types: []string{"paddleocr_vl"}, do: prefix, from: "mlp_AR", to: "model.projector"},
		{types: []string{"paddleocr_vl"}, do: prefix, from: "visual", to: "model.visual"},
		{types: []string{"paddleocr_vl"}, do: prefix, from: "model", to: "model.language_model", unless: []string{"model.language_model", "model.visual", "model.projector"}},
	}
	for _, part := range []string{"vision_tower", "multi_modal_projector", "image_newline", "image_tower", "video_tower", "vision_embed_tokens", "vision_model"} {
		rules = append(rules, rule{types: llava(), do: prefix, from: part, to: "model." + part})
	}
	for i := range rules {
		rules[i].eras = since452()
		rules[i].source = mapping + "; before 5 _checkpoint_conversion_mapping of the modeling file"
	}
	return rules
}

// bases are the prefixes of base models, which files that were saved from one lack.
func bases() []rule {
	return []rule{
		{types: []string{"gpt2", "gpt_bigcode", "gptj", "gpt_neo", "codegen"}, do: addBase, to: "transformer", parts: []string{"h", "wte", "wpe", "ln_f"}, source: base},
		{types: []string{"bloom", "falcon"}, do: addBase, to: "transformer", parts: []string{"h", "word_embeddings", "word_embeddings_layernorm", "ln_f"}, source: base},
		{types: []string{"mpt"}, do: addBase, to: "transformer", parts: []string{"blocks", "wte", "norm_f"}, source: base},
		{types: []string{"gpt_neox"}, do: addBase, to: "gpt_neox", parts: []string{"layers", "embed_in", "final_layer_norm"}, source: base},
		{types: []string{"opt"}, do: addBase, to: "model", parts: []string{"decoder"}, source: base},
		{types: []string{"llama", "mistral", "ministral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi", "phi3", "starcoder2", "stablelm", "olmo", "olmo2",
			"olmo3", "cohere", "cohere2", "granite", "glm", "glm4", "smollm3", "exaone4", "nemotron", "mixtral", "qwen2_moe", "qwen3_moe", "deepseek_v2", "deepseek_v3"},
			do: addBase, to: "model", parts: []string{"layers", "embed_tokens", "norm"}, source: base},
		{types: []string{"bert"}, do: addBase, to: "bert", parts: []string{"embeddings", "encoder", "pooler"}, source: base},
		{types: []string{"roberta", "xlm-roberta", "camembert"}, do: addBase, to: "roberta", parts: []string{"embeddings", "encoder", "pooler"}, source: base},
		{types: []string{"distilbert"}, do: addBase, to: "distilbert", parts: []string{"embeddings", "transformer"}, source: base},
		{types: []string{"electra"}, do: addBase, to: "electra", parts: []string{"embeddings", "encoder", "embeddings_project"}, source: base},
		{types: []string{"deberta", "deberta-v2"}, do: addBase, to: "deberta", parts: []string{"embeddings", "encoder"}, source: base},
		{types: []string{"modernbert"}, do: addBase, to: "model", parts: []string{"embeddings", "layers", "final_norm"}, source: base},
	}
}

// experts are rules of models whose files have every expert for itself.
func experts() []rule {
	w123 := []string{"mixtral", "minimax", "minimax_m2", "phimoe", "lfm2_moe", "deepseek_v4"}
	gated := []string{"qwen2_moe", "afmoe", "deepseek_v2", "deepseek_v3", "deepseek_v32", "dots1", "ernie4_5_moe", "glm4_moe", "glm4_moe_lite", "glm_moe_dsa",
		"glm4v_moe", "glm4v_moe_text", "longcat_flash", "solar_open", "qwen3_moe", "qwen3_omni_moe", "qwen3_omni_moe_thinker", "qwen3_next", "hunyuan_v1_moe",
		"flex_olmo", "olmoe", "exaone_moe", "jamba", "hy_v3", "qwen3_5_moe_text", "laguna"}
	rules := []rule{
		{types: []string{"mixtral", "minimax", "minimax_m2", "phimoe"}, do: replace, from: "block_sparse_moe", to: "mlp"},
		{types: []string{"phimoe"}, do: replace, from: "mlp.gate", to: "mlp.router"},
		{types: []string{"hy_v3"}, do: replace, from: "mlp.router.gate", to: "mlp.gate"},
		{types: []string{"hy_v3"}, do: replace, from: "mlp.shared_mlp", to: "mlp.shared_experts"},
		{types: []string{"laguna"}, do: replace, from: "mlp.shared_expert", to: "mlp.shared_experts"},
		{types: []string{"nemotron_h"}, do: prefix, from: "backbone", to: "model"},
		{types: w123, do: fuse, parts: []string{"w1", "w3"}, to: "gate_up_proj"},
		{types: w123, do: fuse, parts: []string{"w2"}, to: "down_proj"},
		{types: gated, do: fuse, parts: []string{"gate_proj", "up_proj"}, to: "gate_up_proj"},
		{types: append(slices.Clone(gated), "nemotron_h"), do: fuse, parts: []string{"down_proj"}, to: "down_proj"},
		{types: []string{"nemotron_h"}, do: fuse, parts: []string{"up_proj"}, to: "up_proj"},
	}
	for i := range rules {
		rules[i].eras, rules[i].source = since5(), mapping
	}
	return rules
}
