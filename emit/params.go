package emit

import (
	"strings"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/names"
)

// Params lists the parameters of a model, as far as its files tell: in the order
// of [checkpoint.Model.Tensors], a tensor that is listed as its parts (the experts
// of a block, the halves of a split projection) once under its stored name, and a
// tied head, which is the embedding, not at all. Parts of a GGUF file stay what
// they are, because its own names are no parameter's.
//
// The list is not nil, so that a selection is verified on a model without
// parameters too.
func Params(m *checkpoint.Model) []Param {
	list := []Param{}
	if m == nil {
		return list
	}
	tensors := m.Tensors()
	parts := make(map[string]int) // by stored name
	for _, t := range tensors {
		parts[t.Stored]++
	}
	head, _ := m.TiedHead()
	files := make([]string, 0, len(tensors)) // of the same index as list
	at := make(map[string]int)
	for _, t := range tensors {
		name := t.Name
		if part := parts[t.Stored] > 1 || names.IsExpert(name); part && isParameter(t.Stored) {
			name = t.Stored
		}
		i, seen := at[name]
		switch {
		case name == head:
			continue
		case !seen:
			i = len(list)
			at[name] = i
			list, files = append(list, Param{Name: name}), append(files, t.File)
		case files[i] != t.File:
			continue // a copy in another file, which the model does not use
		}
		list[i].Params += t.Params()
		list[i].Bytes += t.Size
	}
	return list
}

// isParameter reports whether a stored name is spelled as Hugging Face spells
// parameters, and not as llama.cpp does.
func isParameter(stored string) bool {
	return stored != "" && !strings.HasPrefix(stored, "blk.") && !strings.Contains(stored, ".blk.")
}
