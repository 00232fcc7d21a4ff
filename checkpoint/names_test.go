package checkpoint

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestType(t *testing.T) {
	for name, want := range map[string]string{
		"model.layers.7.self_attn.q_proj.weight":             "self_attn.q_proj",
		"model.layers.7.self_attn.q_proj":                    "self_attn.q_proj",
		"model.layers.7.self_attn.q_proj.bias":               "self_attn.q_proj.bias",
		"model.layers.3.mlp.experts.7.up_proj":               "mlp.experts.*.up_proj",
		"model.layers.3.mlp.experts.63.up_proj.weight":       "mlp.experts.*.up_proj",
		"transformer.h.11.attn.c_attn.weight":                "attn.c_attn",
		"lm_head.weight":                                     "lm_head",
		"model.embed_tokens.weight":                          "model.embed_tokens",
		"lstm_cell.weight_ih":                                "lstm_cell.weight_ih",
		"encoder.block.0.layer.1.DenseReluDense.wi_0.weight": "encoder.layer.*.DenseReluDense.wi_0",
		"classifier.2.weight":                                "classifier.*",
		"features.0.0.weight":                                "features.*.*",
		"features.1.conv.0.0.weight":                         "conv.*.*",
		"0.weight":                                           "*",
		"conv1.weight":                                       "conv1",
		"layers.1a.x":                                        "layers.1a.x",
		"layers.٣.x":                                         "layers.٣.x",
		"a..b":                                               "a..b",
		"a.0..b":                                             ".b",
		"weight":                                             "weight",
		".weight":                                            "",
		"":                                                   "",
	} {
		assert.Equal(t, want, Type(name), name)
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

func TestCompare(t *testing.T) {
	sorted := []string{
		"", "0", "00", "00a", "01", "1", "2", "9", "10", "99999999999999999999", "100000000000000000000",
		"a", "a.weight", "a01", "a1", "a1b", "a2", "a10", "layers", "layers.1.w", "layers.2.a", "layers.2.b",
		"layers.10.a", "layersx", "é",
	}
	for i, a := range sorted {
		for j, b := range sorted {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			assert.Equal(t, want, Compare(a, b), "%q %q", a, b)
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		shuffled := slices.Clone(sorted)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		slices.SortFunc(shuffled, Compare)
		assert.Equal(t, sorted, shuffled)
	}
}
