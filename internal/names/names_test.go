package names

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBlock(t *testing.T) {
	for name, want := range map[string][2]string{
		"model.layers.3.mlp.experts.7.up_proj": {"model.layers.3", "mlp.experts.7.up_proj"},
		"lm_head":                              {"", "lm_head"},
		"classifier.2":                         {"classifier.2", ""},
		"7.q":                                  {"7", "q"},
		"":                                     {"", ""},
	} {
		block, rest := Block(name)
		assert.Equal(t, want, [2]string{block, rest}, name)
		assert.Equal(t, want[1], ReferenceType(name))
	}
}

func TestModule(t *testing.T) {
	for name, want := range map[string]struct {
		module string
		weight bool
	}{
		"lm_head.weight":      {"lm_head", true},
		"lm_head.bias":        {"lm_head.bias", false},
		"lstm_cell.weight_ih": {"lstm_cell.weight_ih", false},
		"a.weight.weight":     {"a.weight", true},
		"weight":              {"weight", false},
		"":                    {"", false},
	} {
		module, weight := Module(name)
		assert.Equal(t, want.module, module, name)
		assert.Equal(t, want.weight, weight, name)
	}
}

func TestParameter(t *testing.T) {
	for module, want := range map[string]string{"lm_head": "lm_head.weight", "lm_head.weight": "lm_head.weight", "": ".weight"} {
		assert.Equal(t, want, Parameter(module))
	}
}

func TestIsNumber(t *testing.T) {
	for component, want := range map[string]bool{
		"0": true, "007": true, "12345678901234567890": true, "٣": true,
		"": false, "-1": false, "1a": false, "1.5": false, "²": false,
	} {
		assert.Equal(t, want, IsNumber(component), component)
	}
}
