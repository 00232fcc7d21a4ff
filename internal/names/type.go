package names

import (
	"slices"
	"strings"
	"unicode"
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
	block, role := Block(module)
	if block == module || strings.ContainsFunc(role, func(r rune) bool { return r == '*' || unicode.IsDigit(r) }) {
		block, role = pooled(module)
	}
	if block != "" {
		if t := tower(block[:max(0, strings.LastIndexByte(block, '.'))]); t != "" {
			return t + "." + role
		}
	}
	return role
}

// pooled cuts a name as [Block] does, with "*" for the numbers behind the cut. There is
// no block where nothing but numbers is behind it.
func pooled(module string) (block, role string) {
	block, rest := Block(module)
	if parts := pool(rest); block != module && slices.ContainsFunc(parts, func(p string) bool { return p != "*" }) {
		return block, strings.Join(parts, ".")
	}
	return "", strings.Join(pool(module), ".")
}

// pool returns the components of a name with "*" for every number.
func pool(name string) []string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if parts[i] = recurrentType(p); IsNumber(p) {
			parts[i] = "*"
		}
	}
	return parts
}

// tower returns the component, of those before the first number, that tells a tower from
// the others of its model, "" in a model that has one.
func tower(before string) string {
	for p := range strings.SplitSeq(before, ".") {
		for _, word := range [...]string{"vision", "visual", "image", "audio", "speech", "video", "qformer", "talker", "mtp"} {
			if strings.Contains(p, word) {
				return p
			}
		}
	}
	for rest, more := before, true; more; {
		var p string
		p, rest, more = strings.Cut(rest, ".")
		// BERT and ViT have nothing else beside their encoder.layer.
		alone := rest == "layer" || strings.HasPrefix(rest, "layer.")
		if p == "decoder" || p == "encoder" && !alone {
			return p
		}
	}
	return ""
}
