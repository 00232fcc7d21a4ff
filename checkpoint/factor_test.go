package checkpoint

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// f8 is a matrix of 8-bit floats that count 1, 2, 1, 2, ….
func f8(name string, shape ...int64) safetensors.Data {
	d := zeros(name, "F8_E4M3", shape...)
	for i := range d.Bytes {
		d.Bytes[i] = []byte{0x38, 0x40}[i%2]
	}
	return d
}

// TestEverySpellingIsScaled has the names that vendors give to the factor of a weight,
// and some that nobody has given yet.
func TestEverySpellingIsScaled(t *testing.T) {
	const p = "blocks.0.attn.q_proj"
	for _, c := range []struct{ weight, scale string }{
		{".weight", ".weight_scale_inv"}, {".weight", ".weight_scale"}, {".weight", ".scale"}, // DeepSeek, compressed-tensors, DeepSeek's own
		{".weight", ".scale_weight"},            // ComfyUI
		{".weight", ".qscale_weight"},           // Mistral
		{".weight", ".weights_scaling_factor"},  // TensorRT-LLM
		{".weight", ".scale_inv"},               // Transformer Engine
		{".weight._data", ".weight._scale"},     // optimum-quanto
		{"._weight_qdata", "._weight_scale"},    // torchao
		{".weight", ".weight_quantizer._scale"}, // ModelOpt, Quark
		{".weight", ".weight.scale"}, {".weight", "_weight_scale"}, {".weight", ".w_scale"}, {".weight", ".weight_scales"},
	} {
		name := c.weight + c.scale
		m := openTensors(t, "", f8(p+c.weight, 2, 3), tensor(p+c.scale, "F32", []int64{1}, []float32{0.25}),
			zeros(p+".bias", "BF16", 2), zeros(p+".input_scale", "F32"))
		x := find(t, m, p+".weight")
		require.Empty(t, x.Skip, name)
		w, err := m.Load(t.Context(), x, nil)
		require.NoError(t, err, name)
		assert.Equal(t, []float64{0.25, 0.5, 0.25}, w.Row(nil, 0), name)
		assert.Equal(t, scalesReason, find(t, m, p+c.scale).Skip, name)
	}
}

// openTensors opens a model of these tensors.
func openTensors(t *testing.T, config string, tensors ...safetensors.Data) *Model {
	t.Helper()
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", tensors...)
	if config != "" {
		writeFile(t, dir, configName, config)
	}
	return open(t, dir)
}

// TestNoWeightWithoutItsFactor has tensors of unknown names beside 8-bit floats, each of
// which could be their scale, and some that could not.
func TestNoWeightWithoutItsFactor(t *testing.T) {
	const p = "layers.0.attn.wq"
	for _, other := range []safetensors.Data{
		zeros(p+".amplitude", "F32"), zeros(p+".s", "BF16", 8, 1), zeros(p+".exps", "U8", 8, 2), zeros(p+".inv_scale", "F32"),
		zeros(p+".vendor.multiplier", "F16", 8), zeros(p+".weight_quantizer._amax", "F32"), zeros(p+"_scale_of_rows", "F32", 8),
		zeros(p+".pre_quant_scale", "F32", 16), zeros(p+".weight_zero_point", "F8_E4M3", 8, 1), zeros(p+".g", "F8_E8M0", 8, 4),
	} {
		reasons := skips(t, "", f8(p+".weight", 8, 16), other, zeros("norm.weight", "BF16", 16))
		assert.Equal(t, other.Name+" beside it may be its scale, and is not read", reasons[p+".weight"])
		assert.Empty(t, reasons["norm.weight"])

		if other.Name == p+".inv_scale" {
			continue
		}
		reasons = skips(t, "", f8(p+".weight", 8, 16), other, zeros(p+".weight_scale", "F32"))
		assert.Equal(t, "has a second scale or offset, "+other.Name+", which is not read", reasons[p+".weight"])
	}
	for _, other := range []safetensors.Data{
		zeros(p+".bias", "F32", 8), zeros(p+".input_scale", "F32"), zeros(p+".activation_scale", "F32"), zeros(p+".input_quantizer._amax", "F32"),
		zeros(p+".lora_A.weight", "F32", 1, 16), zeros(p+".layer_norm_weight", "BF16", 16), zeros(p+".comfy_quant", "U8", 32),
		zeros(p+"_norm.weight", "BF16", 8), zeros(p+".weight_shape", "I64", 2), zeros(p+".mask", "BOOL", 8), f8(p+"2.weight", 1, 1),
	} {
		assert.Empty(t, skips(t, "", f8(p+".weight", 8, 16), other)[p+".weight"], other.Name)
	}
	two := skips(t, "", f8(p+".weight", 8, 16), zeros(p+".weight_scale", "F32"), zeros(p+".weight_scale_inv", "F32"))
	assert.Contains(t, two[p+".weight"], "has two scales, ")

	// q_scale is the scale of the queries everywhere but beside a weight called q.
	assert.Contains(t, skips(t, "", f8("attn.q.weight", 8, 16), zeros("attn.q_scale", "F32"))["attn.q.weight"], "attn.q_scale beside it may be")
	assert.Empty(t, skips(t, "", f8("attn.q_proj.weight", 8, 16), zeros("attn.q_scale", "F32"))["attn.q_proj.weight"])
	fused := skips(t, "", f8("attn.in_proj_weight", 8, 16), zeros("attn.in_proj_scale", "F32"))
	assert.Equal(t, map[string]string{"attn.in_proj_weight": "", "attn.in_proj_scale": scalesReason}, fused)
}

// TestScaleThatIsMissing reads 8-bit floats without a scale only where none has one.
func TestScaleThatIsMissing(t *testing.T) {
	const missing = "its scale is missing"
	a, b := f8("a.weight", 4, 4), f8("b.weight", 4, 4)
	assert.Equal(t, map[string]string{"a.weight": "", "b.weight": ""}, skips(t, "", a, b))
	assert.Equal(t, map[string]string{"a.weight": missing, "b.weight": missing}, skips(t, quantized("fp8"), a, b))
	assert.Empty(t, skips(t, `{"quantization_config":{}}`, a)["a.weight"], "a config that says nothing")
	assert.Equal(t, map[string]string{"a.weight": "", "a.weight_scale": scalesReason, "b.weight": missing, "n.weight": ""},
		skips(t, "", a, b, zeros("a.weight_scale", "F32"), f8("n.weight", 4)))
	assert.Equal(t, map[string]string{"a.weight": missing}, skips(t, "", f8("a._weight_qdata", 4, 4)))
}

// TestScaleBesideWideFloats refuses weights that may or may not have been multiplied.
func TestScaleBesideWideFloats(t *testing.T) {
	reasons := skips(t, "", f32("a.weight", 2, 2), zeros("a.weight_scale", "F32", 2, 1), f32("b.weight", 2, 2), zeros("b.scale", "F32", 2))
	assert.Contains(t, reasons["a.weight"], "has a scale, a.weight_scale, though it is F32")
	assert.Empty(t, reasons["b.weight"], "not all that is called scale is one of weights")
	assert.Equal(t, "a scale, and no weight", skips(t, "", zeros("gone.weight_scale", "F32", 8, 8))["gone.weight_scale"])
}

// TestStackedScales has a scale for each expert, row or column of experts.
func TestStackedScales(t *testing.T) {
	const n = "m.experts.gate_up_proj"
	w := f8(n, 2, 2, 4)
	for _, c := range []struct {
		scale safetensors.Data
		row   []float64 // first of the second expert
	}{
		{tensor(n+"_scale", "F32", []int64{2}, []float32{3, 0.5}), []float64{0.5, 1, 0.5, 1}},
		{tensor(n+"_scale", "F32", []int64{2, 1, 1}, []float32{3, 0.5}), []float64{0.5, 1, 0.5, 1}},
		{tensor(n+"_weight_scale", "F32", []int64{1}, []float32{2}), []float64{2, 4, 2, 4}},
		{tensor(n+"_scale_inv", "F32", []int64{2, 2}, []float32{9, 9, 2, 9}), []float64{2, 4, 2, 4}},
		{tensor(n+"_scale", "F32", []int64{2, 1, 4}, []float32{9, 9, 9, 9, 1, 2, 3, 4}), []float64{1, 4, 3, 8}}, // FBGEMM's Llama 4
		{tensor(n+"_scale", "F32", []int64{2, 4}, []float32{9, 9, 9, 9, 1, 2, 3, 4}), []float64{1, 4, 3, 8}},
	} {
		m := openTensors(t, "", w, c.scale)
		got, err := m.Load(t.Context(), find(t, m, "m.experts.1.gate_up_proj"), nil)
		require.NoError(t, err, c.scale.Shape)
		assert.Equal(t, c.row, got.Row(nil, 0), c.scale.Shape)
	}
	square := skips(t, "", f8(n, 2, 4, 4), zeros(n+"_scale", "F32", 2, 4))[n]
	assert.Contains(t, square, "fit [2 4 4] in blocks of 1×4 and of 4×1", "rows or columns, by the order they are stored in")
}

// TestBlocks finds the size of blocks in each of the places where it may be said.
func TestBlocks(t *testing.T) {
	const (
		list  = `{"quantization_config":{"config_groups":{"group_0":{"weights":{"strategy":"block","block_structure":[4,8]}}}}}`
		text  = `{"quantization_config":{"config_groups":{"g":{"targets":["Linear"],"weights":{"block_structure":"4x8"}},"h":null}}}`
		inner = `{"text_config":{"quantization_config":{"quant_method":"fp8","weight_block_size":[4,8]}}}`
		old   = `{"compression_config":{"config_groups":{"g":{"weights":{"block_structure":[4,8],"group_size":null}}}}}`
		group = `{"quantization_config":{"config_groups":{"g":{"weights":{"strategy":"group","group_size":8,"block_structure":null}}}}}`
		two   = `{"quantization_config":{"config_groups":{"g":{"weights":{"block_structure":[4,8]}},"h":{"weights":{"block_structure":[5,8]}}}}}`
	)
	w := f8("w.weight", 9, 16)
	for _, config := range []string{list, text, inner, old} {
		scale := tensor("w.weight_scale", "F32", []int64{3, 2}, []float32{1, 2, 3, 4, 5, 6})
		m := openTensors(t, config, w, scale)
		got, err := m.Load(t.Context(), find(t, m, "w.weight"), nil)
		require.NoError(t, err, config)
		assert.Equal(t, []float64{3, 4, 6}, []float64{got.At(4, 0), got.At(4, 8), got.At(8, 15) / 2}, config)
		assert.Contains(t, skips(t, config, w, zeros("w.weight_scale", "F32", 2, 2))["w.weight"], "do not fit")
	}
	assert.Empty(t, skips(t, group, w, zeros("w.weight_scale", "F32", 9, 2))["w.weight"])
	assert.Equal(t, "its scales w.weight_scale of shape [2 2] fit [8 16] in blocks of 4×8 and of 5×8; config.json does not say which",
		skips(t, two, f8("w.weight", 8, 16), zeros("w.weight_scale", "F32", 2, 2))["w.weight"])
	assert.Empty(t, skips(t, two, f8("w.weight", 4, 16), zeros("w.weight_scale", "F32", 1, 2))["w.weight"], "the same for both")

	// Without a word in config.json.
	for shape, ambiguous := range map[[4]int64]bool{
		{256, 128, 2, 1}: false, {256, 256, 2, 4}: false, {8, 96, 8, 3}: false,
		{200, 128, 2, 1}: true, {130, 64, 3, 1}: true, {96, 64, 2, 1}: true,
	} {
		reason := skips(t, "", f8("w.weight", shape[:2]...), zeros("w.weight_scale", "F32", shape[2:]...))["w.weight"]
		assert.Equal(t, ambiguous, reason != "", "%v: %s", shape, reason)
	}
	assert.Empty(t, skips(t, "", f8("w.weight", 200, 130), zeros("w.weight_scale_inv", "F32", 2, 2))["w.weight"], "DeepSeek's are 128×128")
	for _, config := range []string{
		`{"quantization_config":{"config_groups":{"g":{"weights":{"block_structure":"128"}}}}}`,
		`{"quantization_config":{"config_groups":{"g":{"weights":{"block_structure":[1]}}}}}`,
		`{"quantization_config":{"weight_block_size":[128]}}`,
	} {
		c, said := parseConfig([]byte(config))
		assert.NotEmpty(t, c.noBlocks, config)
		assert.NotEmpty(t, said, config)
		assert.Contains(t, skips(t, config, w, zeros("w.weight_scale", "F32", 3, 2))["w.weight"], "is not known: ", config)
	}
}

// TestMXFP8 reads the exponents that are stored as bytes.
func TestMXFP8(t *testing.T) {
	scale := zeros("w.weight_scale", "U8", 2, 2)
	copy(scale.Bytes, []byte{127, 128, 126, 125})
	m := openTensors(t, "", f8("w.weight", 2, 64), scale)
	got, err := m.Load(t.Context(), find(t, m, "w.weight"), nil)
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 4, 0.5, 0.5}, []float64{got.At(0, 0), got.At(0, 63), got.At(1, 0), got.At(1, 33)})
	assert.Contains(t, skips(t, "", f8("w.weight", 2, 64), zeros("w.weight_scale", "U8", 2, 1))["w.weight"], "do not fit")
}

// TestScaledPyTorch has 8-bit floats in a file of torch.save, transposed, with a scale for
// each row that is itself a column of something.
func TestScaledPyTorch(t *testing.T) {
	file := torchFile(t,
		torchTensor{"q_proj.weight._data", "float8_e4m3fn", []byte{2, 3}, []byte{1, 2}, []byte{0x38, 0x38, 0x40, 0x40, 0x44, 0x44}},
		torchTensor{"q_proj.weight._scale", "float32", []byte{2, 1}, []byte{2, 1}, append(float32s(2, 1), float32s(2, 0.5)...)},
		torchTensor{"norm.weight", "bfloat16", []byte{2}, []byte{1}, make([]byte, 4)})
	m, err := Opener{}.OpenReaderAt(t.Context(), bytes.NewReader(file), int64(len(file)), "model.pt")
	require.NoError(t, err)
	x := find(t, m, "q_proj.weight")
	require.Empty(t, x.Skip)
	assert.Equal(t, "q_proj.weight._data", x.Stored)
	got, err := m.Load(t.Context(), x, nil)
	require.NoError(t, err)
	assert.Equal(t, []float64{1, 2, 3}, got.Row(nil, 0))
	assert.Equal(t, []float64{0.5, 1, 1.5}, got.Row(nil, 1))
	assert.Equal(t, scalesReason, find(t, m, "q_proj.weight._scale").Skip)
}

// TestScaledGGUF multiplies the blocks of a GGUF file by the scale beside them.
func TestScaledGGUF(t *testing.T) {
	const (
		factor = 0.125
		name   = "model.layers.0.self_attn.q_proj.weight"
	)
	for _, kind := range []string{"F32", "F16", "BF16", "Q8_0", "Q4_K", "MXFP4"} {
		plain := open(t, filepath.Join("..", "testdata", "formats", "gguf-"+kind+".gguf"))
		i, ok := plain.find(plain.Files()[0].Name, name)
		require.True(t, ok)
		e := plain.tensors[i].entry()
		data := make([]byte, e.stored.size)
		require.NoError(t, readAt(t.Context(), bound{t.Context(), e.shard.file}, data, e.offset))
		beside := func(n int64) *Model {
			file := ggufFile(ggufTensor{"blk.0.attn_q.scale", 0, []int64{n}, float32s(n, factor)},
				ggufTensor{"blk.0.attn_q.weight", e.ggml, e.stored.shape, data})
			m, err := Opener{}.OpenReaderAt(t.Context(), bytes.NewReader(file), int64(len(file)), "x.gguf")
			require.NoError(t, err, kind)
			return m
		}
		scaled := beside(1)
		want, err := plain.Load(t.Context(), find(t, plain, name), nil)
		require.NoError(t, err, kind)
		got, err := scaled.Load(t.Context(), find(t, scaled, name), nil)
		require.NoError(t, err, kind)
		rows, cols := want.Dims()
		for i := range rows {
			for j := range cols {
				require.Equal(t, want.At(i, j)*factor, got.At(i, j), "%s %d,%d", kind, i, j)
			}
		}
		assert.Equal(t, scalesReason, find(t, scaled, "model.layers.0.self_attn.q_proj.scale").Skip)
		assert.Contains(t, find(t, beside(int64(rows)), name).Skip, "do not fit", "llama.cpp has no scale for each row")
	}
}

// TestScaledExpertsOfGGUF has a scale for each expert.
func TestScaledExpertsOfGGUF(t *testing.T) {
	file := ggufFile(ggufTensor{"blk.0.ffn_up_exps.weight", 0, []int64{2, 1, 2}, float32s(4, 3)},
		ggufTensor{"blk.0.ffn_up_exps.scale", 0, []int64{2}, append(float32s(1, 1), float32s(1, 2)...)})
	m, err := Opener{}.OpenReaderAt(t.Context(), bytes.NewReader(file), int64(len(file)), "x.gguf")
	require.NoError(t, err)
	for i, want := range []float64{3, 6} {
		got, err := m.Load(t.Context(), find(t, m, fmt.Sprintf("model.layers.0.block_sparse_moe.experts.%d.w3.weight", i)), nil)
		require.NoError(t, err)
		assert.Equal(t, want, got.At(0, 1))
	}
}

func TestFitNeverPanics(t *testing.T) {
	sides := []int64{0, 1, 2, 3, 5, 128, 1 << 40, math.MaxInt64}
	var shapes [][]int64
	shapes = append(shapes, nil)
	for _, a := range sides {
		shapes = append(shapes, []int64{a})
		for _, b := range sides {
			shapes = append(shapes, []int64{a, b}, []int64{2, a, b})
		}
	}
	for _, w := range shapes {
		for _, s := range shapes {
			for _, blocks := range [][][2]int64{nil, {{1, 1}}, {{2, math.MaxInt64}, {3, 1}}} {
				g, problem := fit(w, s)
				if problem != "" {
					continue
				}
				lay, problem := g.layOut(blocks, true)
				if problem == "" {
					assert.True(t, lay.height > 0 && lay.width > 0, "%d over %d: %v", s, w, lay)
				}
			}
		}
	}
}
