package emit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/selection"
)

// The plugin selects by itself, so only what it selects can be asked of it, and what it
// trains beside is counted.
func TestPlugin(t *testing.T) {
	model := []emit.Param{
		{Name: "lm_head.weight", Params: 1000}, {Name: "model.embed_tokens.weight", Params: 100},
		{Name: "model.layers.0.mlp.up_proj.weight", Params: 24}, {Name: "model.layers.1.mlp.up_proj.weight", Params: 24},
		{Name: "model.layers.0.self_attn.q_proj.weight", Params: 16}, {Name: "model.layers.1.self_attn.q_proj.weight", Params: 16},
	}
	how := emit.Training{Model: model, Name: "org/a_model"}
	file, err := emit.Make(emit.AxolotlPlugin, selected(), how)
	require.NoError(t, err)
	assert.Contains(t, file.Text, "-o model_snr_results/snr_results_org-a-model.json\n")
	assert.Contains(t, file.Text, "spectrum_top_fraction: 0.5\nspectrum_model_name: org/a_model\n")
	assert.Len(t, file.Trained, 4)
	assert.EqualValues(t, 1140, file.Params())

	for name, sel := range map[string]*selection.Selection{"another rule": {Percent: 50, Rule: "top 50 % of all layers"}, "no percentage": {Rule: "top 0 % of each type"}} {
		_, err = emit.Make(emit.AxolotlPlugin, sel, how)
		assert.ErrorIs(t, err, emit.ErrInexpressible, name)
	}
	for _, name := range []string{"", "a b", "x: y", "../x\n"} {
		how.Name = name
		_, err = emit.Make(emit.AxolotlPlugin, selected(), how)
		assert.ErrorIs(t, err, emit.ErrInexpressible, name)
	}
}
