package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// towers writes a model with a vision tower, experts and norms in both.
func towers(t *testing.T) string {
	t.Helper()
	tensor := func(name string, shape ...int64) safetensors.Data {
		n := int64(1)
		for _, d := range shape {
			n *= d
		}
		var b []byte
		for i := range n {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(i*i%7)-3))
		}
		return safetensors.Data{Name: name, DType: "F32", Shape: shape, Bytes: b}
	}
	var file bytes.Buffer
	require.NoError(t, safetensors.Write(&file, []safetensors.Data{
		tensor("model.vision_tower.encoder.layers.0.layer_norm1.weight", 8),
		tensor("model.vision_tower.encoder.layers.0.self_attn.q_proj.weight", 8, 6),
		tensor("model.layers.0.input_layernorm.weight", 8),
		tensor("model.layers.0.self_attn.q_proj.weight", 8, 6),
		tensor("model.layers.0.mlp.experts.0.norm.weight", 8),
		tensor("model.layers.0.mlp.experts.1.norm.weight", 8),
		tensor("model.layers.0.mlp.experts.0.up_proj.weight", 8, 6),
		tensor("model.layers.0.mlp.experts.1.up_proj.weight", 8, 6),
	}, nil))
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o666))
	return path
}

// One rule gives the types by which scan, select and inspect exclude and group.
func TestTypesAreOneRule(t *testing.T) {
	model := towers(t)
	file := filepath.Join(t.TempDir(), "out.json")
	ok(t, "scan", model, "-o", file)
	chosen, _ := ok(t, "select", file, "--norms", "always", "--exclude", "vision_tower.*", "--format", "names")
	assert.Equal(t, []string{
		"model.layers.0.input_layernorm.weight", "model.layers.0.mlp.experts.0.norm.weight", "model.layers.0.mlp.experts.1.norm.weight",
	}, strings.Fields(chosen))

	raw, _ := ok(t, "select", file, "--norms", "always", "--format", "json")
	var selection struct {
		Types []struct {
			Type string
			Of   int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(raw), &selection))
	of := make(map[string]int)
	for _, g := range selection.Types {
		of[g.Type] = g.Of
	}
	assert.Equal(t, map[string]int{
		"vision_tower.self_attn.q_proj": 1, "vision_tower.layer_norm1": 1, "self_attn.q_proj": 1, "input_layernorm": 1,
		"mlp.experts.*.up_proj": 2, "mlp.experts.*.norm": 2,
	}, of)

	// A scan that ranks the norms leaves out the same, and inspect shows why.
	ranked, _ := ok(t, "scan", model, "--vectors", "--exclude", "vision_tower.*", "--format", "csv")
	assert.NotContains(t, ranked, "layer_norm1")
	table, _ := ok(t, "inspect", model)
	for name := range of {
		assert.Contains(t, table, " "+name+" ")
	}

	// Grouped as the reference does, the norms go with the matrices.
	ok(t, "scan", model, "--types", "reference", "-o", file)
	raw, _ = ok(t, "select", file, "--norms", "always", "--format", "json")
	assert.Contains(t, raw, `"type": "mlp.experts.1.norm"`)
	assert.Contains(t, raw, `"type": "layer_norm1"`)
}
