// Package names is the one owner of every rule about names: which module a
// parameter belongs to, what repeats across blocks, which block a name is in, what
// kind of layer it is, whether it is an expert's, which patterns fit it and how
// names are ordered.
//
// A name is that of a parameter, such as model.layers.3.mlp.up_proj.weight, or of
// its module, which has no .weight at the end. Components are what dots separate.
package names

import (
	"strings"
	"unicode"
)

// weight ends the name of a module's main parameter.
const weight = ".weight"

// Module returns the name of the module that owns a parameter, which is its name
// without .weight, and whether it had that ending.
func Module(name string) (module string, isWeight bool) {
	return strings.CutSuffix(name, weight)
}

// Parameter returns the name of the main parameter of a module. It is its own.
func Parameter(module string) string {
	module, _ = Module(module)
	return module + weight
}

// IsNumber reports whether a component is a number: one or more decimal digits of
// any script. This is Python's str.isdigit, by which the reference finds blocks,
// but for oddities such as superscripts.
func IsNumber(component string) bool {
	return component != "" && !strings.ContainsFunc(component, func(r rune) bool { return !unicode.IsDigit(r) })
}

// Block cuts a name behind its first component that is a number, so
// model.layers.3.mlp.up_proj is in the block model.layers.3. Without a number the
// block is empty.
func Block(name string) (block, rest string) {
	for start := 0; start <= len(name); {
		component, _, more := strings.Cut(name[start:], ".")
		end := start + len(component)
		if IsNumber(component) {
			if !more {
				return name, ""
			}
			return name[:end], name[end+1:]
		}
		start = end + 1
	}
	return "", name
}

// InBlock cuts a name around the number of its block: model.layers.3.mlp.up_proj gives
// model.layers. and 3 and .mlp.up_proj. Of a name outside blocks all is before.
func InBlock(name string) (before, number, after string) {
	block, _ := Block(name)
	if block == "" {
		return name, "", ""
	}
	i := strings.LastIndexByte(block, '.') + 1
	return block[:i], block[i:], name[len(block):]
}
