package torchfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of what was saved; a circle has no end.
const maxDepth = 64

// part is something with tensors in it that a dictionary holds.
type part struct {
	key     string
	value   any
	tensors int
	params  float64 // elements, of what may be parameters
}

// level is what there is to choose from in a dictionary.
type level struct {
	path    string
	top     bool    // it is what was saved
	inModel bool    // it is under a key that models have
	parts   []*part // dictionaries, lists and objects, the largest first
	own     float64 // parameters among the dictionary's own tensors
	other   bool    // it has values without tensors
}

// choosing reports whether the parts of a level are those of a checkpoint, and
// not modules of the model.
func (l *level) choosing(known []*part) bool { return l.top || !l.inModel && len(known) > 0 }

// find returns the model in root, and the keys that lead to it.
func (w *walker) find(root any) (model any, path string, err error) {
	switch {
	case w.choice.All:
		return root, "", nil
	case w.choice.Key != "":
		return w.choose(root, w.choice.Key)
	}
	if err := distributed(root); err != nil {
		return nil, "", err
	}
	if optimises(root) {
		return nil, "", fmt.Errorf("%w: the state of an optimiser; FILE# takes it as it is", ErrChoice)
	}
	model = root
	last := ""
	for depth := range maxDepth {
		l, err := w.survey(model, path)
		if err != nil {
			return nil, "", err
		}
		l.top, l.inModel = depth == 0, depth > 0 && modelKey(last)
		next, err := l.pick()
		if err != nil {
			return nil, "", err
		}
		if next == nil {
			break
		}
		model, path, last = next.value, join(path, next.key), next.key
	}
	if o, isObject := model.(*object); isObject && opaque(model) {
		return nil, "", wholeModel(path, o)
	}
	return model, path, nil
}

func wholeModel(path string, o *object) error {
	what := "the file holds"
	if path != "" {
		what = strconv.Quote(path) + " is"
	}
	return refused("%s an object of class %s, a whole model whose code decides what its tensors are: "+
		"load it with PyTorch and save model.state_dict()", what, o.class)
}

// pick returns the part that is the model, or nil where that is the level as a
// whole.
func (l *level) pick() (*part, error) {
	var listed, plain, known []*part
	for _, p := range l.parts {
		switch {
		case kind(p.key, p.value) != "":
			known = append(known, p)
		case modelKey(p.key):
			listed = append(listed, p)
		case opaque(p.value) && len(plain) > 0:
			// settings or such: a dictionary of tensors is larger
		default:
			plain = append(plain, p)
		}
	}
	switch {
	case len(listed) > 1 && listed[0].like(listed[1]):
		return l.ofListed(listed)
	case !l.choosing(known) && (len(listed) != 1 || len(plain) > 0 || l.own > 0):
		return nil, nil // these are modules of the model
	case len(listed) > 0:
		return l.ofListed(listed)
	case l.own > 0:
		return nil, nil
	case len(plain) == 0 && len(known) > 0:
		return nil, l.ambiguous("only what is no model by its key", known)
	case len(plain) == 1:
		return plain[0], nil
	case len(plain) > 1 && (l.other || len(known) > 0 || plain[0].like(plain[1])):
		return nil, l.ambiguous("more than one that could be the model", plain)
	}
	return nil, nil
}

// like reports whether two parts have the measures of copies.
func (p *part) like(q *part) bool { return p.tensors == q.tensors && p.params == q.params }

// ofListed picks the largest of the parts that have a model's key.
func (l *level) ofListed(listed []*part) (*part, error) {
	best := listed[0]
	if i := slices.IndexFunc(listed, func(p *part) bool { return !opaque(p.value) }); i > 0 && 2*listed[i].params >= best.params {
		listed = listed[i:] // its dictionary is saved beside a whole model
		best = listed[0]
	}
	if l.own > best.params {
		return nil, nil
	}
	for _, p := range listed[1:] {
		if p.params*2 >= best.params && !identical(p.value, best.value) && !opaque(p.value) {
			return nil, l.ambiguous("more than one that could be the model", listed)
		}
	}
	return best, nil
}

// identical reports whether two values are one dictionary that was saved twice.
func identical(v, w any) bool {
	a, isDict := v.(*dict)
	return isDict && a == w
}

func (l *level) ambiguous(what string, parts []*part) error {
	var list []string
	for _, p := range parts[:min(len(parts), 4)] {
		list = append(list, fmt.Sprintf("%q (%d tensors, %.0f parameters)", join(l.path, p.key), p.tensors, p.params))
	}
	if len(parts) > len(list) {
		list = append(list, "…")
	}
	return fmt.Errorf("%w: %s: %s; choose one by its key, as in FILE#%s, or FILE# for everything",
		ErrChoice, what, strings.Join(list, ", "), join(l.path, parts[0].key))
}
