package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

const formats = "../../testdata/formats"

func TestInspectFormats(t *testing.T) {
	for model, parts := range map[string][]string{
		"mxfp4":            {"experts.1.down_proj", "MXFP4", "8×256", "no: scales of other weights", "no: vectors of all experts, stacked", "a scan analyses 2 with 4,096"},
		"gguf-Q6_K.gguf":   {"model.layers.0.self_attn.q_proj.weight", "Q6_K", "no: 1-D"},
		"fp8-blocks":       {"F8_E4M3", "weight_scale_inv", "a scan analyses 2 with"},
		"torch-sharded":    {"F16", "in 2 files"},
		"safetensors-BF16": {"BF16"},
	} {
		out, _ := ok(t, "inspect", filepath.Join(formats, model))
		for _, part := range parts {
			assert.Contains(t, out, part, model)
		}
	}
	code, _, stderr := command("scan", "../../internal/format/torchfile/testdata/evil.pt")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "posix.system")
}

// experts writes a model of one block with fused experts, one of them dead.
func experts(t *testing.T) string {
	t.Helper()
	var b []byte
	for i := range 3 * 8 * 6 {
		v := float32(i*i%7) - 3
		if i >= 2*8*6 {
			v *= 1e-6
		}
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	dir := t.TempDir()
	var file bytes.Buffer
	require.NoError(t, safetensors.Write(&file, []safetensors.Data{
		{Name: "model.layers.0.mlp.experts.gate_up_proj", DType: "F32", Shape: []int64{3, 8, 6}, Bytes: b},
	}, nil))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model.safetensors"), file.Bytes(), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"hidden_size":6}`), 0o666))
	return dir
}

func TestScanExperts(t *testing.T) {
	dir := experts(t)
	out, _ := ok(t, "scan", dir, "--all")
	assert.Contains(t, out, "mlp.experts.*.gate_up_proj (3)")
	assert.Contains(t, out, "dead experts, of a norm below 1/1000 of their type's median; the score favours small weights: 1\n  model.layers.0.mlp.experts.2.gate_up_proj: ")
	out, _ = ok(t, "scan", dir, "--types", "reference", "--all")
	assert.Contains(t, out, "\nmlp.experts.1.gate_up_proj (1)")
	assert.Contains(t, out, "dead experts")
	out, _ = ok(t, "scan", dir, "--split", "--all")
	assert.Contains(t, out, "mlp.experts.*.gate_proj (3)")
	assert.Contains(t, out, "mlp.experts.*.up_proj (3)")
	out, _ = ok(t, "inspect", dir, "--split")
	assert.Contains(t, out, "mlp.experts.2.up_proj")
	code, _, stderr := command("scan", dir, "--types", "other")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "--types")
}

func TestScanSaysDequantised(t *testing.T) {
	out, _ := ok(t, "scan", filepath.Join(formats, "gguf-Q4_0.gguf"))
	assert.Contains(t, out, "de-quantised weights, of a lower precision than the model's own: Q4_0 (2)")
	out, _ = ok(t, "scan", filepath.Join(formats, "gguf-Q4_0.gguf"), "--format", "json")
	assert.Contains(t, out, `"dtype": "Q4_0"`)
	out, _ = ok(t, "scan", filepath.Join(formats, "gguf-F16.gguf"))
	assert.NotContains(t, out, "de-quantised")
}
