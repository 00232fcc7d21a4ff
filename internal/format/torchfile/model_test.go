package torchfile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A large and a small model, and the state of an optimiser.
var (
	large = pairsOf{"a.weight", weightOf{8, 9}, "b.weight", weightOf{8, 8}}
	small = pairsOf{"a.weight", weightOf{2, 3}}
	adam  = pairsOf{"kept", pairsOf{0, pairsOf{"step", weightOf{}, "exp_avg", weightOf{20, 20}}}}

	optimiserState = pairsOf{"state", adam, "param_groups", listOf{pairsOf{"lr", 0.1}}}
)

// TestModel takes the model out of what it was saved with, or says what could be
// it.
func TestModel(t *testing.T) {
	both := []string{"a.weight", "b.weight"}
	object := made{globalOf{"lib", "Net"}, pairsOf{"_parameters", pairsOf{"w", weightOf{30, 30}}}}
	settings := made{globalOf{"lib", "Settings"}, pairsOf{"x", weightOf{1}}}
	for name, c := range map[string]struct {
		root any
		want []string
		err  string
	}{
		"plain":                    {large, both, ""},
		"one key":                  {pairsOf{"anything", large}, both, ""},
		"a list":                   {tupleOf{large, 7}, both, ""},
		"beside a larger state":    {pairsOf{"net", large, "optimizer", adam}, both, ""},
		"by a key of its own":      {pairsOf{"weights", large, "optim_g", adam, "epoch", 3}, both, ""},
		"an optimiser's state":     {pairsOf{"weights", large, "adam", optimiserState, "epoch", 3}, both, ""},
		"states of optimisers":     {pairsOf{"weights", large, "all", listOf{optimiserState}}, both, ""},
		"discriminator":            {pairsOf{"generator", small, "discriminator", large}, small.keys(), ""},
		"generator by letter":      {pairsOf{"netG", small, "netD", large, "epoch", 1}, small.keys(), ""},
		"statistics":               {pairsOf{"encoder", large, "running_stats", adam}, both, ""},
		"inside each other":        {pairsOf{"state", pairsOf{"model", pairsOf{"module", large}, "optimizers", adam}, "rng", adam}, both, ""},
		"largest":                  {pairsOf{"model", large, "net", small}, both, ""},
		"an object that is a dict": {pairsOf{"model", code("clib\nDict\n)\x81(" + all(large) + "u")}, both, ""},
		"saved twice":              {pairsOf{"model", code(write(large) + "q\x63"), "state_dict", code("h\x63")}, both, ""},
		"its own tensors":          {pairsOf{"a.weight", weightOf{8, 9}, "b.weight", weightOf{8, 8}, "model", small, "ema", small}, append(both, "model.a.weight"), ""},
		"modules":                  {pairsOf{"embed", pairsOf{"w", weightOf{2, 3}}, "body", pairsOf{"w", weightOf{4, 4}}}, []string{"embed.w", "body.w"}, ""},
		"nested modules":           {pairsOf{"model", pairsOf{"embed", small, "body", large}, "epoch", 1}, []string{"embed.a.weight", "body.a.weight", "body.b.weight"}, ""},
		"a name inside the model":  {pairsOf{"model", pairsOf{"model", small, "head", small}, "epoch", 1}, []string{"model.a.weight", "head.a.weight"}, ""},
		"settings":                 {pairsOf{"settings", settings, "weights", large}, both, ""},
		"a loss in the model":      {pairsOf{"model", pairsOf{"body", large, "loss", pairsOf{"w", weightOf{2, 2}}}, "epoch", 1}, []string{"body.a.weight", "body.b.weight", "loss.w"}, ""},
		"beside an object":         {pairsOf{"model", object, "state_dict", pairsOf{"w", weightOf{30, 30}}}, []string{"w"}, ""},
		"odd keys":                 {pairsOf{tupleOf{"a", 1}, weightOf{2, 3}, nil, weightOf{2, 3}, 1.5, weightOf{2, 3}, true, weightOf{2, 3}, tupleOf{"x"}, small}, []string{`("a", 1)`, "None", "1.5", "True", `("x",).a.weight`}, ""},
		"nothing":                  {pairsOf{"epoch", 3}, nil, ""},

		"only optimiser":    {optimiserState, nil, "the state of an optimiser; FILE# takes it as it is"},
		"two":               {pairsOf{"model", large, "net", pairsOf{"a.weight", weightOf{8, 9}}}, nil, `more than one that could be the model: "model" (2 tensors, 136 parameters), "net" (1 tensors, 72 parameters); choose one by its key, as in FILE#model`},
		"two others":        {pairsOf{"student", large, "teacher", large}, nil, `"student" (2 tensors, 136 parameters), "teacher" (2`},
		"and settings":      {pairsOf{"encoder", large, "decoder", small, "epoch", 1}, nil, `"encoder" (2 tensors, 136 parameters), "decoder" (1`},
		"two small":         {pairsOf{"model", small, "module", small}, nil, `"model" (1 tensors, 6 parameters), "module"`},
		"two far inside":    {pairsOf{"state", pairsOf{"model", large, "net", large}, "epoch", 1}, nil, `"state.model" (2 tensors, 136 parameters), "state.net"`},
		"with an optimiser": {pairsOf{"state", pairsOf{"student", large, "teacher", small, "optim", adam}, "epoch", 1}, nil, `"state.student" (2`},
		"only a copy":       {pairsOf{"params_ema", large}, nil, `only what is no model by its key: "params_ema" (2 tensors, 136 parameters); choose one by its key, as in FILE#params_ema`},
		"only its state":    {pairsOf{"optimizer", adam, "epoch", 1}, nil, "only what is no model"},
		"an object":         {pairsOf{"model", object, "optimizer", adam}, nil, `"model" is an object of class lib.Net, a whole model whose code decides what its tensors are: load it with PyTorch and save model.state_dict()`},
		"a sole object":     {pairsOf{"thing", object}, nil, `"thing" is an object of class lib.Net`},
		"object itself":     {object, nil, "the file holds an object of class lib.Net, a whole model"},
	} {
		tensors, err := read(saved(c.root))
		if c.err != "" {
			assert.ErrorContains(t, err, c.err, name)
			assert.Empty(t, tensors, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.want, read0(tensors), name)
	}
}

// keys returns the keys of a dictionary.
func (p pairsOf) keys() (keys []string) {
	for i := 0; i < len(p); i += 2 {
		keys = append(keys, p[i].(string))
	}
	return keys
}

// TestChoice takes what is chosen, under the names inside.
func TestChoice(t *testing.T) {
	root := pairsOf{
		"model", large, "net", pairsOf{"module.a.weight", weightOf{8, 9}, "module.c", weightOf{4, 4}}, "ema", small, "x.y", pairsOf{"z", small},
		"optimizer", adam, "t", weightOf{2, 2}, "object", made{globalOf{"lib", "Net"}, pairsOf{"w", weightOf{3, 3}}}, "epoch", 1,
	}
	b := saved(root)
	of := func(c Choice) ([]Tensor, error) { return readChoice(b, c) }
	for key, want := range map[string][]string{
		"model": {"a.weight", "b.weight"}, "net": {"a.weight", "c"}, "ema": {"a.weight"}, "x.y.z": {"a.weight"}, "x.y": {"z.a.weight"},
		"t": {"t"}, "optimizer.kept.0.exp_avg": {"optimizer.kept.0.exp_avg"}, "optimizer": {"kept.0.step", "kept.0.exp_avg"},
	} {
		tensors, err := of(Choice{Key: key})
		require.NoError(t, err, key)
		assert.Equal(t, want, read0(tensors), key)
	}
	tensors, err := of(Choice{All: true})
	require.NoError(t, err)
	assert.Len(t, read0(tensors), 9)
	assert.Contains(t, read0(tensors), "net.module.a.weight")
	for key, want := range map[string]string{
		"none": `there is no "none"; tensors are in "optimizer", "model"`, "model.x": `no "model.x"`, "epoch": `no tensors in "epoch"`,
		"object": `"object" is an object of class lib.Net, a whole model`,
	} {
		_, err := of(Choice{Key: key})
		assert.ErrorContains(t, err, want)
	}
}

// TestModuleNames gives tensors the names that the module of the model has for
// them.
func TestModuleNames(t *testing.T) {
	const version = "pytorch-lightning_version"
	for name, c := range map[string]struct {
		stored, want string
		lightning    bool
	}{
		"plain":              {"a.w b.w", "a.w b.w", false},
		"parallel":           {"module.a.w module.b.w", "a.w b.w", false},
		"twice":              {"module.module.a.w module.module.b.w", "a.w b.w", false},
		"averaged":           {"module.a.w module.b.w n_averaged", "a.w b.w n_averaged", false},
		"one module":         {"module.a.w b.w", "module.a.w b.w", false},
		"compiled":           {"_orig_mod.a.w _orig_mod.b.w", "a.w b.w", false},
		"compiled inside":    {"net._orig_mod.a.w head.w", "net.a.w head.w", false},
		"sharded":            {"a._fsdp_wrapped_module.b._checkpoint_wrapped_module.w c.w", "a.b.w c.w", false},
		"all of these":       {"module._orig_mod.module.a.w module._orig_mod.module.b.w", "a.w b.w", false},
		"dictionary":         {"state_dict.a.w state_dict.b.w", "a.w b.w", false},
		"of Hugging Face":    {"model.layers.0.w model.norm.w", "model.layers.0.w model.norm.w", false},
		"of Lightning":       {"model.layers.0.w model.norm.w", "layers.0.w norm.w", true},
		"both":               {"model.model.layers.0.w model.lm_head.w", "model.layers.0.w lm_head.w", true},
		"Lightning's own":    {"model.a.w head.w", "model.a.w head.w", true},
		"Lightning parallel": {"model.module._orig_mod.a.w model.module._orig_mod.b.w", "a.w b.w", true},
		"copies":             {"model.a.w model.b.w model_ema.aw model_ema.bw model_ema.decay", "a.w b.w", true},
		"copies of all":      {"a.w b.w ema.a.w ema.b.w", "a.w b.w", false},
		"not a copy":         {"a.w ema.beta ema.gamma", "a.w ema.beta ema.gamma", false},
	} {
		state := pairsOf{}
		for i, stored := range strings.Fields(c.stored) {
			shape := weightOf{2, int64(2 + i)}
			if stored == "n_averaged" {
				shape = weightOf{}
			}
			state = append(state, stored, shape)
		}
		root := pairsOf{"state_dict", state, "epoch", 1}
		if c.lightning {
			root = append(root, version, "2.1")
		}
		tensors, err := read(saved(root))
		require.NoError(t, err, name)
		assert.Equal(t, strings.Fields(c.want), read0(tensors), name)
		assert.Len(t, tensors, len(strings.Fields(c.stored)), name)
		assert.Equal(t, "state_dict."+strings.Fields(c.stored)[0], tensors[0].Stored, name)
	}
}

// TestDistributed names the parts of a checkpoint of several processes, with the
// command that puts them together.
func TestDistributed(t *testing.T) {
	for name, root := range map[string]pairsOf{
		"ZeRO optimiser": {"optimizer_state_dict", pairsOf{"zero_stage", 3, "fp32_flat_groups", listOf{weightOf{100}}}, "ds_version", "0.12"},
		"ZeRO-3 model":   {"module", pairsOf{"a.weight", weightOf{0}, "b.weight", weightOf{0}}, "param_shapes", listOf{pairsOf{}}, "ds_version", "0.12"},
		"old ZeRO-3":     {"module", pairsOf{"a.weight", weightOf{1}}, "param_shapes", listOf{pairsOf{}}, "ds_version", "0.4"},
	} {
		_, err := read(saved(root))
		assert.ErrorIs(t, err, ErrRefused, name)
		assert.ErrorContains(t, err, "python zero_to_fp32.py", name)
	}
	_, err := read(saved(pairsOf{"module", large, "mp_world_size", 2, "ds_version", "0.12"}))
	assert.ErrorContains(t, err, "one of the 2 tensor-parallel parts")
	for name, want := range map[string]string{
		"__0_0.distcp": "dcp_to_torch", "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt": "zero_to_fp32.py",
		"zero_pp_rank_3_mp_rank_00_model_states.pt": "zero_to_fp32.py",
	} {
		assert.Contains(t, Part(name), want, name)
	}
	assert.Empty(t, Part("mp_rank_00_model_states.pt"))
}
