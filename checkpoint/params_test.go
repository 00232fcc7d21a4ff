package checkpoint

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// TestParametersCountOnce has six parameters in each weight.
func TestParametersCountOnce(t *testing.T) {
	assert.Zero(t, (*Model)(nil).Params())
	f8 := func(name string) safetensors.Data {
		return safetensors.Data{Name: name, DType: "F8_E4M3", Shape: []int64{2, 3}, Bytes: make([]byte, 6)}
	}
	for name, c := range map[string]struct {
		config  string
		tensors []safetensors.Data
		want    int64
	}{
		"weights and a vector": {"{}", []safetensors.Data{f32("a.weight", 2, 3), f32("b.weight", 2, 3), tensor("norm.weight", "F32", []int64{4}, make([]float32, 4))}, 16},
		"a tied head":          {`{"tie_word_embeddings":true}`, []safetensors.Data{f32("model.embed_tokens.weight", 2, 3), f32("lm_head.weight", 2, 3)}, 6},
		"scales":               {"{}", []safetensors.Data{f8("a.weight"), f32("a.weight_scale", 2, 1), tensor("a.input_scale", "F32", []int64{1}, []float32{1})}, 6},
		"weight norm":          {"{}", []safetensors.Data{f32("a.weight_v", 2, 3), f32("a.weight_g", 2, 1)}, 8},
		"an adapter":           {"{}", []safetensors.Data{f32("q.lora_A.weight", 2, 3), f32("q.lora_B.weight", 3, 2)}, 12},
		"experts":              {"{}", []safetensors.Data{tensor("mlp.experts.up_proj", "F32", []int64{2, 2, 3}, make([]float32, 12))}, 12},
	} {
		dir := t.TempDir()
		writeShard(t, dir, "model.safetensors", c.tensors...)
		writeFile(t, dir, "config.json", c.config)
		assert.Equal(t, c.want, open(t, dir).Params(), name)
	}

	m := open(t, sharded(t, indexText("a", "s10.safetensors", "b", "sub/s2.safetensors", "both", "sub/s2.safetensors")))
	assert.EqualValues(t, 2+3+3, m.Params(), "what the index does not take does not count")

	all := int64(0)
	views := open(t, filepath.Join("..", "internal", "format", "torchfile", "testdata", "state.bin"))
	for _, x := range views.Tensors() {
		all += x.Params()
	}
	assert.Equal(t, all-find(t, views, "head.weight").Params(), views.Params(), "what shares its values does not count twice")
}
