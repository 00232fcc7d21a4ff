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

// Part is one of the parts that multimodal models are made of.
type Part uint8

// The parts.
const (
	Language  Part = iota // and all of a model with one part
	Encoder               // of images, video or sound
	Projector             // from an encoder to the language model
)

// PartOf tells the part of a model that a parameter or module is in from the components
// of its name in front of the first number.
func PartOf(name string) Part {
	block, _ := Block(name)
	head := block
	if head == "" {
		head = name
	}
	encoder := false
	for component := range strings.SplitSeq(name, ".") {
		if strings.Contains(component, "projector") || component == "merger" || component == "connector" || component == "resampler" {
			return Projector
		}
	}
	for component := range strings.SplitSeq(head, ".") {
		for _, word := range []string{"vision", "visual", "image", "audio", "video"} {
			encoder = encoder || strings.Contains(component, word)
		}
	}
	if encoder {
		return Encoder
	}
	return Language
}

// IsQueryOrKey reports whether a parameter projects to queries or keys, alone or with others, so
// that rotary embeddings decide in which order its rows are.
func IsQueryOrKey(name string) bool {
	module, _ := Module(name)
	module = strings.TrimSuffix(module, ".bias")
	switch module[strings.LastIndexByte(module, '.')+1:] {
	case "q_proj", "k_proj", "qkv_proj", "query_key_value", "Wqkv", "c_attn", "wq", "wk", "wqkv", "query", "key":
		return true
	}
	return false
}
