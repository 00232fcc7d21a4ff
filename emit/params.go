package emit

import (
	"cmp"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/names"
)

// Params lists the parameters that a model has once it is loaded, as far as its files
// tell, under the names that loaded gives, nil for those of the files: in the order of
// [checkpoint.Model.Tensors], each once, whatever it was stored as: experts one by one,
// halves of a split projection; what no module has, and a tied head, which is the
// embedding, not at all.
//
// The list is not nil, so that a selection is verified on a model without
// parameters too.
func Params(m *checkpoint.Model, loaded *checkpoint.Loaded) []Param {
	list := []Param{}
	if m == nil {
		return list
	}
	head, _ := m.TiedHead()
	at := make(map[string]int)
	files := make(map[string]string) // of a tensor, the file that the model takes it from
	for _, t := range m.Tensors() {
		name, reason := loaded.Parameter(t)
		if reason != "" || t.Name == head {
			continue
		}
		whole := cmp.Or(t.Whole, t.Name)
		if file, seen := files[whole]; seen && file != t.File {
			continue // a copy in another file, which the model does not use
		}
		files[whole] = t.File
		i, seen := at[name]
		if !seen {
			i = len(list)
			at[name] = i
			list = append(list, Param{Name: name, Stored: stored(t, name), Dims: len(t.Shape)})
		}
		list[i].Rows = max(list[i].Rows, rowsOf(t, name))
		list[i].Params += t.Params()
		list[i].Bytes += t.Size
	}
	return list
}

// rowsOf returns how many rows of its parameter a tensor shows that there are at least:
// experts are numbered, and what is whole has its first dimension.
func rowsOf(t checkpoint.Tensor, parameter string) int64 {
	if n, ok := names.ExpertIn(parameter, t.Name); ok {
		return n + 1
	}
	if t.Whole == "" && len(t.Shape) > 0 {
		return int64(t.Shape[0])
	}
	return 0
}

// stored returns what a tensor is called in its file, if it is not the parameter's name.
func stored(t checkpoint.Tensor, parameter string) string {
	switch {
	case t.Stored == parameter || t.Stored == "" && t.Name == parameter:
		return ""
	case t.Stored != "":
		return t.Stored
	}
	return t.Name
}
