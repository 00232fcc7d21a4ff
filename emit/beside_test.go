package emit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/selection"
)

// A dense block and a shared expert beside fused experts are targets as parameters where
// there are such, with ranks of their own, and left out where only modules are listed.
func TestBesideFusedExperts(t *testing.T) {
	const dense, shared, attention = "model.layers.0.mlp.down_proj.weight", "model.layers.1.mlp.shared_experts.up_proj.weight", "model.layers.1.self_attn.q_proj.weight"
	model := []emit.Param{
		{Name: "model.layers.1.mlp.experts.gate_up_proj", Params: 64, Dims: 3, Rows: 4}, {Name: "model.layers.1.mlp.experts.down_proj", Params: 64, Dims: 3, Rows: 4},
		{Name: "model.layers.1.mlp.gate.weight", Params: 8, Dims: 2},
		{Name: "model.layers.0.mlp.up_proj.weight", Params: 16, Dims: 2}, {Name: dense, Params: 16, Dims: 2},
		{Name: "model.layers.1.mlp.shared_experts.down_proj.weight", Params: 16, Dims: 2}, {Name: shared, Params: 16, Dims: 2},
		{Name: attention, Params: 16, Dims: 2},
	}
	sel := &selection.Selection{Groups: []selection.Group{
		{Type: "a", Chosen: []spectrum.Layer{{Name: dense, Type: "a", SNR: 8}, {Name: shared, Type: "a", SNR: 2}, {Name: attention, Type: "a", SNR: 4}}},
	}}
	for f, all := range map[emit.Format]bool{
		emit.PEFT: true, emit.AxolotlLoRA: true, emit.TRLLoRA: true, emit.Unsloth: true, emit.GaLore: true, emit.Verl: false, emit.LLaMAFactoryLoRA: false,
	} {
		made, err := emit.Make(f, sel, emit.Training{Model: model})
		if f == emit.TRLLoRA { // a list of one module, of which TRL makes a string
			assert.ErrorIs(t, err, emit.ErrInexpressible, f)
			continue
		}
		require.NoError(t, err, f)
		want := []string{attention}
		if all {
			want = append(want, dense, shared)
		}
		assert.ElementsMatch(t, want, paramNames(made.Trained), f)
		assert.Len(t, made.Left, 3-len(want), f)
	}
	made, err := emit.Make(emit.PEFT, sel, emit.Training{Model: model})
	require.NoError(t, err)
	assert.Contains(t, made.Text, `"`+dense+`": 32`, "the rank of a parameter by its own name")
}

// GaLore has nothing to project in a model of Conv1D.
func TestGaLoreOfGPT2(t *testing.T) {
	sel := &selection.Selection{Groups: []selection.Group{{Type: "a", Chosen: []spectrum.Layer{{Name: "transformer.h.0.attn.c_attn.weight", Type: "a", SNR: 1}}}}}
	_, err := emit.Make(emit.GaLore, sel, emit.Training{ModelType: "gpt2"})
	assert.ErrorIs(t, err, emit.ErrInexpressible)
	assert.ErrorContains(t, err, "Conv1D")
	_, err = emit.Make(emit.GaLore, sel, emit.Training{ModelType: "gpt_bigcode"})
	assert.NoError(t, err)
}
