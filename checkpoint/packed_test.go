package checkpoint

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// packing is how a vendor packs a weight of 64×128: names behind the module's, types
// and shapes.
type packing struct {
	vendor string
	method string // quant_method of config.json; none when empty
	said   string // who packed it, as messages say
	parts  string // "name dtype shape, …"
}

// packings are those of many vendors, and some of vendors to come.
var packings = []packing{
	{"MLX", "", "mlx", ".weight U32 64×16, .scales BF16 64×2, .biases BF16 64×2"},
	{"MLX, mxfp4", "", "mlx", ".weight U32 64×16, .scales U8 64×4"},
	{"GPTQ", "gptq", "gptq", ".qweight I32 16×64, .qzeros I32 1×8, .scales F16 1×64, .g_idx I32 128"},
	{"GPTQ without a config", "", "gptq or awq", ".qweight I32 16×64, .qzeros I32 1×8, .scales F16 1×64, .g_idx I32 128"},
	{"AWQ", "awq", "awq", ".qweight I32 128×8, .qzeros I32 1×8, .scales F16 1×64"},
	{"bitsandbytes, 4 bits", "bitsandbytes", "bitsandbytes", ".weight U8 4096×1, .weight.absmax F32 64, .weight.quant_map F32 16, .weight.nested_absmax F32 2, .weight.quant_state.bitsandbytes__nf4 U8 80"},
	{"bitsandbytes in bfloat16", "", "bitsandbytes", ".weight BF16 2048×1, .weight.absmax F32 64, .weight.quant_map F32 16, .weight.quant_state.bitsandbytes__nf4 U8 80"},
	{"bitsandbytes, 8 bits", "", "bitsandbytes", ".weight I8 64×128, .SCB F32 64, .weight_format U8 1"},
	{"compressed-tensors", "compressed-tensors", "compressed-tensors", ".weight_packed I32 64×16, .weight_scale BF16 64×1, .weight_zero_point I32 8×1, .weight_shape I64 2"},
	{"compressed-tensors, NVFP4", "", "compressed-tensors", ".weight_packed U8 64×64, .weight_scale F8_E4M3 64×8, .weight_global_scale F32 1, .input_global_scale F32 1"},
	{"compressed-tensors, W8A8", "", "compressed-tensors", ".weight I8 64×128, .weight_scale F32 64×1"},
	{"ModelOpt, NVFP4", "modelopt", "modelopt", ".weight U8 64×64, .weight_scale F8_E4M3 64×8, .weight_scale_2 F32, .input_scale F32"},
	{"ModelOpt, NVFP4 in 4-bit floats", "", "modelopt", ".weight F4 64×128, .weight_scale F8_E4M3 64×8, .weight_scale_2 F32"},
	{"AQLM", "aqlm", "aqlm", ".codes I16 64×16×1, .codebooks F16 1×256×1×8, .scales F16 64×1×1×1"},
	{"HQQ", "", "hqq", ".W_q U8 32×128, .scale F16 64×2, .zero F16 64×2, .group_size I64"},
	{"HQQ as floats", "", "hqq", ".W_q BF16 32×64, .scale F16 64×2, .zero F16 64×2"},
	{"quanto", "", "quanto", ".weight._data I8 64×128, .weight._scale F16 64×2, .weight._zeropoint I8 64×2, .input_scale F32"},
	{"torchao", "torchao", "torchao", "._weight_qdata I8 64×64, ._weight_scale BF16 64×4, ._weight_zero_point BF16 64×4"},
	{"QuIP#", "", "quip#", ".Qidxs I16 64×16, .SU F16 128, .SV F16 64, .had_left F16 12×12, .had_right F16 8×8, .Wscale F32, .codebook_id I64"},
	{"QTIP", "", "qtip", ".trellis I16 32×256, .SU F16 128, .SV F16 64, .tlut F16 512×2, .rcp I64 1"},
	{"VPTQ", "", "vptq", ".indices I16 1×64×16, .centroids.weight F16 1×2048, .res_centroids.weight F16 8×256, .weight_scale F16 128, .weight_bias F16 128, .perm I16 128"},
	{"SVDQuant", "", "nunchaku (SVDQuant)", ".qweight I8 64×64, .wscales F16 2×64, .lora_down F16 128×16, .lora_up F16 64×16, .smooth_factor F16 128"},
	{"DeepSeek-V4", "fp8", "deepseek (4-bit floats)", ".weight I8 64×64, .scale F8_E8M0 64×4"},
	{"EXL2", "", "exllamav2", ".q_weight I32 16×64, .q_scale I32 4×8, .q_scale_max F16 4, .q_groups I16 8, .q_invperm I16 128"},
	{"EXL3", "", "exllamav3", ".trellis I16 8×4×48, .suh F16 128, .svh F16 64, .mcg U32"},
	{"SqueezeLLM", "", "squeezellm", ".qweight I32 16×64, .lookup_table F16 64×16"},
	{"EETQ", "", "eetq", ".weight I8 128×64, .weight_scales F16 64"},
	{"Marlin", "", "a quantiser", ".B I32 8×128, .s F16 1×64"},
	{"ComfyUI, NVFP4", "", "comfy", ".weight U8 64×64, .weight_scale F8_E4M3 64×8, .weight_scale_2 F32, .comfy_quant U8 40"},
	{"BitNet", "bitnet", "bitnet", ".weight U8 16×128, .weight_scale BF16 1"},
	{"a vendor to come", "", "a quantiser", ".payload U8 64×64, .alpha BF16 64×4, .rotation F32 128×128"},
	{"another", "newq", "newq", ".blob I64 64×8, .levels F16 64×16, .book.weight F16 16×8"},
	{"another, 6 bits", "", "a quantiser", ".weight F6_E2M3 64×128, .grain F16 64×4"},
	{"another with outliers", "", "a quantiser", ".weight BF16 64×128, .rest U8 64×64, .step F16 64×4"},
}

// tensors makes the tensors of a weight packed in module.
func (p packing) tensors(t *testing.T, module string) (list []safetensors.Data) {
	for _, text := range strings.Split(p.parts, ", ") {
		fields := strings.Fields(text)
		var shape []int64
		for _, d := range strings.Split(strings.Join(fields[2:], ""), "×") {
			var n int64
			if _, err := fmt.Sscan(d, &n); err == nil {
				shape = append(shape, n)
			}
		}
		list = append(list, zeros(module+fields[0], fields[1], shape...))
	}
	return list
}

// TestNoPartOfAPackedWeightIsALayer packs a weight as every vendor does, alone, in a list
// of experts and beside layers that are not packed and must stay.
func TestNoPartOfAPackedWeightIsALayer(t *testing.T) {
	for _, p := range packings {
		for _, module := range []string{"model.layers.0.self_attn.q_proj", "layers.3.mlp.experts.7.w1", "lm_head"} {
			config := ""
			if p.method != "" {
				config = quantized(p.method)
			}
			packed := p.tensors(t, module)
			others := []safetensors.Data{
				zeros("model.embed_tokens.weight", "BF16", 16, 8), zeros("model.layers.0.mlp.gate.weight", "BF16", 8, 8),
				zeros("model.layers.0.mlp.gate.tid2eid", "I64", 16, 2), zeros("model.layers.0.self_attn.v_proj.weight", "F16", 64, 128),
				zeros("model.layers.0.self_attn.q_proj_norm.weight", "BF16", 64), zeros(module+".bias", "BF16", 64),
				zeros("model.embed_tokens.position_ids", "I64", 1, 16),
			}
			reasons := skips(t, config, append(packed, others...)...)
			for _, x := range packed {
				reason := reasons[x.Name]
				assert.NotEmpty(t, reason, "%s: %s", p.vendor, x.Name)
				if reason != "scales of activations" {
					assert.Contains(t, reason, "packed by "+p.said+", which is not read", "%s: %s", p.vendor, x.Name)
				}
			}
			for _, x := range others {
				if x.DType != "I64" {
					want := "" // and no part of the packed weight
					known := slices.ContainsFunc(packed, func(p safetensors.Data) bool {
						_, last := cutLast(p.Name)
						return slices.Contains(packedNames, last)
					})
					if len(x.Shape) > 1 && (known || strings.Contains(config, "quantization_config")) {
						want = "beside weights packed by " + p.said + ", which are not read: alone it is not the model"
					}
					assert.Equal(t, want, reasons[x.Name], "%s: %s is not part of %s", p.vendor, x.Name, module)
				}
			}
		}
	}
}

// TestFusedExpertsThatArePacked has the experts of a layer in one tensor, which is the
// only thing of its name.
func TestFusedExpertsThatArePacked(t *testing.T) {
	const e = "model.layers.0.feed_forward.experts."
	reasons := skips(t, quantized("modelopt"),
		zeros(e+"gate_up_proj", "U8", 4, 64, 96), zeros(e+"gate_up_proj_weight_scale", "F8_E4M3", 4, 4, 96),
		zeros(e+"gate_up_proj_weight_scale_2", "F32"), zeros(e+"gate_up_proj_input_scale", "F32"), zeros(e+"gate_up_proj_bias", "BF16", 4, 96),
		zeros(e+"w1_codes", "U8", 64, 16), zeros(e+"w1_scale", "F16", 64, 4),
		zeros(e+"down_proj", "BF16", 2, 8, 8), zeros("model.layers.0.feed_forward.router.weight", "BF16", 4, 8))
	for name, reason := range reasons {
		switch {
		case strings.Contains(name, "down_proj"), strings.HasSuffix(name, "router.weight"), strings.HasSuffix(name, "_bias"):
			assert.Equal(t, "beside weights packed by modelopt, which are not read: alone it is not the model", reason, name)
		default:
			assert.Contains(t, reason, "packed by modelopt", name)
		}
	}
}

// TestIntegersThatAreNoPackedWeight has integers that models keep beside their weights.
func TestIntegersThatAreNoPackedWeight(t *testing.T) {
	for _, config := range []string{"", quantized("fp8"), quantized("gptq")} {
		reasons := skips(t, config,
			zeros("swin.attn.relative_position_index", "I64", 49, 49), zeros("swin.attn.relative_position_bias_table", "F32", 169, 4), zeros("swin.attn.proj.weight", "F32", 8, 8),
			zeros("h.0.attn.bias", "U8", 1, 1, 16, 16), zeros("h.0.attn.c_attn.weight", "F32", 8, 24), zeros("h.0.attn.masked_bias", "F32"),
			zeros("bn.num_batches_tracked", "I64"), zeros("bn.weight", "F32", 8), zeros("bn.running_mean", "F32", 8),
			zeros("emb.position_ids", "I64", 1, 512), zeros("emb.word.weight", "F32", 16, 8),
			zeros("spiece_model", "U8", 1000), zeros("logit_scale", "F32"), zeros("pos_embed", "F32", 16, 8),
			zeros("te.weight", "BF16", 8, 8), zeros("te._extra_state", "U8", 300),
			zeros("gate.weight", "BF16", 8, 16), zeros("gate.tid2eid", "I32", 100, 6), zeros("gate.e_score_correction_bias", "F32", 8))
		for name, reason := range reasons {
			assert.NotContains(t, reason, "packed", "%s %s", config, name)
		}
		for _, name := range []string{"swin.attn.relative_position_bias_table", "swin.attn.proj.weight", "h.0.attn.c_attn.weight", "emb.word.weight", "pos_embed", "te.weight", "gate.weight"} {
			assert.Empty(t, reasons[name], "%s %s", config, name)
		}
	}
}

// TestRefusalSaysWhatIsRead has the way out in the message of the weight itself.
func TestRefusalSaysWhatIsRead(t *testing.T) {
	for _, p := range packings[:1] {
		reasons := skips(t, `{"quantization_config":{"group_size":64,"bits":4}}`, p.tensors(t, "q_proj")...)
		assert.Equal(t, "packed by mlx, which is not read; what mlx_lm.convert --dequantize writes is", reasons["q_proj.weight"])
		assert.Equal(t, "belongs to q_proj.weight, packed by mlx, which is not read", reasons["q_proj.scales"])
	}
	reasons := skips(t, quantized("gptq"), zeros("q_proj.qweight", "I32", 16, 64))
	assert.Equal(t, "packed by gptq, which is not read; the model that it was made from is", reasons["q_proj.qweight"])
}

// TestPartsAreClaimedOnce lists what belongs to payloads of one module once, and not for
// each payload again: a file may have any number of them.
func TestPartsAreClaimedOnce(t *testing.T) {
	var list []safetensors.Data
	for i := range 100 {
		list = append(list, zeros(fmt.Sprintf("m.w_%d", i), "I8", 4, 4), zeros(fmt.Sprintf("m.w_%d_scale", i), "F32", 4, 1))
	}
	m := openTensors(t, "", list...)
	for _, x := range m.Tensors() {
		assert.Contains(t, x.Skip, "packed by a quantiser", x.Name)
	}
	var all []*stored
	for i := range m.tensors {
		e := m.tensors[i].entry()
		all = append(all, &e.stored)
	}
	l := &lister{model: m, lookup: newLookup(all, nil)}
	c := &claims{lister: l, owner: make(map[string]bool)}
	total := 0
	for _, name := range l.names {
		parts, packed := c.of(l.get(name))
		assert.True(t, packed, name)
		total += len(parts)
	}
	assert.LessOrEqual(t, total, 4*len(l.names))
}
