package names

import (
	"slices"
	"strings"
)

// ReferenceType returns the type that the reference implementation gives a
// module: everything behind the first component that is a number, the whole name
// without one. There every expert is a type of its own, and towers are pooled.
func ReferenceType(name string) string {
	module, _ := Module(name)
	_, role := Block(module)
	return role
}

// Type returns what the module of a parameter is called in every block: the part
// of its name behind the first component that is a number, with further numbers
// replaced by "*". So model.layers.3.mlp.experts.7.up_proj.weight has the type
// mlp.experts.*.up_proj: experts are pooled by role. The type is the whole name
// where there is no number (lm_head) or nothing but numbers behind the first
// (classifier.2, which gives classifier.*). The layers of recurrent modules, which have
// their number inside the last component, are pooled too: rnn.weight_ih_l*.
//
// The towers of a model stay apart: a component before the number that names
// one comes first, as in vision_tower.self_attn.q_proj, encoder.self_attn.q_proj
// and decoder.self_attn.q_proj.
func Type(name string) string {
	module, _ := Module(name)
	parts := strings.Split(module, ".")
	start := 0
	for i, p := range parts {
		if !IsNumber(p) {
			parts[i] = recurrentType(p)
			continue
		}
		if start == 0 {
			start = i + 1
		}
		parts[i] = "*"
	}
	if !slices.ContainsFunc(parts[start:], func(p string) bool { return p != "*" }) {
		start = 0
	}
	role := strings.Join(parts[start:], ".")
	if start > 0 {
		if t := tower(parts[:start-1]); t != "" {
			return t + "." + role
		}
	}
	return role
}

// tower returns the component that tells a tower from the others of its model,
// "" in a model that has one.
func tower(parts []string) string {
	for _, p := range parts {
		for _, word := range []string{"vision", "visual", "image", "audio", "speech", "video", "qformer", "talker", "mtp"} {
			if strings.Contains(p, word) {
				return p
			}
		}
	}
	for i, p := range parts {
		// BERT and ViT have nothing else beside their encoder.layer.
		alone := i+1 < len(parts) && parts[i+1] == "layer"
		if p == "decoder" || p == "encoder" && !alone {
			return p
		}
	}
	return ""
}
