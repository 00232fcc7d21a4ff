package delta

import (
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/names"
)

// isGGUF reports whether a model has the names of llama.cpp.
func isGGUF(m *checkpoint.Model) bool {
	for i := range m.Len() {
		if t, _ := m.Tensor(i); strings.HasPrefix(t.Stored, "blk.") {
			return true
		}
	}
	return false
}

// reordered reports whether the difference of a tensor would be of weights in two orders, or of
// two meanings: one of the models is a GGUF file, and llama.cpp's converter changes such a
// tensor (convert_hf_to_gguf.py: permute, the norms of Gemma and Nemotron, to which it adds
// one, and what GPT-2 stores transposed). It does not for the models that are named here; of others it is not known. All
// other tensors of these files have the values of the original.
func (p *Pair) reordered(t checkpoint.Tensor) bool {
	if p.gguf == none {
		return false
	}
	model := p.tuned
	if p.gguf == ofBase {
		model = p.base
	}
	is := func(families ...string) bool {
		return slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(model.Config().ModelType, f) })
	}
	if names.IsQueryOrKey(t.Name) {
		return !is("qwen2", "qwen3", "gemma", "phi", "starcoder2", "stablelm")
	}
	if t.Vector() {
		return is("gemma", "nemotron")
	}
	return is("gpt2", "starcoder") && !is("starcoder2") // which it transposes
}

// side says which of two models is a GGUF file, if not both.
type side uint8

const (
	none side = iota
	ofBase
	ofTuned
)

// whichGGUF says which of two models is a GGUF file where the other is none.
func whichGGUF(base, tuned *checkpoint.Model) side {
	b, t := isGGUF(base), isGGUF(tuned)
	switch {
	case b && !t:
		return ofBase
	case t && !b:
		return ofTuned
	}
	return none
}
