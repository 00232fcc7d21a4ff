package checkpoint

import (
	"iter"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
)

// The endings of a weight in its module, and what stands in their place where it is
// stored as its quantised values: optimum-quanto, torchao.
const (
	ownWeight     = "weight"
	quantoEnding  = ".weight._data"
	torchaoEnding = "._weight_qdata"
)

// dataEndings are those of quantised values.
var dataEndings = []string{quantoEnding, torchaoEnding}

// weightModule returns the module whose weight a tensor is, in all spellings of the
// ending.
func weightModule(name string) (module string, ok bool) {
	if name == ownWeight {
		return "", true // a file of one module
	}
	for _, ending := range dataEndings {
		if module, ok := strings.CutSuffix(name, ending); ok {
			return module, true
		}
	}
	return names.Module(name)
}

// parameter returns the name that a weight has in its model where its file calls it
// by one of dataEndings, and its name otherwise.
func parameter(name string) string {
	for _, ending := range dataEndings {
		if module, ok := strings.CutSuffix(name, ending); ok {
			return names.Parameter(module)
		}
	}
	return name
}

// beside yields the tensors whose names say that they belong to the tensor called
// name, with what their names have more: everything below its module, and what has its
// name or that of its module with words of a part behind it, as in w1_scale beside
// w1.weight.
func (l *lister) beside(name string) iter.Seq2[string, *stored] {
	return func(yield func(rest string, t *stored) bool) {
		module, isWeight := weightModule(name)
		stems := []string{name}
		if isWeight {
			stems = []string{module, name}
		} else if stem, ok := strings.CutSuffix(name, "_weight"); ok {
			stems = append(stems, stem)
		}
		seen := map[string]bool{name: true}
		for i, stem := range stems {
			for _, other := range l.withPrefix(stem) {
				rest := other[len(stem):]
				if seen[other] || !belongs(rest, stem == "", i == 0 && !isWeight) {
					continue
				}
				seen[other] = true
				if !yield(rest, l.get(other)) {
					return
				}
			}
		}
	}
}

// solitary reports, at a glance, that there is nothing beside the i-th tensor.
func (l *lister) solitary(i int) bool {
	stem := l.names[i]
	if module, isWeight := weightModule(stem); isWeight {
		stem = module
	} else {
		stem = strings.TrimSuffix(stem, "_weight")
	}
	return l.alone(i, stem)
}

// belongs reports whether what a name has more than the stem makes it one of the
// stem's: anything behind a dot, but the weights and biases of modules below, and words
// of a part behind an underscore. Behind the whole name of a tensor any word will do.
func belongs(rest string, top, whole bool) bool {
	switch {
	case top:
		return !strings.Contains(rest, ".")
	case strings.HasPrefix(rest, "."):
		inner, last := cutLast(rest[1:])
		return inner == "" || last != ownWeight && last != "bias"
	case strings.HasPrefix(rest, "_"):
		return !strings.Contains(rest, ".") && (whole || isPartName(words(rest)))
	}
	return false
}
