package delta

import (
	"strings"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/names"
)

// align returns the tensor of the base for each of the tuned model that has one, by its name
// there. Each kind of names joins what the one before it has left, and only what it names
// once on either side.
func align(base, tuned *checkpoint.Model) (map[string]checkpoint.Tensor, error) {
	loadedBase, err := base.Loaded("")
	if err != nil {
		return nil, err
	}
	loadedTuned, err := tuned.Loaded("")
	if err != nil {
		return nil, err
	}
	found := make(map[string]checkpoint.Tensor)
	used := make(map[string]bool)
	stored := func(t checkpoint.Tensor) string { return t.Name }
	unwrapped := func(t checkpoint.Tensor) string { return names.Unwrapped(t.Name) }
	for _, by := range []struct {
		base, tuned func(checkpoint.Tensor) string
	}{
		{stored, stored},
		{parameterIn(loadedBase), parameterIn(loadedTuned)},
		{unwrapped, unwrapped},
	} {
		left := once(base, by.base, func(t checkpoint.Tensor) bool { return used[t.Name] })
		for key, t := range once(tuned, by.tuned, func(t checkpoint.Tensor) bool { _, ok := found[t.Name]; return ok }) {
			if b, ok := left[key]; ok {
				found[t.Name] = b
				used[b.Name] = true
			}
		}
	}
	alignHead(base, tuned, found)
	return found, nil
}

// once returns the tensors of a model that are not done by their keys, those without one and
// those of which there are several left out.
func once(m *checkpoint.Model, key func(checkpoint.Tensor) string, done func(checkpoint.Tensor) bool) map[string]checkpoint.Tensor {
	all, twice := make(map[string]checkpoint.Tensor), make(map[string]bool)
	for _, t := range m.Tensors() {
		k := key(t)
		if k == "" || done(t) {
			continue
		}
		if _, ok := all[k]; ok {
			twice[k] = true
		}
		all[k] = t
	}
	for k := range twice {
		delete(all, k)
	}
	return all
}

// parameterIn returns the key by the names of a loaded model: the parameter, and what part of it
// a tensor is where it holds several.
func parameterIn(loaded *checkpoint.Loaded) func(checkpoint.Tensor) string {
	return func(t checkpoint.Tensor) string {
		parameter, reason := loaded.Parameter(t)
		if reason != "" {
			return ""
		}
		_, number, role, _ := names.Expert(t.Name)
		part := ""
		if t.Whole != "" && role == "" {
			part = t.Name[strings.LastIndexByte(strings.TrimSuffix(t.Name, lastComponent(t.Name)), '.')+1:]
		}
		return strings.Join([]string{parameter, number, role, part}, "\x00")
	}
}

// lastComponent returns what follows the last dot, with the dot.
func lastComponent(name string) string { return name[max(0, strings.LastIndexByte(name, '.')):] }

// alignHead compares the output head of a model that has its own with the embedding of one
// that ties the two.
func alignHead(base, tuned *checkpoint.Model, found map[string]checkpoint.Tensor) {
	head, embedding := base.TiedHead()
	if own, _ := tuned.TiedHead(); head == "" || own != "" {
		return
	}
	if _, ok := found[head]; ok {
		return
	}
	for _, b := range base.Tensors() {
		if b.Name == embedding {
			for _, t := range tuned.Tensors() {
				if t.Name == head {
					found[head] = b
				}
			}
		}
	}
}

// grows reports whether a weight has a row for each token, so that the vocabulary decides how
// many there are.
func grows(name string) bool {
	kind := names.KindOf(name)
	return kind == names.Embedding || kind == names.Head
}
