package checkpoint

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// zeros makes a tensor of this type and shape.
func zeros(name, dtype string, shape ...int64) safetensors.Data {
	n := int64(safetensors.Bits(dtype))
	for _, d := range shape {
		n *= d
	}
	return safetensors.Data{Name: name, DType: dtype, Shape: shape, Bytes: make([]byte, n/8)}
}

// skips maps the names of the tensors of a model to why they are skipped.
func skips(t *testing.T, config string, tensors ...safetensors.Data) map[string]string {
	t.Helper()
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", tensors...)
	if config != "" {
		writeFile(t, dir, configName, config)
	}
	m := open(t, dir)
	reasons := make(map[string]string)
	for _, x := range m.Tensors() {
		reasons[x.Name] = x.Skip
		_, err := m.Load(t.Context(), x, nil)
		if x.Skip == "" {
			require.NoError(t, err, x.Name)
			assert.NotZero(t, x.Memory, x.Name)
		} else {
			require.ErrorIs(t, err, ErrUnsupported, x.Name)
			assert.Zero(t, x.Memory, x.Name)
		}
	}
	return reasons
}

func quantized(method string) string {
	return `{"quantization_config":{"quant_method":"` + method + `"}}`
}

// TestPackedIsRefusedByName uses the names that each quantiser writes.
func TestPackedIsRefusedByName(t *testing.T) {
	const m = "model.layers.0.self_attn.q_proj."
	for _, c := range []struct {
		config  string
		reason  string
		tensors []safetensors.Data
	}{
		{quantized("gptq"), "packed by gptq, which is not read", []safetensors.Data{
			zeros(m+"qweight", "I32", 8, 64), zeros(m+"qzeros", "I32", 1, 8), zeros(m+"scales", "F16", 1, 64), zeros(m+"g_idx", "I32", 64)}},
		{quantized("awq"), "packed by awq, which is not read", []safetensors.Data{
			zeros(m+"qweight", "I32", 64, 8), zeros(m+"qzeros", "I32", 1, 8), zeros(m+"scales", "F16", 1, 64)}},
		{"", "packed by gptq or awq, which is not read", []safetensors.Data{
			zeros(m+"qweight", "I32", 64, 8), zeros(m+"scales", "F16", 1, 64)}},
		{quantized("bitsandbytes"), "packed by bitsandbytes, which is not read", []safetensors.Data{
			zeros(m+"weight", "U8", 32, 1), zeros(m+"weight.absmax", "F32", 4), zeros(m+"weight.quant_map", "F32", 16),
			zeros(m+"weight.quant_state.bitsandbytes__nf4", "U8", 70)}},
		{"", "packed by bitsandbytes, which is not read", []safetensors.Data{zeros(m+"weight", "I8", 8, 8), zeros(m+"SCB", "F32", 8)}},
		{quantized("compressed-tensors"), "packed by compressed-tensors, which is not read", []safetensors.Data{
			zeros(m+"weight_packed", "I32", 8, 8), zeros(m+"weight_scale", "BF16", 8, 1), zeros(m+"weight_shape", "I64", 2)}},
		{"", "packed by compressed-tensors, which is not read", []safetensors.Data{zeros(m+"weight", "I8", 8, 8), zeros(m+"weight_scale", "BF16", 8, 1)}},
		{quantized("modelopt"), "packed by modelopt, which is not read", []safetensors.Data{
			zeros(m+"weight", "U8", 8, 4), zeros(m+"weight_scale", "F8_E4M3", 8, 1), zeros(m+"weight_scale_2", "F32")}},
		{quantized("quanto"), "packed by quanto, which is not read", []safetensors.Data{zeros(m+"weight", "I8", 8, 8)}},
	} {
		// A norm beside it is not touched.
		reasons := skips(t, c.config, append(c.tensors, zeros("model.norm.weight", "BF16", 8))...)
		assert.Len(t, reasons, len(c.tensors)+1)
		for name, reason := range reasons {
			if name == "model.norm.weight" {
				assert.Empty(t, reason)
				continue
			}
			assert.Contains(t, reason, c.reason, "%s %s", c.config, name)
		}
	}
}

func TestScalesThatDoNotFit(t *testing.T) {
	for _, scale := range []safetensors.Data{
		zeros("w.weight_scale_inv", "F32", 131, 1), zeros("w.weight_scale", "F32", 2), zeros("w.weight_scale_inv", "I32", 2, 2),
		zeros("w.weight_scale", "F32", 200), zeros("w.scale", "F32", 2, 2, 1), zeros("w.weight_scale_inv", "F32", 0, 0),
	} {
		reasons := skips(t, "", zeros("w.weight", "F8_E4M3", 130, 200), scale)
		assert.Contains(t, reasons["w.weight"], "its scales "+scale.Name+" are ", scale.Shape)
		assert.Equal(t, scalesReason, reasons[scale.Name], scale.Shape)
	}
	for _, scale := range []safetensors.Data{
		zeros("w.weight_scale_inv", "F32", 2, 2), zeros("w.weight_scale", "BF16", 130, 1), zeros("w.weight_scale", "F16", 130),
		zeros("w.weight_scale", "F64"), zeros("w.weight_scale", "F32", 1, 200), zeros("w.scale", "F8_E8M0", 2, 2), zeros("w.weight_scale", "F32", 1),
	} {
		reasons := skips(t, "", zeros("w.weight", "F8_E4M3", 130, 200), scale)
		assert.Empty(t, reasons["w.weight"], scale.Shape)
		assert.NotEmpty(t, reasons[scale.Name])
	}
	assert.Contains(t, skips(t, "", zeros("b", "F8_E4M3", 8, 8), zeros("b_scale", "F32"), zeros("b_scale_2", "F32"))["b"], "second scale")
}

func TestNotWeights(t *testing.T) {
	reasons := skips(t, "", zeros("h.0.attn.bias", "F32", 1, 1, 4, 4), zeros("h.0.attn.c_attn.bias", "F32", 4),
		zeros("l.0.q_proj.weight", "F8_E4M3", 2, 2), zeros("l.0.q_proj.weight_scale", "F32"), zeros("l.0.q_proj.input_scale", "F32", 1),
		zeros("l.0.self_attn.k_scale", "F32", 1))
	assert.Equal(t, map[string]string{
		"h.0.attn.bias": "a mask that was saved with the weights", "h.0.attn.c_attn.bias": "", "l.0.q_proj.weight": "",
		"l.0.q_proj.weight_scale": scalesReason, "l.0.q_proj.input_scale": "scales of activations", "l.0.self_attn.k_scale": "scales of activations",
	}, reasons)
}

func TestMXFP4Shapes(t *testing.T) {
	blocks := zeros("e.experts.w_blocks", "U8", 2, 3, 4, 16)
	reasons := skips(t, "", blocks, zeros("e.experts.w_scales", "U8", 2, 3, 4), zeros("e.experts.w_bias", "BF16", 2, 3))
	assert.Equal(t, map[string]string{
		"e.experts.0.w": "", "e.experts.1.w": "", "e.experts.w_scales": scalesReason, "e.experts.w_bias": "vectors of all experts, stacked",
	}, reasons)
	assert.Contains(t, skips(t, "", blocks, zeros("e.experts.w_scales", "U8", 2, 3, 5))["e.experts.w_blocks"], "want bytes of shape [2 3 4]")
	assert.Equal(t, "U8 is not a supported type", skips(t, "", blocks)["e.experts.w_blocks"])
	assert.Equal(t, map[string]string{"w": "", "w_scales": scalesReason},
		skips(t, "", zeros("w_blocks", "U8", 3, 4, 16), zeros("w_scales", "F8_E8M0", 3, 4)))
}

// TestScalesInAnotherShard reads weights whose scales are in a file of their
// own, and says so when that file is cut short.
func TestScalesInAnotherShard(t *testing.T) {
	dir := t.TempDir()
	w := zeros("w.weight", "F8_E4M3", 2, 2)
	copy(w.Bytes, []byte{0x38, 0x40, 0xb8, 0x01}) // 1, 2, −1, 2⁻⁹
	writeShard(t, dir, "a.safetensors", w)
	path := writeShard(t, dir, "b.safetensors", tensor("w.weight_scale_inv", "F32", []int64{1, 1}, []float32{0.5}))
	writeFile(t, dir, indexName, indexText("w.weight", "a.safetensors", "w.weight_scale_inv", "b.safetensors"))
	m := open(t, dir)
	x := find(t, m, "w.weight")
	assert.EqualValues(t, 16, x.Memory)
	got, err := m.Load(t.Context(), x, nil)
	require.NoError(t, err)
	assert.Equal(t, []float64{0.5, 1}, got.Row(nil, 0))
	assert.Equal(t, []float64{-0.5, 0x1p-10}, got.Row(nil, 1))

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, info.Size()-1))
	_, err = m.Load(t.Context(), x, nil)
	assert.ErrorContains(t, err, `a.safetensors: tensor "w.weight": its scales "w.weight_scale_inv" in b.safetensors: file cut short`)
}

func TestQuantizationConfig(t *testing.T) {
	c, said := parseConfig([]byte(`{"quantization_config":{"quant_method":"fp8","weight_block_size":[64,32],"modules_to_not_convert":["x"],"bits":null}}`))
	assert.Empty(t, said)
	assert.Equal(t, "fp8", c.Quantization)
	assert.Equal(t, [][2]int64{{64, 32}}, c.blocks)
	for _, text := range []string{`{"quantization_config":null}`, `{"quantization_config":"no"}`, `{"quantization_config":{"quant_method":7}}`} {
		c, _ := parseConfig([]byte(text))
		assert.Empty(t, c.Quantization)
	}
	for _, text := range []string{`{"quantization_config":{"weight_block_size":[0,1]}}`, `{"quantization_config":{"weight_block_size":[1,2,3]}}`,
		`{"quantization_config":{"weight_block_size":[1.5,2]}}`} {
		c, said := parseConfig([]byte(text))
		assert.Len(t, said, 1, text)
		assert.Contains(t, c.noBlocks, "weight_block_size in config.json is", text)
	}
}

// TestForeignFormats opens the fixtures of the other readers.
func TestForeignFormats(t *testing.T) {
	torch := filepath.Join("..", "internal", "format", "torchfile", "testdata")
	for name, want := range map[string]string{
		"evil.pt": `asks for "posix.system"`, "bomb.pt": "is compressed", "module.pt": "torch.nn.modules.linear.Linear",
	} {
		_, err := Open(t.Context(), filepath.Join(torch, name))
		assert.ErrorIs(t, err, ErrUnsupported, name)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, name)
	}
	m := open(t, filepath.Join(torch, "state.bin"))
	big, err := m.Load(t.Context(), find(t, m, "big"), nil)
	require.NoError(t, err)
	for name, at := range map[string]func(i, j int) float64{
		"transposed": func(i, j int) float64 { return big.At(j, i) },
		"corner":     func(i, j int) float64 { return big.At(i+1, j+3) },
		"steps":      func(i, j int) float64 { return big.At(2*i, 3*j) },
		"rows":       func(i, j int) float64 { return big.At(i+2, j) },
	} {
		w, err := m.Load(t.Context(), find(t, m, name), nil)
		require.NoError(t, err)
		rows, cols := w.Dims()
		for i := range rows {
			for j := range cols {
				assert.Equal(t, at(i, j), w.At(i, j), "%s %d,%d", name, i, j)
			}
		}
	}
	assert.Contains(t, find(t, m, "broadcast").Skip, "repeats or overlaps")
	assert.Equal(t, "the same values as embed.weight", find(t, m, "head.weight").Skip)
	w, err := m.Load(t.Context(), find(t, m, "swapped"), nil)
	require.NoError(t, err)
	rows, cols := w.Dims()
	assert.Equal(t, [2]int{4, 6}, [2]int{rows, cols})
	assert.Equal(t, -2.5+4, w.At(0, 1), "4×2×3 as 4×6 of a 2×3×4: (0,0,1) is (0,1,0)")
}

func TestGGUFModel(t *testing.T) {
	formats := filepath.Join("..", "testdata", "formats")
	m := open(t, filepath.Join(formats, "gguf-Q4_K.gguf"))
	assert.Equal(t, Config{ModelType: "llama"}, m.Config())
	x := find(t, m, "model.layers.0.self_attn.q_proj.weight")
	assert.Equal(t, "Q4_K", x.DType)
	assert.Equal(t, "blk.0.attn_q.weight", x.Stored)
	assert.Len(t, open(t, filepath.Join(formats, "gguf-split")).Files(), 2)

	dir := t.TempDir()
	first, err := os.ReadFile(filepath.Join(formats, "gguf-split", "model-00001-of-00002.gguf"))
	require.NoError(t, err)
	writeFile(t, dir, "model-00001-of-00002.gguf", string(first))
	_, err = Open(t.Context(), dir)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "model-00002-of-00002.gguf")
	writeFile(t, dir, "other.gguf", string(first))
	_, err = Open(t.Context(), dir)
	assert.ErrorIs(t, err, ErrNoWeights)
}
