package names

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLengthsAndDirectionsBelongTogether(t *testing.T) {
	for directions, lengths := range map[string]string{
		"conv.weight_v":                          "conv.weight_g",
		"weight_v":                               "weight_g",
		"conv.parametrizations.weight.original1": "conv.parametrizations.weight.original0",
		"parametrizations.weight.original1":      "parametrizations.weight.original0",
		"rnn.weight_hh_l0_v":                     "rnn.weight_hh_l0_g",
	} {
		got, ok := Lengths(directions)
		assert.True(t, ok, directions)
		assert.Equal(t, lengths, got)
		got, ok = Directions(lengths)
		assert.True(t, ok, lengths)
		assert.Equal(t, directions, got)
	}
	for _, name := range []string{"conv.weight", "attn.w_v", "attn.proj_v", "attn.weight_values", "a.parametrizations.weight.original", "original1"} {
		_, ok := Lengths(name)
		assert.False(t, ok, name)
	}
	_, ok := Directions("moe.gate.w_g")
	assert.False(t, ok)
}

func TestParametrized(t *testing.T) {
	module, parameter, part, ok := Parametrized("a.conv.parametrizations.weight.0._u")
	assert.Equal(t, []any{"a.conv", "weight", "0._u", true}, []any{module, parameter, part, ok})
	module, parameter, part, ok = Parametrized("parametrizations.bias.original")
	assert.Equal(t, []any{"", "bias", "original", true}, []any{module, parameter, part, ok})
	for _, name := range []string{"a.weight", "a.parametrizations.weight", "a.parametrizations"} {
		_, _, _, ok = Parametrized(name)
		assert.False(t, ok, name)
	}
	assert.Equal(t, "a.b.weight_u", Sibling("a.b.weight_orig", "weight_u"))
	assert.Equal(t, "weight_u", Sibling("weight_orig", "weight_u"))
}
