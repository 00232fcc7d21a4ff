// Package names reads the names of modules and parameters: what repeats across
// blocks, which block a name is in, and what kind of layer it belongs to.
package names

import (
	"slices"
	"strings"
	"unicode"
)

// Weight ends the name of a module's main parameter.
const Weight = ".weight"

// ReferenceType returns the type that the reference implementation gives a
// module: everything behind the first component that is a number, the whole name
// without one.
func ReferenceType(module string) string {
	_, role := Block(module)
	return role
}

// Block cuts a name behind its first component that is a number, so
// model.layers.3.mlp.up_proj is in the block model.layers.3. Without a number the
// block is empty.
func Block(name string) (block, rest string) {
	parts := strings.Split(name, ".")
	i := slices.IndexFunc(parts, digits)
	return strings.Join(parts[:i+1], "."), strings.Join(parts[i+1:], ".")
}

// digits reports whether s is one or more decimal digits of any script, which
// is Python's str.isdigit but for oddities such as superscripts.
func digits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
}

// Kind says what a layer is for, as far as that decides how it is selected.
type Kind uint8

// The kinds of layers.
const (
	Matrix Kind = iota // none of the others
	Norm
	Head
	Embedding
)

// KindOf tells the kind of a parameter or module from its name.
func KindOf(name string) Kind {
	name = strings.TrimSuffix(strings.TrimSuffix(name, Weight), ".bias")
	last := name[strings.LastIndexByte(name, '.')+1:]
	switch {
	case last == "lm_head" || last == "embed_out" || name == "output":
		return Head
	case strings.Contains(last, "norm") || strings.HasPrefix(last, "ln_"):
		return Norm
	case strings.Contains(last, "embed") || last == "wte" || last == "wpe" || last == "shared":
		return Embedding
	}
	return Matrix
}
