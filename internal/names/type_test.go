package names

import (
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
		"layers.٣.x":                                         "x",
		"a..b":                                               "a..b",
		"a.0..b":                                             ".b",
		"weight":                                             "weight",
		"model.vision_tower.encoder.layers.0.layer_norm1.weight": "vision_tower.layer_norm1",
		"model.layers.0.mlp.experts.3.norm.weight":               "mlp.experts.*.norm",
		".weight": "",
		"":        "",
	} {
		assert.Equal(t, want, Type(name), name)
	}
}

func TestReferenceType(t *testing.T) {
	for name, want := range map[string]string{
		"model.layers.3.mlp.experts.7.up_proj": "mlp.experts.7.up_proj",
		"model.layers.11.self_attn.q_proj":     "self_attn.q_proj",
		"lm_head":                              "lm_head",
		"model.embed_tokens":                   "model.embed_tokens",
		"features.0":                           "",
		"model.layer1.x":                       "model.layer1.x",
		"a..b":                                 "a..b",
		"h.٣.c":                                "c",
		"model.layers.11.self_attn.q_proj.weight": "self_attn.q_proj",
		"a.weight.weight":                         "a.weight",
	} {
		assert.Equal(t, want, ReferenceType(name), name)
	}
}
