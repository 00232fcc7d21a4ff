package checkpoint

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
)

// Module returns the name of the module that owns a tensor, its name without
// .weight, and whether it had that ending.
func Module(name string) (module string, isWeight bool) {
	return strings.CutSuffix(name, names.Weight)
}

// Type returns what the module of a tensor is called in every block: the part
// of its name behind the first component that is a number, with further numbers
// replaced by "*". So model.layers.3.mlp.experts.7.up_proj.weight has the type
// mlp.experts.*.up_proj: experts are pooled by role. The type is the whole name
// where there is no number (lm_head) or nothing but numbers behind the first
// (classifier.2, which gives classifier.*).
//
// The towers of a model stay apart: a component before the number that names
// one comes first, as in vision_tower.self_attn.q_proj, encoder.self_attn.q_proj
// and decoder.self_attn.q_proj.
func Type(name string) string {
	module, _ := Module(name)
	parts := strings.Split(module, ".")
	start := 0
	for i, p := range parts {
		if !isNumber(p) {
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

// ReferenceType returns the type that the reference implementation gives a
// module: everything behind the first number, the whole name without one. There
// every expert is a type of its own, and towers are pooled.
func ReferenceType(name string) string {
	module, _ := Module(name)
	return names.ReferenceType(module)
}

func isNumber(s string) bool {
	return s != "" && digits(s) == len(s)
}

// digits returns the length of the run of digits that s starts with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// Compare orders names as a reader counts: digits compare as numbers, so
// layers.2 comes before layers.10. It returns 0 for equal names only.
func Compare(a, b string) int {
	restA, restB := a, b
	for restA != "" && restB != "" {
		n, m := digits(restA), digits(restB)
		if n == 0 || m == 0 {
			if c := cmp.Compare(restA[0], restB[0]); c != 0 {
				return c
			}
			restA, restB = restA[1:], restB[1:]
			continue
		}
		if c := compareNumbers(restA[:n], restB[:m]); c != 0 {
			return c
		}
		restA, restB = restA[n:], restB[m:]
	}
	// A prefix comes first; 01 and 1 are equal so far.
	return cmp.Or(cmp.Compare(len(restA), len(restB)), strings.Compare(a, b))
}

// compareNumbers compares numbers of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
