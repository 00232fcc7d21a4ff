package checkpoint

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// count makes a float32 tensor of 0, 1, 2, ….
func count(name string, shape ...int64) safetensors.Data {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i)
	}
	return tensor(name, "F32", shape, values)
}

// matrices loads every readable tensor.
func matrices(t *testing.T, m *Model) map[string][][]float64 {
	t.Helper()
	all := make(map[string][][]float64)
	var buf Buffer
	for _, x := range m.Tensors() {
		if x.Skip != "" {
			continue
		}
		w, err := m.Load(t.Context(), x, &buf)
		require.NoError(t, err, x.Name)
		rows, cols := w.Dims()
		r, c, _ := x.Dims()
		require.Equal(t, [2]int{r, c}, [2]int{rows, cols}, x.Name)
		for i := range rows {
			all[x.Name] = append(all[x.Name], w.Row(nil, i))
		}
	}
	return all
}

func fused(t *testing.T, split bool, config string, tensors ...safetensors.Data) *Model {
	t.Helper()
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", tensors...)
	writeFile(t, dir, configName, config)
	m, err := Opener{Split: split}.Open(t.Context(), dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func TestExperts(t *testing.T) {
	m := fused(t, false, `{}`,
		count("l.0.mlp.experts.gate_up_proj", 2, 3, 2), count("l.0.mlp.experts.down_proj.weight", 2, 1, 2),
		count("l.0.mlp.experts.7.up_proj.weight", 1, 2, 2), count("l.0.moe.input_linear.weight", 2, 1, 1),
		count("l.0.conv.weight", 2, 3, 2), count("cls_token", 1, 1, 4), count("position", 1, 2, 3),
		count("l.0.mlp.experts.gate_up_proj_bias", 2, 3), count("l.0.mlp.experts.none", 0, 2, 3), count("l.0.mlp.experts.tall", 70_000, 1, 1),
		count("l.0.mlp.experts.taller", 70_000, 1, 1))
	got := matrices(t, m)
	assert.Equal(t, [][]float64{{0, 1}, {2, 3}, {4, 5}}, got["l.0.mlp.experts.0.gate_up_proj"])
	assert.Equal(t, [][]float64{{6, 7}, {8, 9}, {10, 11}}, got["l.0.mlp.experts.1.gate_up_proj"])
	assert.Equal(t, [][]float64{{2, 3}}, got["l.0.mlp.experts.1.down_proj.weight"])
	assert.Equal(t, [][]float64{{0, 1}, {2, 3}}, got["l.0.mlp.experts.7.up_proj.weight"], "already apart")
	assert.Equal(t, [][]float64{{1}}, got["l.0.moe.experts.1.input_linear.weight"])
	assert.Equal(t, [][]float64{{0, 1, 2, 3, 4, 5}, {6, 7, 8, 9, 10, 11}}, got["l.0.conv.weight"])
	assert.Equal(t, [][]float64{{0, 1, 2, 3}}, got["cls_token"])
	assert.Equal(t, [][]float64{{0, 1, 2}, {3, 4, 5}}, got["position"])
	assert.True(t, find(t, m, "cls_token").Vector())
	assert.False(t, find(t, m, "position").Vector())
	assert.Contains(t, find(t, m, "l.0.mlp.experts.gate_up_proj_bias").Skip, "stacked")
	assert.Contains(t, find(t, m, "l.0.mlp.experts.taller").Skip, "more than 131072")
	x := find(t, m, "l.0.mlp.experts.1.gate_up_proj")
	assert.Equal(t, "l.0.mlp.experts.gate_up_proj", x.Stored)
	assert.EqualValues(t, 24, x.Size)
	assert.Equal(t, "mlp.experts.*.gate_up_proj", Type(x.Name))
	var params int64
	for _, x := range m.Tensors() {
		params += x.Params()
	}
	assert.EqualValues(t, 12+4+4+2+12+4+6+6+140_000, params, "nothing is lost or counted twice")
}

func TestDims(t *testing.T) {
	for _, c := range []struct {
		shape      []int
		rows, cols int
		vector     bool
	}{
		{[]int{5}, 1, 5, true}, {[]int{1, 5}, 1, 5, false}, {[]int{5, 1}, 5, 1, false}, {[]int{2, 3}, 2, 3, false},
		{[]int{2, 3, 4}, 2, 12, false}, {[]int{1, 3, 4}, 3, 4, false}, {[]int{6, 1, 4}, 6, 4, false}, {[]int{6, 4, 1, 1}, 6, 4, false},
		{[]int{1, 5, 1}, 1, 5, true}, {[]int{1, 1, 1}, 1, 1, true}, {[]int{0, 1, 3}, 0, 3, false}, {[]int{2, 0, 3}, 2, 0, false},
	} {
		x := Tensor{Shape: c.shape}
		rows, cols, ok := x.Dims()
		assert.Equal(t, []any{c.rows, c.cols, true, c.vector}, []any{rows, cols, ok, x.Vector()}, c.shape)
	}
	_, _, ok := Tensor{}.Dims()
	assert.False(t, ok)
}

func TestExpertsWithScales(t *testing.T) {
	w := zeros("e.experts.w", "F8_E4M3", 2, 2, 2)
	for i := range w.Bytes {
		w.Bytes[i] = 0x38 // 1
	}
	for _, scale := range []safetensors.Data{
		tensor("e.experts.w_scale", "F32", []int64{2}, []float32{2, 3}), tensor("e.experts.w_scale", "F32", []int64{2, 1, 1}, []float32{2, 3}),
		tensor("e.experts.w_scale_inv", "F32", []int64{2, 2, 1}, []float32{2, 2, 3, 3}),
	} {
		got := matrices(t, fused(t, false, `{}`, w, scale))
		assert.Equal(t, [][]float64{{2, 2}, {2, 2}}, got["e.experts.0.w"], scale.Shape)
		assert.Equal(t, [][]float64{{3, 3}, {3, 3}}, got["e.experts.1.w"], scale.Shape)
	}
	got := matrices(t, fused(t, false, `{}`, w, tensor("e.experts.w_scale", "F32", nil, []float32{5})))
	assert.Equal(t, [][]float64{{5, 5}, {5, 5}}, got["e.experts.1.w"])
}

func TestNameTakenByAPart(t *testing.T) {
	dir := t.TempDir()
	writeShard(t, dir, "model.safetensors", count("e.experts.w", 2, 1, 1), count("e.experts.1.w", 1, 1))
	_, err := Open(t.Context(), dir)
	assert.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, `tensor "e.experts.1.w" is there twice`)
}

// rowsOf returns rows i, j, … of a matrix of cols columns made by count.
func rowsOf(cols int, rows ...int) (m [][]float64) {
	for _, i := range rows {
		var row []float64
		for j := range cols {
			row = append(row, float64(i*cols+j))
		}
		m = append(m, row)
	}
	return m
}

func TestSplit(t *testing.T) {
	const llama = `{"model_type":"phi3","hidden_size":4,"num_attention_heads":2,"num_key_value_heads":1}` // head_dim 2
	for _, c := range []struct {
		config string
		tensor safetensors.Data
		want   map[string][][]float64
	}{
		{llama, count("l.0.a.qkv_proj.weight", 8, 4), map[string][][]float64{
			"l.0.a.q_proj.weight": rowsOf(4, 0, 1, 2, 3), "l.0.a.k_proj.weight": rowsOf(4, 4, 5), "l.0.a.v_proj.weight": rowsOf(4, 6, 7)}},
		{`{"head_dim":1,` + llama[1:], count("l.0.a.qkv_proj.weight", 4, 4), map[string][][]float64{
			"l.0.a.q_proj.weight": rowsOf(4, 0, 1), "l.0.a.k_proj.weight": rowsOf(4, 2), "l.0.a.v_proj.weight": rowsOf(4, 3)}},
		{`{"text_config":` + llama + `,"vision_config":{"hidden_size":99}}`, count("gate_up_proj", 2, 4), map[string][][]float64{
			"gate_proj": rowsOf(4, 0), "up_proj": rowsOf(4, 1)}},
		{`{"n_embd":2,"n_head":1}`, count("h.0.attn.c_attn.weight", 2, 6), map[string][][]float64{
			"h.0.attn.q_proj.weight": {{0, 1}, {6, 7}}, "h.0.attn.k_proj.weight": {{2, 3}, {8, 9}}, "h.0.attn.v_proj.weight": {{4, 5}, {10, 11}}}},
		{`{"n_embd":2,"n_head":1}`, count("h.0.attn.c_attn.weight", 6, 2), map[string][][]float64{
			"h.0.attn.q_proj.weight": rowsOf(2, 0, 1), "h.0.attn.k_proj.weight": rowsOf(2, 2, 3), "h.0.attn.v_proj.weight": rowsOf(2, 4, 5)}},
		{`{"model_type":"gpt_neox","hidden_size":4,"num_attention_heads":2}`, count("a.query_key_value.weight", 12, 4), map[string][][]float64{
			"a.query.weight": rowsOf(4, 0, 1, 6, 7), "a.key.weight": rowsOf(4, 2, 3, 8, 9), "a.value.weight": rowsOf(4, 4, 5, 10, 11)}},
		// Experts, out×in and in×out, and those of gpt-oss, whose halves take turns.
		{`{"hidden_size":3}`, count("m.experts.gate_up_proj", 1, 2, 3), map[string][][]float64{
			"m.experts.0.gate_proj": {{0, 1, 2}}, "m.experts.0.up_proj": {{3, 4, 5}}}},
		{`{"hidden_size":3}`, count("m.experts.gate_up_proj", 1, 3, 2), map[string][][]float64{
			"m.experts.0.gate_proj": {{0}, {2}, {4}}, "m.experts.0.up_proj": {{1}, {3}, {5}}}},
		{`{"model_type":"gpt_oss","hidden_size":2}`, count("m.experts.gate_up_proj", 1, 2, 4), map[string][][]float64{
			"m.experts.0.gate_proj": {{0, 2}, {4, 6}}, "m.experts.0.up_proj": {{1, 3}, {5, 7}}}},
		// Numbers that do not fit, or are not there: whole.
		{`{}`, count("a.qkv_proj.weight", 3, 1), map[string][][]float64{"a.qkv_proj.weight": {{0}, {1}, {2}}}},
		{llama, count("a.qkv_proj.weight", 9, 1), map[string][][]float64{"a.qkv_proj.weight": rowsOf(1, 0, 1, 2, 3, 4, 5, 6, 7, 8)}},
		{llama, count("gate_up_proj", 3, 4), map[string][][]float64{"gate_up_proj": rowsOf(4, 0, 1, 2)}},
		{`{"hidden_size":2}`, count("m.experts.gate_up_proj", 1, 2, 2), map[string][][]float64{"m.experts.0.gate_up_proj": rowsOf(2, 0, 1)}},
		{`{"num_attention_heads":3037000500,"head_dim":3037000500}`, count("a.qkv_proj.weight", 3, 1), map[string][][]float64{"a.qkv_proj.weight": {{0}, {1}, {2}}}},
		{`{"hidden_size":1e300,"num_attention_heads":0.5}`, count("gate_up_proj", 2, 1), map[string][][]float64{"gate_up_proj": {{0}, {1}}}},
	} {
		m := fused(t, true, c.config, c.tensor)
		assert.Equal(t, c.want, matrices(t, m), c.config)
		var size int64
		for _, x := range m.Tensors() {
			size += x.Size
		}
		assert.EqualValues(t, len(c.tensor.Bytes), size, c.config)
		whole := matrices(t, fused(t, false, c.config, c.tensor))
		assert.NotContains(t, fmt.Sprint(whole), "q_proj", "split only on request")
	}
}

// TestSplitMXFP4 takes gpt-oss's interleaved rows apart after decoding.
func TestSplitMXFP4(t *testing.T) {
	blocks, scales := zeros("m.experts.gate_up_proj_blocks", "U8", 1, 4, 1, 16), zeros("m.experts.gate_up_proj_scales", "U8", 1, 4, 1)
	for i := range 4 {
		scales.Bytes[i] = byte(127 + i)
		blocks.Bytes[16*i] = 0x72 // 1 and 6
	}
	m := fused(t, true, `{"model_type":"gpt_oss","hidden_size":32}`, blocks, scales)
	got := matrices(t, m)
	require.Len(t, got, 2)
	for name, rows := range map[string][2]float64{"m.experts.0.gate_proj": {1, 4}, "m.experts.0.up_proj": {2, 8}} {
		require.Len(t, got[name], 2)
		for i, s := range rows {
			assert.Equal(t, []float64{s, 6 * s, 0}, got[name][i][:3], name)
		}
	}
}
