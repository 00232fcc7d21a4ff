package torchfile

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// children yields what a dictionary or list holds, with its key or index; a number
// or text in a list has none. An object that is neither, as far as the pickle tells,
// has no children.
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
			key := "" // a million numbers take no million texts
			if !scalar(item) {
				key = strconv.Itoa(i)
			}
			if !yield(key, item) {
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

// scalar reports whether there is no tensor in v, and no room for one.
func scalar(v any) bool {
	switch v.(type) {
	case tuple, *list, *dict, *object, *storage, *tensor:
		return false
	}
	return true
}

// survey measures what v holds.
func (w *walker) survey(v any, path string) (*level, error) {
	l := &level{path: path}
	for key, value := range children(v) {
		if t, isTensor := value.(*tensor); isTensor {
			l.own += t.params()
			continue
		}
		if scalar(value) {
			l.other = true
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
