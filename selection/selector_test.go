package selection_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/selection"
)

// blocks is a model of n blocks of three types with distinct random scores, an
// embedding, a head and a failed layer.
func blocks(r *rand.Rand, n int) []spectrum.Layer {
	all := []spectrum.Layer{{Name: "model.embed_tokens.weight", Type: "model.embed_tokens", SNR: r.Float64(), Params: 5000}}
	for i := range n {
		for j, t := range []string{"self_attn.q_proj", "mlp.up_proj", "input_layernorm"} {
			all = append(all, spectrum.Layer{
				Name: fmt.Sprintf("model.layers.%d.%s.weight", i, t), Type: t, SNR: r.Float64(), Params: int64(10 + 100*j),
			})
		}
	}
	all[2].SNR = math.NaN()
	return append(all, spectrum.Layer{Name: "lm_head.weight", Type: "lm_head", SNR: r.Float64(), Params: 5000})
}

func chosen(t *testing.T, s selection.Selector, layers []spectrum.Layer) []string {
	t.Helper()
	sel, err := s.Select(layers)
	require.NoError(t, err)
	return names(sel)
}

func counts(sel *selection.Selection) map[string]int {
	n := make(map[string]int)
	for _, g := range sel.Groups {
		n[g.Type] = len(g.Chosen)
	}
	return n
}

// selectors are settings of every kind, without a budget.
func selectors(percent float64) []selection.Selector {
	return []selection.Selector{
		{Percent: percent},
		{Percent: percent, Ceil: true},
		{Percent: percent, Scope: selection.ScopeBlock},
		{Percent: percent, Scope: selection.ScopeGlobal, Max: 4, Min: 1},
		{Percent: percent, Factors: map[string]float64{"mlp.up_proj": 0.5, "input_layernorm": 0}},
		{Percent: percent, Scope: selection.ScopeGlobal, Factors: map[string]float64{"mlp.up_proj": 2}},
		{Percent: percent, Include: []string{"*.3.*"}, Exclude: []string{"*.5.*"}},
		{Percent: percent, Norms: selection.PolicyAlways, Head: selection.PolicyNever, Embeddings: selection.PolicyAlways},
	}
}

func TestSelectorProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		all := blocks(r, 6+r.IntN(7)) // whose patterns find something
		shuffled := slices.Clone(all)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for k := range selectors(0) {
			var last []string
			for p := 0.; p <= 100; p += 12.5 {
				s := selectors(p)[k]
				got := chosen(t, s, all)
				assert.Subset(t, got, last, "%v: not monotone", s)
				assert.ElementsMatch(t, got, chosen(t, s, shuffled), "%v: depends on the order of the input", s)
				last = got
			}
			s := selectors(40)[k]
			s.Budget = r.Int64N(4000) + 3000
			if sel, err := s.Select(all); err == nil { // else the layers always chosen exceed it
				assert.LessOrEqual(t, sel.Params(), s.Budget, "%v", s)
				more, err := s.Select(shuffled)
				require.NoError(t, err)
				assert.ElementsMatch(t, names(sel), names(more), "%v", s)
			}
		}
	}
}

func TestSelectorSize(t *testing.T) {
	all := blocks(rand.New(rand.NewPCG(3, 4)), 10)
	for _, c := range []struct {
		s                  selection.Selector
		attn, mlp, norm, o int // q_proj, up_proj, layernorm, embedding and head
	}{
		{selection.Selector{Percent: 25}, 2, 2, 2, 0},
		{selection.Selector{Percent: 25, Ceil: true}, 3, 3, 3, 2},
		{selection.Selector{Percent: 100}, 10, 9, 10, 2},
		{selection.Selector{Percent: 25, Min: 3}, 3, 3, 3, 2},
		{selection.Selector{Percent: 50, Max: 4}, 4, 4, 4, 0},
		{selection.Selector{Percent: 20, Factors: map[string]float64{"mlp.up_proj": 2, "input_layernorm": 0}}, 2, 4, -1, 0},
		{selection.Selector{Percent: 20, Exclude: []string{"model.layers.[0-4].*"}}, 1, 1, 1, 0},
		{selection.Selector{Norms: selection.PolicyAlways, Embeddings: selection.PolicyAlways}, 0, 0, 10, 1},
		{selection.Selector{Include: []string{"mlp.up_proj", "lm_head"}}, 0, 10, 0, 1}, // the failed one too
		{selection.Selector{Percent: 30, Norms: selection.PolicyNever, Include: []string{"*.3.input_layernorm.weight"}}, 3, 3, 1, 0},
	} {
		sel, err := c.s.Select(all)
		require.NoError(t, err)
		n := counts(sel)
		if _, ok := n["input_layernorm"]; !ok {
			n["input_layernorm"] = -1
		}
		assert.Equal(t, []int{c.attn, c.mlp, c.norm, c.o},
			[]int{n["self_attn.q_proj"], n["mlp.up_proj"], n["input_layernorm"], n["lm_head"] + n["model.embed_tokens"]}, "%v", c.s)
	}
	assert.Len(t, chosen(t, selection.Selector{Percent: 50, Scope: selection.ScopeGlobal}, all), 16)
	// One of three in each block; two of those outside, rounded down to none.
	assert.Len(t, chosen(t, selection.Selector{Percent: 34, Scope: selection.ScopeBlock}, all), 10)
}

// Scores of types that compete are weighted.
func TestSelectorWeights(t *testing.T) {
	all := []spectrum.Layer{{Name: "0.a", Type: "a", SNR: 3}, {Name: "0.b", Type: "b", SNR: 2}, {Name: "1.b", Type: "b", SNR: math.Inf(1)}}
	s := selection.Selector{Percent: 67, Scope: selection.ScopeGlobal}
	assert.Equal(t, []string{"0.a", "1.b"}, chosen(t, s, all))
	s.Factors = map[string]float64{"b": 2}
	assert.Equal(t, []string{"1.b", "0.b"}, chosen(t, s, all))
}

func TestSelectorBudget(t *testing.T) {
	var all []spectrum.Layer
	for i := range 10 {
		all = append(all,
			spectrum.Layer{Name: fmt.Sprint(i, ".small"), Type: "small", SNR: float64(i), Params: 10},
			spectrum.Layer{Name: fmt.Sprint(i, ".large"), Type: "large", SNR: 100 + float64(i), Params: 100})
	}
	// Both types advance alike, and a layer that does not fit is passed over.
	assert.Equal(t, []string{"9.small", "8.small", "7.small", "6.small", "5.small", "9.large", "8.large"},
		chosen(t, selection.Selector{Budget: 259}, all))
	bytes, err := selection.TrainingBytes("adamw", "mixed")
	require.NoError(t, err)
	assert.EqualValues(t, 14, bytes)
	sel, err := selection.Selector{Budget: 259 * 14, BytesPerParam: bytes}.Select(all)
	require.NoError(t, err)
	assert.EqualValues(t, 250, sel.Params())

	_, err = selection.Selector{Budget: 99, Include: []string{"9.large"}}.Select(all)
	assert.ErrorIs(t, err, spectrum.ErrOption)
	assert.ErrorContains(t, err, "exceed the budget of 99 by 1")
	all[3].Params = 0
	_, err = selection.Selector{Budget: 99}.Select(all)
	assert.ErrorContains(t, err, all[3].Name)
}

func TestTrainingBytes(t *testing.T) {
	for _, c := range []struct {
		optimiser, precision string
		want                 float64
	}{
		{"adamw", "float32", 12}, {"adamw", "bfloat16", 6}, {"adamw8bit", "float32", 6.03125}, {"lion", "float32", 8}, {"sgd", "mixed", 6},
	} {
		got, err := selection.TrainingBytes(c.optimiser, c.precision)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, c)
	}
	_, err := selection.TrainingBytes("adam", "float32")
	assert.ErrorIs(t, err, spectrum.ErrOption)
	_, err = selection.TrainingBytes("adamw", "fp8")
	assert.ErrorIs(t, err, spectrum.ErrOption)
}

func TestDecidedByTie(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		snr     []float64
		percent float64
		want    bool
	}{
		{[]float64{1, 2, 3, 4}, 50, false},
		{[]float64{1, 2, 2, 4}, 50, true},
		{[]float64{2, 2, 3, 4}, 50, false}, // the tie is below the cut
		{[]float64{1, 4, 2, 4}, 50, false}, // and above it
		{[]float64{inf, inf, inf, 1}, 25, true},
		{[]float64{nan, nan, 1, 2}, 50, false},
		{[]float64{2, 2}, 100, false},
		{[]float64{2, 2}, 0, false},
	} {
		sel, err := spectrum.SelectTopK(layers(c.snr...), c.percent)
		require.NoError(t, err)
		assert.Equal(t, c.want, sel.Groups[0].DecidedByTie, "%v", c)
	}
}

func TestControl(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	all := blocks(r, 12)
	all[4].Params++ // a size of its own
	shuffled := slices.Clone(all)
	r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	differ := 0
	for seed := range uint64(20) {
		for _, s := range append(selectors(40), selection.Selector{Budget: 6000}) {
			if s.Embeddings == selection.PolicyAlways {
				s.Budget = 0
			}
			sel, err := s.Select(all)
			require.NoError(t, err)
			control, err := s.ControlGroup(all, seed)
			require.NoError(t, err)
			assert.Equal(t, counts(sel), counts(control), "%v", s)
			assert.Equal(t, sel.Params(), control.Params(), "%v", s)
			assert.NotContains(t, names(control), all[2].Name, "a layer without score")
			again, err := s.ControlGroup(shuffled, seed)
			require.NoError(t, err)
			assert.ElementsMatch(t, names(control), names(again))
			if !slices.Equal(names(sel), names(control)) {
				differ++
			}
		}
	}
	assert.Greater(t, differ, 150)
}

func TestSelectorErrors(t *testing.T) {
	for _, s := range []selection.Selector{
		{Percent: -1}, {Percent: math.NaN()}, {Percent: 101}, {Min: -1}, {Min: 3, Max: 2}, {Max: -1}, {Budget: -1},
		{BytesPerParam: math.NaN()}, {BytesPerParam: -1}, {Factors: map[string]float64{"t": -1}},
		{Factors: map[string]float64{"t": math.Inf(1)}}, {Factors: map[string]float64{"of no type": 2}}, {Include: []string{"["}}, {Exclude: []string{"["}},
		{Scope: 9}, {Norms: 9}, {Head: 3}, {Embeddings: 3},
	} {
		_, err := s.Select(layers(1))
		assert.ErrorIs(t, err, spectrum.ErrOption, "%+v", s)
		_, err = s.ControlGroup(layers(1), 0)
		assert.ErrorIs(t, err, spectrum.ErrOption, "%+v", s)
	}
}

func TestSelectorText(t *testing.T) {
	for _, s := range []selection.Scope{selection.ScopeType, selection.ScopeBlock, selection.ScopeGlobal} {
		text, err := s.MarshalText()
		require.NoError(t, err)
		var back selection.Scope
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, s, back)
	}
	for _, p := range []selection.Policy{selection.PolicyRanked, selection.PolicyAlways, selection.PolicyNever} {
		text, err := p.MarshalText()
		require.NoError(t, err)
		var back selection.Policy
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, p, back)
	}
	var scope selection.Scope
	assert.ErrorIs(t, scope.UnmarshalText([]byte("all")), spectrum.ErrOption)
	var policy selection.Policy
	assert.ErrorIs(t, policy.UnmarshalText([]byte("all")), spectrum.ErrOption)
	assert.Equal(t, "top 5 % of each block; rounded up; at least 1 of each type; at most 70 bytes at 7 a parameter; weights a=1, b=2; always x; norms never",
		selection.Selector{Percent: 5, Scope: selection.ScopeBlock, Ceil: true, Min: 1, Budget: 70, BytesPerParam: 7,
			Factors: map[string]float64{"b": 2, "a": 1}, Include: []string{"x"}, Norms: selection.PolicyNever}.String())
}
