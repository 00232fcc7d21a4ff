package results

import (
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moe is the result of a model of one block with two experts, held in one parameter
// when loaded, and one weight of its own.
func moe() *Result {
	row := func(name, typ, parameter string, snr float64, params int64) Row {
		return Row{Name: name, Type: typ, Parameter: parameter, SNR: Number(snr), Params: params, Ranked: true}
	}
	const experts = "model.layers.0.mlp.experts."
	return &Result{
		Provenance: Provenance{Transformers: "5"},
		Rows: []Row{
			row("model.layers.0.self_attn.q_proj.weight", "self_attn.q_proj", "model.layers.0.self_attn.q_proj.weight", 5, 16),
			row(experts+"0.gate_proj.weight", "mlp.experts.*.gate_proj", experts+"gate_up_proj", 1, 8),
			row(experts+"0.up_proj.weight", "mlp.experts.*.up_proj", experts+"gate_up_proj", 2, 8),
			row(experts+"1.gate_proj.weight", "mlp.experts.*.gate_proj", experts+"gate_up_proj", 4, 8),
			row(experts+"1.up_proj.weight", "mlp.experts.*.up_proj", experts+"gate_up_proj", 9, 8),
		},
		Skipped: []Skipped{
			{Name: "model.norm.weight", Shape: []int64{4}, Parameter: "model.norm.weight"},
			{Name: "model.rotary_emb.inv_freq", Shape: []int64{4}},
		},
	}
}

func TestCandidates(t *testing.T) {
	fused := moe().Scores().Candidates(ExpertsFused)
	require.Len(t, fused, 2)
	assert.Equal(t, "model.layers.0.mlp.experts.gate_up_proj", fused[1].Name)
	assert.Equal(t, fused[1].Name, fused[1].Parameter)
	assert.Equal(t, "mlp.experts.gate_up_proj", fused[1].Type)
	assert.Equal(t, 3., fused[1].SNR, "the median of 1, 2, 4, 9")
	assert.Equal(t, []float64{1, 9}, []float64{fused[1].Low, fused[1].High})
	assert.EqualValues(t, 32, fused[1].Params)
	assert.Len(t, fused[1].Rows, 4)
	assert.Equal(t, "self_attn.q_proj", fused[0].Type)

	single := moe().Scores().Candidates(ExpertsSingle)
	require.Len(t, single, 3)
	assert.Equal(t, "model.layers.0.mlp.experts.1.gate_up_proj", single[2].Name)
	assert.Equal(t, "1", single[2].Expert)
	assert.Equal(t, "mlp.experts.*.gate_up_proj", single[2].Type)
	assert.Equal(t, 6.5, single[2].SNR, "the median of 4 and 9")
	assert.Equal(t, fused[1].Name, single[2].Parameter)
}

// Rows that failed have no say; without any score there is none.
func TestCandidatesWithoutScore(t *testing.T) {
	r := moe()
	for i := 1; i < 5; i++ {
		r.Rows[i].Error = "NaN at row 0, column 0"
	}
	r.Rows[3].Error = ""
	c := r.Scores().Candidates(ExpertsFused)[1]
	assert.Equal(t, 4., c.SNR)
	r.Rows[3].Error = "the same"
	c = r.Scores().Candidates(ExpertsFused)[1]
	assert.True(t, math.IsNaN(c.SNR) && math.IsNaN(c.Low) && math.IsNaN(c.High))
}

// What no module has takes no part, also as something that is chosen on request.
func TestAbsent(t *testing.T) {
	r := moe()
	r.Rows[0].Ranked, r.Rows[0].Parameter, r.Rows[0].Absent = false, "", "a block that is not loaded"
	s := r.Scores()
	assert.Len(t, s.Candidates(ExpertsFused), 1)
	require.Len(t, s.Unranked(), 1)
	assert.Equal(t, "model.norm.weight", s.Unranked()[0].Name)
}

func TestResolve(t *testing.T) {
	write := func(text string) *Parameters {
		file := t.TempDir() + "/names"
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		p, err := ReadParameters(file)
		require.NoError(t, err)
		return p
	}
	p := write(`{"base.model.layers.0.self_attn.q_proj.weight": [4, 4], "model.layers.0.mlp.experts.gate_up_proj": [2, 4, 4]}`)
	assert.Equal(t, []int64{2, 4, 4}, p.Shape("model.layers.0.mlp.experts.gate_up_proj"))
	r := moe()
	r.Rows = r.Rows[:1]
	left, err := r.Scores().Resolve(p)
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.Equal(t, "base.model.layers.0.self_attn.q_proj.weight", r.Rows[0].Parameter, "the only one with this end")

	// An end that two parameters have says nothing, and neither does one without the block.
	for _, text := range []string{
		"a.model.layers.0.self_attn.q_proj.weight\nb.model.layers.0.self_attn.q_proj.weight\n",
		`["model.layers.1.self_attn.q_proj.weight"]`,
	} {
		r := moe()
		_, err = r.Scores().Resolve(write(text))
		assert.ErrorIs(t, err, ErrParameter)
		assert.ErrorContains(t, err, "model.layers.0.self_attn.q_proj.weight")
	}
	for _, text := range []string{"", "{}", "[]", `{"a": 1}`, `{"a": [1], "a": [2]}`, `["a", "a"]`, `["a"] x`, `[""]`} {
		file := t.TempDir() + "/names"
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := ReadParameters(file)
		assert.ErrorIs(t, err, ErrFormat, text)
	}
	_, err = moe().Scores().Resolve(nil)
	assert.Error(t, err)
}

// Sizes that a file claims do not turn negative together.
func TestSizesDoNotWrapAround(t *testing.T) {
	r := moe()
	for i := range r.Rows {
		r.Rows[i].Params = math.MaxInt64
	}
	for _, c := range r.Scores().Candidates(ExpertsFused) {
		assert.Equal(t, int64(math.MaxInt64), c.Params, c.Name)
	}
	assert.Equal(t, int64(math.MaxInt64), (&Skipped{Shape: []int64{1 << 40, 1 << 40}}).Params())
	assert.Zero(t, (&Skipped{Shape: []int64{1 << 40, -1}}).Params())
}
