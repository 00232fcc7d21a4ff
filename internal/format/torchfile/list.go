package torchfile

import (
	"fmt"
	"slices"
	"strconv"
)

// maxDepth bounds the nesting of what was saved; a cycle has no end.
const maxDepth = 32

// list returns the tensors below the root with their names.
func (m *machine) list(root any) ([]Tensor, error) {
	w := &walker{machine: m, taken: make(map[string]bool), first: make(map[string]string)}
	if t, ok := root.(*Tensor); ok {
		err := w.add("tensor", t)
		return w.tensors, err
	}
	d, ok := root.(*dict)
	if !ok {
		return nil, refused("data.pkl holds %s, not a dictionary of tensors", describe(root))
	}
	inner, err := w.only(d)
	if err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	if err := w.walk("", inner, 0); err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	return w.tensors, nil
}

func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case *list, tuple:
		return "a list"
	case global:
		return v.String()
	}
	return fmt.Sprintf("a %T", v)
}

// walker collects tensors.
type walker struct {
	*machine
	tensors []Tensor
	taken   map[string]bool
	first   map[string]string // the first name of a view
}

// only returns the dictionary that holds the model of a training checkpoint
// ({"state_dict": …, "epoch": …}): the only value of d that has tensors in it,
// if it is a dictionary. Else it returns d.
func (w *walker) only(d *dict) (*dict, error) {
	var found any
	for _, v := range d.values {
		has, err := w.holds(v, 0)
		if err != nil {
			return nil, err
		}
		if has && found != nil {
			return d, nil
		}
		if has {
			found = v
		}
	}
	if inner, ok := found.(*dict); ok {
		return inner, nil
	}
	return d, nil
}

// holds reports whether there is a tensor in v.
func (w *walker) holds(v any, depth int) (bool, error) {
	if depth > maxDepth {
		return false, refused("nested more than %d deep, or in a circle", maxDepth)
	}
	if err := w.spend(valueCost); err != nil {
		return false, err
	}
	items := sequence(v)
	switch v := v.(type) {
	case *Tensor:
		return true, nil
	case *dict:
		items = v.values
	}
	for _, item := range items {
		if has, err := w.holds(item, depth+1); has || err != nil {
			return has, err
		}
	}
	return false, nil
}

func (w *walker) walk(prefix string, v any, depth int) error {
	if depth > maxDepth {
		return refused("%s: nested more than %d deep, or in a circle", prefix, maxDepth)
	}
	if err := w.spend(valueCost + len(prefix)); err != nil {
		return err
	}
	switch v := v.(type) {
	case *Tensor:
		return w.add(prefix, v)
	case *dict:
		for i, key := range v.keys {
			name, ok := keyName(key)
			if !ok {
				return refused("%s: a key that is %s", prefix, describe(key))
			}
			if err := w.walk(join(prefix, name), v.values[i], depth+1); err != nil {
				return err
			}
		}
	case *list, tuple:
		for i, item := range sequence(v) {
			if err := w.walk(join(prefix, strconv.Itoa(i)), item, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func keyName(key any) (string, bool) {
	switch key := key.(type) {
	case string:
		return key, true
	case int64:
		return strconv.FormatInt(key, 10), true
	}
	return "", false
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

func (w *walker) add(name string, t *Tensor) error {
	if w.taken[name] {
		return malformed("tensor %q: name taken", name)
	}
	w.taken[name] = true
	if err := w.spend(tensorCost + len(name)); err != nil {
		return err
	}
	c := *t
	c.Name = name
	c.Shape, c.Stride = slices.Clone(t.Shape), slices.Clone(t.Stride)
	if t.Span > 0 {
		view := fmt.Sprint(t.Offset, t.DType, t.Shape, t.Stride)
		c.Shares = w.first[view]
		if c.Shares == "" {
			w.first[view] = name
		}
	}
	w.tensors = append(w.tensors, c)
	return nil
}
