package checkpoint

import (
	"testing"

	"github.com/gospectrum/spectrum/internal/format/gguf"
)

// scaledWeights are 8-bit floats with whatever their vendors put beside them.
func scaledWeights(t *testing.T) []layout {
	const p = "layers.0.attn.wq"
	w := f8(p+".weight", 64, 128)
	read := func(name, weight, scale, dtype string, shape ...int64) layout {
		return layout{name: name, files: files{"model.safetensors": tensorText(t, f8(weight, 64, 128), zeros(scale, dtype, shape...))},
			reads: parameter(weight), skip: scalesReason}
	}
	with := func(name, config, skip, scale string, shape ...int64) layout {
		l := layout{name: name, files: files{"model.safetensors": tensorText(t, w, zeros(p+scale, "F32", shape...))}, skip: skip}
		if config != "" {
			l.files[configName] = config
		}
		return l
	}
	return []layout{
		{name: "8-bit floats alone, as a cast gives them", files: files{"model.safetensors": tensorText(t, w)}, reads: p + ".weight"},
		read("DeepSeek, transformers: weight_scale_inv", p+".weight", p+".weight_scale_inv", "F32", 1, 1),
		read("DeepSeek's own: scale, an exponent for each block", p+".weight", p+".scale", "F8_E8M0", 1, 1),
		read("compressed-tensors, ModelOpt, FBGEMM: weight_scale, for each row", p+".weight", p+".weight_scale", "BF16", 64, 1),
		read("ComfyUI: scale_weight", p+".weight", p+".scale_weight", "F32", 1),
		read("Mistral: qscale_weight", p+".weight", p+".qscale_weight", "F32"),
		read("TensorRT-LLM: weights_scaling_factor", p+".weight", p+".weights_scaling_factor", "F32", 1),
		read("optimum-quanto: weight._data and weight._scale", p+".weight._data", p+".weight._scale", "F16", 64, 1),
		read("torchao: _weight_qdata and _weight_scale", p+"._weight_qdata", p+"._weight_scale", "F32", 64, 1),
		read("MXFP8: an exponent for each 32, as bytes", p+".weight", p+".weight_scale", "U8", 64, 4),
		{name: "GGUF: .scale beside any type", files: files{"model.gguf": string(ggufFile(
			ggufTensor{"blk.0.attn_q.weight", gguf.F32, []int64{2, 2}, float32s(4, 1)}, ggufTensor{"blk.0.attn_q.scale", gguf.F32, []int64{1}, float32s(1, 2)}))},
			reads: "model.layers.0.self_attn.q_proj.weight", skip: scalesReason},
		{name: "blocks of weight_block_size or of config_groups' block_structure", files: files{"model.safetensors": tensorText(t, w, zeros(p+".weight_scale", "F32", 4, 4)),
			configName: `{"quantization_config":{"config_groups":{"g":{"weights":{"block_structure":"16x32"}}}}}`}, reads: p + ".weight", skip: scalesReason},
		{name: "blocks of a size that nothing says, without a rest", files: files{"model.safetensors": tensorText(t, w, zeros(p+".weight_scale", "F32", 2, 2))},
			reads: p + ".weight", skip: scalesReason},
		with("blocks that two sizes fit", "", "in blocks of 64×43 and of 64×63; config.json does not say which", ".weight_scale", 1, 3),
		with("scales that do not fit", "", "are F32 of shape [3], which do not fit [64 128]", ".weight_scale", 3),
		with("anything else that could be a scale", "", ".magnitude beside it may be its scale, and is not read", ".magnitude", 64),
		{name: "two scales", files: files{"model.safetensors": tensorText(t, w, zeros(p+".weight_scale", "F32"), zeros(p+".scale_inv", "F32"))}, skip: "has two scales, "},
		{name: "a second factor, a zero point", files: files{"model.safetensors": tensorText(t, w, zeros(p+".weight_scale", "F32"), zeros(p+".pre_quant_scale", "F32", 128))},
			skip: "has a second scale or offset, "},
		{name: "no scale, where config.json or other weights have them", files: files{"model.safetensors": tensorText(t, w), configName: quantized("fp8")}, skip: "its scale is missing"},
		{name: "a scale beside floats of 16 or 32 bits", files: files{"model.safetensors": tensorText(t, f32(p+".weight", 2, 2), zeros(p+".weight_scale", "F32"))},
			skip: "though it is F32; which of the two its values are is not known"},
		{name: "scales of activations (input_scale, scale_input, qscale_act, k_scale, …)", files: files{"model.safetensors": tensorText(t, w, zeros(p+".scale_input", "F32"))},
			reads: p + ".weight", skip: "scales of activations"},
	}
}

// packedWeights are the packings of all vendors: none is read, and no part of one ranked.
func packedWeights(t *testing.T) (list []layout) {
	for _, p := range packings {
		l := layout{name: p.vendor, files: files{"model.safetensors": tensorText(t, p.tensors(t, "layers.0.q_proj")...)}, skip: "packed by " + p.said + ", which is not read"}
		if p.method != "" {
			l.files[configName] = quantized(p.method)
		}
		list = append(list, l)
	}
	return append(list, layout{name: "MXFP4 as gpt-oss has it", files: files{"model.safetensors": tensorText(t, zeros("e.experts.w_blocks", "U8", 2, 3, 4, 16), zeros("e.experts.w_scales", "U8", 2, 3, 4))},
		reads: "e.experts.0.w e.experts.1.w", skip: scalesReason})
}
