package emit_test

import (
	"encoding/csv"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/selection"
)

// By axolotl's rule every parameter trains at the rate that lr gives it, to a quarter octave;
// norms, head and embeddings at the one for all.
func TestLearningRates(t *testing.T) {
	const base = 2e-5
	params := models()["deepseek"]
	sel := pick(t, emit.AxolotlRates, "deepseek", params)
	sel.Groups = append(sel.Groups, selection.Group{Type: "norms", Chosen: []spectrum.Layer{
		{Name: "model.layers.0.input_layernorm.weight", SNR: 1}, {Name: "model.layers.1.input_layernorm.weight", SNR: 9},
		{Name: "model.embed_tokens.weight", SNR: 9},
	}})
	how := emit.Training{Model: params, LearningRate: base}
	made, err := emit.Make(emit.AxolotlRates, sel, how)
	require.NoError(t, err)
	rows, err := csv.NewReader(strings.NewReader(written(t, emit.LearningRates, sel))).ReadAll()
	require.NoError(t, err)
	want := make(map[string]float64)
	for _, row := range rows[1:] {
		factor, err := strconv.ParseFloat(row[3], 64)
		require.NoError(t, err)
		if strings.Contains(row[0], "norm") || strings.Contains(row[0], "embed") {
			factor = 1
		}
		want[row[0]] = factor
	}
	got := trains(t, []job{{"axolotl-lr rates", made.Text, paramNames(params)}})[0]
	assert.Len(t, got, len(want))
	others := 0
	for _, line := range got {
		name, text, _ := strings.Cut(line, " ")
		rate, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		require.Contains(t, want, name)
		assert.LessOrEqual(t, math.Abs(math.Log2(rate/base/want[name])), 0.126, name)
		if rate != base {
			others++
		}
	}
	assert.Greater(t, others, len(want)/4)
	format, err := emit.Infer([]byte(made.Text))
	require.NoError(t, err)
	assert.Equal(t, emit.AxolotlRates, format)
}

// A name that is part of another's gives it its rate, so the file would not say what it means.
func TestLearningRatesRefused(t *testing.T) {
	sel := func(short, long float64) *selection.Selection {
		return &selection.Selection{Groups: []selection.Group{{Type: "q", Chosen: []spectrum.Layer{
			{Name: "layers.0.q.weight", SNR: short}, {Name: "vision.layers.0.q.weight", SNR: long}, {Name: "layers.1.q.weight", SNR: 1},
		}}}}
	}
	model := []emit.Param{{Name: "layers.0.q.weight"}, {Name: "vision.layers.0.q.weight"}, {Name: "layers.1.q.weight"}}
	_, err := emit.Make(emit.AxolotlRates, sel(0.5, 2), emit.Training{Model: model, LearningRate: 1e-5})
	assert.ErrorIs(t, err, emit.ErrInexpressible)
	assert.ErrorContains(t, err, "layers.0.q.weight is part of the name of vision.layers.0.q.weight")
	_, err = emit.Make(emit.AxolotlRates, sel(2, 0.5), emit.Training{Model: model, LearningRate: 1e-5})
	assert.NoError(t, err, "the longer name comes first")
	for _, rate := range []float64{0, -1, 1, math.NaN(), math.Inf(1)} {
		_, err = emit.Make(emit.AxolotlRates, sel(1, 1), emit.Training{LearningRate: rate})
		assert.ErrorIs(t, err, emit.ErrInexpressible, rate)
		assert.ErrorContains(t, err, "a learning rate between 0 and 1")
	}
}

func TestVerifyLearningRates(t *testing.T) {
	params := []emit.Param{{Name: "m.layers.1.q.weight"}, {Name: "m.layers.11.q.weight"}, {Name: "m.layers.1.norm.weight"}, {Name: "lm_head.weight"}}
	group := func(name, rate, part string) string {
		return "- name: " + name + "\n  modules: [" + part + "]\n  lr: " + rate + "\n"
	}
	rep := report(t, emit.AxolotlRates, "lr_groups:\n"+group("a", "1e-5", "layers.1"), params)
	assert.Len(t, rep.Names, 4, "all are trained without a list")
	assert.Equal(t, []emit.Match{{Name: "m.layers.11.q.weight", Entries: []string{"lr_groups layers.1"}}}, rep.Accidental)
	rep = report(t, emit.AxolotlRates, "unfrozen_parameters: [m.layers.1.q.weight]\nlr_groups:\n"+group("a", "1e-5", "layers.11")+group("b", "2e-5", "lm_head"), params)
	assert.Equal(t, []string{"lr_groups layers.11", "lr_groups lm_head"}, rep.Unmatched)
	rep = report(t, emit.AxolotlRates, "lr_groups:\n"+group("a", "1e-5", "layers.11, layers.1")+group("b", "2e-5", "q.weight, layers.11"), params)
	assert.Equal(t, []emit.Match{{Name: "m.layers.1.q.weight", Entries: []string{"lr_groups layers.1", "lr_groups q.weight"}},
		{Name: "m.layers.11.q.weight", Entries: []string{"lr_groups layers.11", "lr_groups layers.1"}}}, rep.Twice)
	for _, text := range []string{"lr_groups: 3\n", "lr_groups:\n- modules: [a]\n", "lr_groups:\n- name: a\n  modules: {}\n  lr: 1\n", "lr_groups:\n- x\n"} {
		_, err := emit.Parse(emit.AxolotlRates, []byte(text))
		assert.ErrorIs(t, err, emit.ErrFormat, text)
	}
}
