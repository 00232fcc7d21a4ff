package torchfile

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of what was saved; a circle has no end.
const maxDepth = 64

// children yields what a dictionary or list holds, with its key or index. An
// object that is neither, as far as the pickle tells, has none.
func children(v any) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		if d := pairs(v); d != nil {
			for i, key := range d.keys {
				if !yield(keyName(key), d.values[i]) {
					return
				}
			}
		}
		for i, item := range sequence(v) {
			if !yield(strconv.Itoa(i), item) {
				return
			}
		}
	}
}

// opaque reports whether v is an object whose insides only its class knows.
func opaque(v any) bool {
	o, isObject := v.(*object)
	return isObject && len(o.keys) == 0 && len(o.items) == 0
}

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

// survey measures what v holds.
func (w *walker) survey(v any, path string) (*level, error) {
	l := &level{path: path}
	for key, value := range children(v) {
		if t, isTensor := value.(*tensor); isTensor {
			l.own += t.params()
			continue
		}
		p := &part{key: key, value: value}
		if err := w.measure(p, value, make(map[any]bool), 0); err != nil {
			return nil, err
		}
		if p.tensors == 0 {
			l.other = true
			continue
		}
		l.parts = append(l.parts, p)
		if err := w.spend(tensorCost + len(key)); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(l.parts, func(a, b *part) int { return cmp.Compare(b.params, a.params) })
	return l, nil
}

// params returns the number of elements if they may be parameters: vectors of
// integers are states of random generators and such.
func (t *tensor) params() float64 {
	if len(t.Shape) == 0 || len(t.Shape) == 1 && !strings.Contains(t.DType, "F") {
		return 0
	}
	n := 1.0
	for _, d := range t.Shape {
		n *= float64(d)
	}
	return n
}

// measure adds what is in v to p.
func (w *walker) measure(p *part, v any, seen map[any]bool, depth int) error {
	if t, isTensor := v.(*tensor); isTensor {
		p.tensors++
		p.params += t.params()
		return nil
	}
	inside, err := w.insides(v, seen)
	if err != nil || depth > maxDepth {
		return err
	}
	for _, x := range inside {
		if err := w.measure(p, x, seen, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// insides returns the values in v, those of an object included, but nothing for
// what was seen.
func (w *walker) insides(v any, seen map[any]bool) (values []any, err error) {
	switch v := v.(type) {
	case tuple:
		return v, w.spend(visitCost + scalarCost*len(v))
	case *list, *dict, *object:
		if seen[v] {
			return nil, w.spend(scalarCost)
		}
		seen[v] = true
		if err := w.spend(memoCost); err != nil {
			return nil, err
		}
	}
	switch v := v.(type) {
	case *list:
		return v.items, w.spend(scalarCost * len(v.items))
	case *dict:
		return v.values, w.spend(scalarCost * len(v.values))
	case *object:
		err = w.spend(itemCost * (len(v.values) + len(v.items) + len(v.args) + 1))
		return slices.Concat(v.values, v.items, v.args, []any{v.state}), err
	}
	return nil, nil
}

// scalar reports whether there is no tensor in v, and no room for one.
func scalar(v any) bool {
	switch v.(type) {
	case tuple, *list, *dict, *object, *storage, *tensor:
		return false
	}
	return true
}

// pick returns the part that is the model, or nil where that is the level as a
// whole.
func (l *level) pick() (*part, error) {
	var listed, plain, known []*part
	for _, p := range l.parts {
		switch {
		case modelKey(p.key):
			listed = append(listed, p)
		case kindOf(p.key) != "":
			known = append(known, p)
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

// choose returns what the key, which may be several joined by dots, leads to.
func (w *walker) choose(root any, key string) (v any, path string, err error) {
	v, found, err := w.follow(root, key, 0)
	if err != nil {
		return nil, "", err
	}
	if o, isObject := v.(*object); isObject && opaque(v) {
		return nil, "", wholeModel(key, o)
	}
	p := new(part)
	if err := w.measure(p, v, make(map[any]bool), 0); err != nil {
		return nil, "", err
	}
	if !found || p.tensors == 0 {
		l, err := w.survey(root, "")
		if err != nil {
			return nil, "", err
		}
		return nil, "", l.missing(key, found)
	}
	return v, key, nil
}

func (l *level) missing(key string, found bool) error {
	what := "there is no"
	if found {
		what = "there are no tensors in"
	}
	var keys []string
	for _, p := range l.parts[:min(len(l.parts), 8)] {
		keys = append(keys, strconv.Quote(p.key))
	}
	return fmt.Errorf("%w: %s %q; tensors are in %s", ErrChoice, what, key, strings.Join(keys, ", "))
}

func (w *walker) follow(v any, key string, depth int) (x any, found bool, err error) {
	if depth > maxDepth {
		return nil, false, nil
	}
	for k, value := range children(v) {
		if err := w.spend(visitCost); err != nil {
			return nil, false, err
		}
		if k == key {
			return value, true, nil
		}
		rest, below := strings.CutPrefix(key, k)
		if !below || !strings.HasPrefix(rest, ".") {
			continue
		}
		if x, found, err = w.follow(value, rest[1:], depth+1); found || err != nil {
			return x, found, err
		}
	}
	return nil, false, nil
}

// keyName returns how a key is written in names.
func keyName(key any) string {
	switch key := key.(type) {
	case string:
		return key
	case int64:
		return strconv.FormatInt(key, 10)
	}
	return describe(key)
}

// describe writes a value in a few words, as Python does where it is short.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return map[bool]string{true: "True", false: "False"}[v]
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return strconv.FormatFloat(v, 'f', 1, 64)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return strconv.Quote(v)
	case big, elided:
		return "a long value"
	case tuple:
		return describeTuple(v)
	case *list:
		return "a list"
	case *dict:
		return "a dictionary"
	case *tensor:
		return "a tensor"
	case *storage:
		return "a storage"
	case global:
		return v.String()
	case *object:
		return "an object of class " + v.class.String()
	}
	return "something else"
}

// describeTuple writes a tuple of numbers and strings; others are long.
func describeTuple(t tuple) string {
	if len(t) > 4 {
		return "a tuple"
	}
	items := make([]string, len(t))
	for i, v := range t {
		switch v.(type) {
		case nil, bool, int64, float64, string:
			items[i] = describe(v)
		default:
			return "a tuple"
		}
	}
	if len(t) == 1 {
		return "(" + items[0] + ",)"
	}
	return "(" + strings.Join(items, ", ") + ")"
}
