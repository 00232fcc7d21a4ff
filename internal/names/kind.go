package names

import "strings"

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
	name, _ = Module(name)
	name = strings.TrimSuffix(name, ".bias")
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

// IsTokenEmbedding reports whether a parameter embeds tokens, the one embedding
// whose matrix an output head may share. That of positions or patches is none.
func IsTokenEmbedding(name string) bool {
	module, isWeight := Module(name)
	switch module[strings.LastIndexByte(module, '.')+1:] {
	case "embed_tokens", "wte", "embed_in", "word_embeddings", "shared":
		return isWeight
	}
	return false
}
