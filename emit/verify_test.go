package emit_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/selection"
)

func report(t *testing.T, consumer emit.Format, text string, params []emit.Param) *emit.Report {
	t.Helper()
	rules, err := emit.Parse(consumer, []byte(text))
	require.NoError(t, err)
	rep, err := rules.Verify(params)
	require.NoError(t, err)
	return rep
}

const referenceYAML = `unfrozen_parameters:
- ^lm_head.weight$
- ^model.embed_tokens.weight$
# mlp.gate layers
- model.layers.1.mlp.gate
# self_attn.q_proj layers
- model.layers.1.self_attn.q_proj
`

// The file of the reference, as its consumers take it.
func TestVerifyReference(t *testing.T) {
	params := []emit.Param{
		{Name: "model.embed_tokens.weight", Params: 7, Bytes: 14}, {Name: "model.layers.1.mlp.gate.weight", Params: 1, Bytes: 2},
		{Name: "model.layers.1.mlp.gate_proj.weight", Params: 2, Bytes: 4}, {Name: "model.layers.1.self_attn.q_proj.weight", Params: 3, Bytes: 6},
		{Name: "model.layers.1.self_attn.q_proj.bias", Params: 4, Bytes: 8}, {Name: "model.layers.11.mlp.gate.weight", Params: 5, Bytes: 10},
		{Name: "lm_head.weight", Params: 9, Bytes: 18},
	}
	for _, consumer := range []emit.Format{emit.Axolotl, emit.TRL} {
		rep := report(t, consumer, referenceYAML, params)
		assert.Equal(t, []emit.Match{{Name: "model.layers.1.mlp.gate_proj.weight", Entries: []string{"model.layers.1.mlp.gate"}}}, rep.Accidental)
		assert.Empty(t, rep.Unmatched)
		assert.Empty(t, rep.Twice)
		assert.Equal(t, 1, rep.Mismatches())
		assert.EqualValues(t, []int64{26, 52, 31}, []int64{rep.Params, rep.Bytes, rep.Total})
	}
	rep := report(t, emit.Substring, referenceYAML, params)
	assert.Equal(t, []string{"^lm_head.weight$", "^model.embed_tokens.weight$"}, rep.Unmatched)
	// With a tied head there is no such parameter.
	rep = report(t, emit.Axolotl, referenceYAML, params[:len(params)-1])
	assert.Equal(t, []string{"^lm_head.weight$"}, rep.Unmatched)
}

func TestVerifyRules(t *testing.T) {
	params := []emit.Param{{Name: "m.1.q.weight"}, {Name: "m.12.q.weight"}, {Name: "t.m.1.q.weight"}, {Name: "mx1.q.weight"}, {Name: "m.2.k.weight"}}
	for _, c := range []struct {
		consumer   emit.Format
		text       string
		trained    []string
		mismatches int
	}{
		{emit.Axolotl, "unfrozen_parameters:\n  - ^m.1.q.weight$[0:3]\nother: 1\n", []string{"m.1.q.weight"}, 0},
		{emit.Axolotl, "x: 1\nunfrozen_parameters:\n- 'm.1'\n- \"m.[0-9]+.q.weight$\" # both\n", []string{"m.1.q.weight", "m.12.q.weight"}, 3},
		// An escaped dot becomes a backslash and anything.
		{emit.Axolotl, "unfrozen_parameters:\n- ^m\\.1\\.q\\.weight$\n", nil, 1},
		{emit.TRL, "- m.1.q\n", []string{"m.1.q.weight", "mx1.q.weight"}, 1}, // the dots are any character
		{emit.TRL, "- m.1\n", []string{"m.1.q.weight", "m.12.q.weight", "mx1.q.weight"}, 2},
		{emit.TRL, "- m\\.[0-9]+\\.q\n", []string{"m.1.q.weight", "m.12.q.weight"}, 0},
		{emit.Substring, "- m.1.q.weight\n", []string{"m.1.q.weight", "t.m.1.q.weight"}, 1},
		{emit.Names, "m.1.q.weight\ngone\n", []string{"m.1.q.weight"}, 1},
		{emit.MSSwiftArgs, "--freeze_parameters_ratio 1 --trainable_parameters_regex '^m\\.(?:1|3)\\.q\\.weight$'", []string{"m.1.q.weight"}, 1},
		{emit.MSSwiftArgs, "--freeze_parameters_ratio 1 --trainable_parameters_regex q.weight", []string{"m.1.q.weight", "m.12.q.weight", "t.m.1.q.weight", "mx1.q.weight"}, 5},
		{emit.PEFT, `{"target_modules": ["m.1.q"], "rank_pattern": {"x": 3}}`, []string{"m.1.q.weight", "t.m.1.q.weight"}, 2},
		{emit.PEFT, `{"target_modules": ".*m\\.1\\.q", "rank_pattern": {"m.1.q": 3, "t.m.1.q": 4}}`, []string{"m.1.q.weight", "t.m.1.q.weight"}, 2},
		{emit.PEFT, `{"target_modules": ".*m\\.1\\.q", "rank_pattern": {"t.m.1.q": 4, "m.1.q": 3}}`, []string{"m.1.q.weight", "t.m.1.q.weight"}, 0},
		{emit.LLaMAFactoryLoRA, "lora_target: m.12.q,m.2.k\nadditional_target: gone\n", []string{"m.12.q.weight", "m.2.k.weight"}, 1},
		{emit.LLaMAFactory, "freeze_trainable_layers: 2\nfreeze_trainable_modules: q\n", []string{"m.12.q.weight"}, 1},
	} {
		rep := report(t, c.consumer, c.text, params)
		assert.ElementsMatch(t, c.trained, rep.Names, "%s %s", c.consumer, c.text)
		assert.Equal(t, c.mismatches, rep.Mismatches(), "%s %s: %+v", c.consumer, c.text, rep)
		assert.Equal(t, c.mismatches > 0, rep.First() != "")
	}
}

// What verify says of settings that decide beside the list, by the trainers' own sources.
func TestVerifySettings(t *testing.T) {
	params := []emit.Param{
		{Name: "t.m.embed.weight"}, {Name: "t.m.0.a.q.weight"}, {Name: "t.m.0.a.q.bias"}, {Name: "t.m.0.norm.weight"}, {Name: "t.m.0.norm.bias"},
		{Name: "t.m.1.a.q.weight"}, {Name: "t.m.1.e.0.k.weight"}, {Name: "t.m.2.a.q.weight"}, {Name: "t.m.3.a.q.weight"}, {Name: "lm_head.weight"},
	}
	queries := []string{"t.m.0.a.q.weight", "t.m.1.a.q.weight", "t.m.2.a.q.weight", "t.m.3.a.q.weight"}
	linear := append(slices.Clone(queries), "t.m.1.e.0.k.weight")
	const verl = "actor_rollout_ref.model."
	for _, c := range []struct {
		consumer emit.Format
		text     string
		trained  []string // nil where the trainer stops
	}{
		{emit.TRLLoRA, "lora_target_modules: [q]\n", []string{}}, // a pattern
		{emit.TRLLoRA, "lora_target_modules: [.*\\.q]\n", queries},
		{emit.TRLLoRA, "lora_target_modules: [q, x]\n", queries},
		{emit.TRLLoRA, "lora_target_modules: all-linear\n", linear},
		{emit.AxolotlLoRA, "lora_target_linear: true\n", linear},
		{emit.AxolotlLoRA, "lora_target_modules: .*q\nlora_target_linear: yes\n", linear},
		{emit.AxolotlLoRA, "lora_target_modules: [q]\npeft_layers_to_transform: [1]\n", queries[1:2]},
		{emit.AxolotlLoRA, "lora_target_modules: .*q\npeft_layers_to_transform: [1]\n", nil},
		{emit.Verl, "'" + verl + "target_modules=[\"q\", x]'", queries},
		{emit.Verl, "'" + verl + "target_modules=\".*q\"' " + verl + "exclude_modules=[m.0.a.q]", queries[1:]},
		{emit.Verl, verl + "target_modules=all-linear", linear},
		{emit.Verl, "'+" + verl + "target_parameters=[m.0.a.q.bias]' " + verl + "target_modules=null", []string{"t.m.0.a.q.bias"}},
		{emit.GaLore, "optim_target_modules: [a.q, '.*\\.k']\n", linear},
		{emit.GaLore, "optim_target_modules: all_linear\n", append(slices.Clone(linear), "lm_head.weight")},
		{emit.LLaMAFactory, "freeze_trainable_layers: 1\nfreeze_trainable_modules: [a]\nfreeze_extra_modules: [lm_head]\n", []string{queries[3], "lm_head.weight"}},
		{emit.LLaMAFactory, "freeze_trainable_layers: 2\nfreeze_trainable_modules: a\nuse_llama_pro: true\n", []string{queries[1], queries[3]}},
		{emit.LLaMAFactory, "freeze_trainable_layers: 3\nfreeze_trainable_modules: a\nuse_llama_pro: true\n", nil},
		{emit.LLaMAFactoryV1, "peft_config:\n  name: freeze\n  freeze_trainable_layers: -1\n  freeze_trainable_modules: norm, a\n", []string{queries[0], "t.m.0.a.q.bias", "t.m.0.norm.weight", "t.m.0.norm.bias"}},
		{emit.LLaMAFactoryV1, "peft_config:\n  name: freeze\n  freeze_trainable_modules: [a]\n", queries[2:]}, // the default is 2
		{emit.LLaMAFactoryV1, "peft_config:\n  name: freeze\n  use_llama_pro: true\n", nil},
		{emit.LLaMAFactoryLoRA, "lora_target: .q\nuse_llama_pro: true\n", []string{queries[1], queries[3]}},
		{emit.LLaMAFactoryLoRA, "lora_target: q\nuse_llama_pro: true\nfreeze_trainable_layers: 3\n", nil},
		{emit.LLaMAFactoryLoRA, "lora_target: k\nadditional_target: [norm]\n", []string{"t.m.1.e.0.k.weight", "t.m.0.norm.weight", "t.m.0.norm.bias"}},
		{emit.PEFT, `{"target_modules": ["k"], "modules_to_save": ["m.0"]}`, []string{"t.m.1.e.0.k.weight", queries[0], "t.m.0.a.q.bias", "t.m.0.norm.weight", "t.m.0.norm.bias"}},
		{emit.PEFT, `{"target_modules": ["k"], "layers_to_transform": [0]}`, []string{}}, // the expert's is no block's
		{emit.PEFT, `{"target_modules": ["q", "norm"]}`, nil},
		{emit.PEFT, `{"target_modules": ["q", "norm"], "modules_to_save": ["norm"]}`, append(slices.Clone(queries), "t.m.0.norm.weight", "t.m.0.norm.bias")},
		{emit.PEFT, `{"target_modules": ".*a.*"}`, nil}, // modules that hold others
		{emit.PEFT, `{"target_modules": ["q"], "layers_pattern": "m"}`, nil},
		{emit.TRL, "- t.m.1.a \n- lm_\n", []string{"lm_head.weight"}}, // with its space
		{emit.TRL, "UNFROZEN = ['t.m.1.a', # \"]\n  r'lm_\\w+', \"x\\\"\"]\n", []string{queries[1], "lm_head.weight"}},
	} {
		rules, err := emit.Parse(c.consumer, []byte(c.text))
		require.NoError(t, err, c.text)
		rep, err := rules.Verify(params)
		if c.trained == nil {
			assert.ErrorIs(t, err, emit.ErrInexpressible, "%s %s", c.consumer, c.text)
			continue
		}
		require.NoError(t, err, "%s %s", c.consumer, c.text)
		assert.ElementsMatch(t, c.trained, rep.Names, "%s %s", c.consumer, c.text)
	}
}

// What PEFT makes of targets where transformers 5 has fused the experts.
func TestVerifyConverted(t *testing.T) {
	var params []emit.Param
	var all, queries, gateUp, down []string
	for _, block := range []string{"model.layers.0.", "model.layers.1."} {
		queries, gateUp, down = append(queries, block+"self_attn.q_proj.weight"), append(gateUp, block+"mlp.experts.gate_up_proj"), append(down, block+"mlp.experts.down_proj")
		all = append(all, queries[len(queries)-1], gateUp[len(gateUp)-1], down[len(down)-1], block+"mlp.gate.weight")
	}
	for _, name := range append(slices.Clone(all), "model.norm.weight", "lm_head.weight") {
		params = append(params, emit.Param{Name: name})
	}
	for text, want := range map[string][]string{
		`{"target_modules": ["q_proj"]}`:                                                        queries,
		`{"target_modules": ["model.layers.0.self_attn.q_proj"]}`:                               queries[:1],
		`{"target_modules": "model.layers.0.self_attn.q_proj"}`:                                 queries, // a text is taken for q_proj
		`{"target_modules": ["q_proj", "down_proj"]}`:                                           slices.Concat(queries, down),
		`{"target_modules": ["model.layers.0.mlp.gate_proj", "up_proj"]}`:                       gateUp,
		`{"target_modules": ["up_proj"]}`:                                                       nil,
		`{"target_modules": ".*\\.(gate|up)_proj"}`:                                             gateUp, // which there were
		`{"target_modules": "all-linear"}`:                                                      all,
		`{"target_modules": ".*experts.*"}`:                                                     nil, // the module that holds them
		`{"target_modules": [], "target_parameters": ["model.layers.1.mlp.experts.down_proj"]}`: down[1:],
	} {
		rules, err := emit.Parse(emit.PEFT, []byte(text))
		require.NoError(t, err, text)
		rep, err := rules.Verify(params)
		if want == nil {
			assert.ErrorIs(t, err, emit.ErrInexpressible, text)
			continue
		}
		require.NoError(t, err, text)
		assert.ElementsMatch(t, want, rep.Names, text)
	}
	// TRL makes a text of a list of one.
	one := &selection.Selection{Groups: []selection.Group{{Type: "q", Chosen: []spectrum.Layer{{Name: queries[0], SNR: 1}}}}}
	_, err := emit.Make(emit.TRLLoRA, one, emit.Training{Model: params})
	assert.ErrorIs(t, err, emit.ErrInexpressible)
	assert.ErrorContains(t, err, queries[1]+" would be trained too")
	_, err = emit.Make(emit.AxolotlLoRA, one, emit.Training{Model: params})
	assert.NoError(t, err)
}

func TestExpect(t *testing.T) {
	params := []emit.Param{{Name: "a"}, {Name: "b"}}
	rules, err := emit.Parse(emit.Names, []byte("a"))
	require.NoError(t, err)
	rep, err := rules.Expect([]string{"b"}).Verify(params)
	require.NoError(t, err)
	assert.Equal(t, []string{"b"}, rep.Missing)
	assert.Equal(t, []string{"a"}, rep.Extra)
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct {
		consumer emit.Format
		text     string
	}{
		{emit.Axolotl, "- m.1\n"}, {emit.Axolotl, "unfrozen_parameters:\n"}, {emit.Axolotl, "unfrozen_parameters:\n- (\n"},
		{emit.TRL, ""}, {emit.TRL, "- a(?=b\n"}, {emit.Python, "TRAINABLE = 3"}, {emit.Substring, "x"}, {emit.Names, " \n"},
		{emit.MSSwift, ""}, {emit.MSSwiftArgs, "--trainable_parameters_regex a"}, {emit.PEFT, ""}, {emit.PEFT, "{}"},
		{emit.PEFT, `{"target_modules": "a", "rank_pattern": [1]}`}, {emit.PEFT, `{"target_modules": "("}`},
		{emit.PEFT, `{"target_modules": ["a"], "target_modules": ["b"]}`}, {emit.PEFT, `{"target_modules": ["a"], "rank_pattern": {"a": 1, "a": 2}}`},
		{emit.JSON, `{"layers": ["a"], "layers": ["b"]}`},
		{emit.LLaMAFactory, "freeze_trainable_layers: many\n"}, {emit.LLaMAFactoryLoRA, ""}, {"other", ""},
		{emit.LLaMAFactoryV1, "peft_config:\n  name: lora\n"}, {emit.LLaMAFactoryV1, "peft_config: freeze\n"}, {emit.LLaMAFactoryV1, "freeze_trainable_layers: 2\n"},
	} {
		_, err := emit.Parse(c.consumer, []byte(c.text))
		assert.ErrorIs(t, err, emit.ErrFormat, "%s %q", c.consumer, c.text)
	}
	rules, err := emit.Parse(emit.LLaMAFactory, []byte("freeze_trainable_layers: 2\nfreeze_trainable_modules: q\n"))
	require.NoError(t, err)
	_, err = rules.Verify([]emit.Param{{Name: "m.0.k.weight"}})
	assert.ErrorIs(t, err, emit.ErrInexpressible)
}

func FuzzParse(f *testing.F) {
	f.Add(referenceYAML)
	f.Add(`{"target_modules": ["m.1.q"], "rank_pattern": {"x": 3}}`)
	f.Add("freeze_trainable_layers: 2\nfreeze_trainable_modules: q\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range emit.Consumers() {
			rules, err := emit.Parse(c, []byte(text))
			if err != nil {
				assert.ErrorIs(t, err, emit.ErrFormat)
				continue
			}
			_, _ = rules.Verify([]emit.Param{{Name: "m.0.q.weight", Params: 1}})
		}
	})
}
