package names

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestUnwrapped(t *testing.T) {
	for name, want := range map[string]string{
		"model.layers.0.mlp.up_proj.weight":                "layers.0.mlp.up_proj.weight",
		"model.language_model.layers.0.mlp.up_proj.weight": "layers.0.mlp.up_proj.weight",
		"language_model.model.layers.0.mlp.up_proj.weight": "layers.0.mlp.up_proj.weight",
		"language_model.lm_head.weight":                    "lm_head.weight",
		"_orig_mod.module.model.norm.weight":               "norm.weight",
		"model.visual.blocks.0.attn.proj.weight":           "visual.blocks.0.attn.proj.weight",
		"model.":                                           "model.", "": "", "transformer.h.0.mlp.c_fc.weight": "h.0.mlp.c_fc.weight",
	} {
		assert.Equal(t, want, Unwrapped(name), name)
	}
}
