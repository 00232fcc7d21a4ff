package torchfile

import (
	"fmt"
	"slices"
	"strings"
)

// walker makes the list of tensors.
type walker struct {
	File
	*budget
	choice Choice
	taken  map[string]bool
	first  map[string]string // the first name of a view
	seen   map[any]bool      // dictionaries and lists that were walked
}

// list lists the tensors in root.
func (w *walker) list(root any) error {
	w.taken, w.first, w.seen = make(map[string]bool), make(map[string]string), make(map[any]bool)
	if t, ok := root.(*tensor); ok {
		return w.add("tensor", "", t, "")
	}
	if opaque(root) || sequence(root) == nil && pairs(root) == nil {
		return w.noDictionary(root)
	}
	model, path, err := w.find(root)
	if err != nil {
		return err
	}
	w.Model = path
	if t, ok := model.(*tensor); ok { // chosen by its key
		return w.add(path, path, t, "")
	}
	c := &collector{walker: w, onPath: make(map[any]bool), whole: w.choice.All || w.choice.Key != "",
		module: modelKey(path[strings.LastIndexByte(path, '.')+1:])}
	if err := c.walk("", model, 0); err != nil {
		return err
	}
	if !w.choice.All {
		c.rename(lightning(root))
	}
	for _, f := range c.found {
		if err := w.add(f.name, join(path, f.stored), f.tensor, f.reason); err != nil {
			return err
		}
	}
	for _, l := range c.left {
		if err := w.leave(join(path, l.name), l.value, l.reason, 0); err != nil {
			return err
		}
	}
	return w.leave("", root, "", 0)
}

// noDictionary reports what a file holds that has no keys.
func (w *walker) noDictionary(root any) error {
	var p part
	if err := w.measure(&p, root, make(map[any]bool), 0); err != nil {
		return err
	}
	if o, isObject := root.(*object); isObject && p.tensors > 0 {
		return wholeModel("", o)
	}
	return refused("the file holds %s and not a dictionary of tensors", describe(root))
}

// found is a tensor of the model.
type found struct {
	name, stored string
	tensor       *tensor
	reason       string // to leave it out
}

// left is what is inside the model's dictionary and no part of it.
type left struct {
	name   string
	value  any
	reason string
}

// collector gathers the tensors of the model.
type collector struct {
	*walker
	whole  bool // nothing at its top is left out
	module bool // what is at its top are modules, so a loss or statistics may be
	found  []found
	left   []left
	onPath map[any]bool
}

func (c *collector) walk(prefix string, v any, depth int) error {
	if err := c.spend(visitCost + len(prefix)); err != nil {
		return err
	}
	switch v := v.(type) {
	case *tensor:
		return c.take(prefix, v)
	case *storage:
		return c.take(prefix, &tensor{Tensor: Tensor{DType: v.dtype, Skip: "a storage without the shape of a tensor"}})
	case tuple:
		if depth > maxDepth {
			return tooDeep(prefix)
		}
		return c.within(prefix, v, depth)
	case *list, *dict, *object:
		if c.onPath[v] || depth > maxDepth {
			return tooDeep(prefix)
		}
		if o, isObject := v.(*object); isObject {
			if err := c.inside(prefix, o); err != nil || opaque(v) {
				return err
			}
		}
		c.onPath[v], c.seen[v] = true, true
		defer delete(c.onPath, v)
		return c.within(prefix, v, depth)
	}
	return nil
}

func tooDeep(name string) error {
	return refused("%q: nested more than %d deep, or in a circle", name, maxDepth)
}

// inside puts aside what an object has besides the items of a dictionary or list.
func (c *collector) inside(prefix string, o *object) error {
	if o.array() != nil {
		c.left = append(c.left, left{prefix, o, ""})
	} else if o.args != nil || o.state != nil {
		reason := "inside an object of class " + o.class.String()
		c.left = append(c.left, left{prefix, o.args, reason}, left{prefix, o.state, reason})
	}
	return c.spend(tensorCost + len(prefix) + len(o.class.module) + len(o.class.name))
}

func (c *collector) within(prefix string, v any, depth int) error {
	for key, value := range children(v) {
		if scalar(value) {
			if err := c.spend(scalarCost); err != nil {
				return err
			}
			continue
		}
		if reason := kind(key, value); depth == 0 && c.leaves(reason) && !isTensor(value) {
			c.left = append(c.left, left{key, value, reason})
			continue
		}
		if err := c.walk(join(prefix, key), value, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// leaves reports whether a part of this kind is left out of the model.
func (c *collector) leaves(kind string) bool {
	return kind != "" && !c.whole && (!c.module || kind == optimiser || kind == averaged)
}

func isTensor(v any) bool {
	_, ok := v.(*tensor)
	return ok
}

func (c *collector) take(name string, t *tensor) error {
	c.found = append(c.found, found{name: name, stored: name, tensor: t})
	return c.spend(tensorCost + 2*len(name))
}

// leave lists the tensors in v that are not the model's, each once. The reason
// says what they are.
func (w *walker) leave(prefix string, v any, reason string, depth int) error {
	if depth > maxDepth || scalar(v) {
		return w.spend(scalarCost)
	}
	if err := w.spend(visitCost + len(prefix)); err != nil {
		return err
	}
	switch v := v.(type) {
	case *tensor:
		if reason == "" {
			reason = "beside the model"
		}
		return w.add(w.free(prefix), prefix, v, leftOut+reason)
	case *object:
		return w.leaveObject(prefix, v, reason, depth)
	case *list, *dict:
		if w.seen[v] {
			return nil
		}
		w.seen[v] = true
	}
	for key, value := range children(v) {
		if scalar(value) {
			continue
		}
		why := reason
		if why == "" {
			why = kind(key, value)
		}
		if err := w.leave(join(prefix, key), value, why, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// leaveObject lists what is inside an object: an array of NumPy, or tensors
// among its attributes.
func (w *walker) leaveObject(prefix string, o *object, reason string, depth int) error {
	if w.seen[o] {
		return nil
	}
	w.seen[o] = true
	if t := o.array(); t != nil {
		return w.add(w.free(prefix), prefix, t, t.Skip)
	}
	for key, value := range children(o) {
		if err := w.leave(join(prefix, key), value, reason, depth+1); err != nil {
			return err
		}
	}
	if reason == "" {
		reason = "inside an object of class " + o.class.String()
	}
	for _, inside := range []any{o.args, o.state} {
		if err := w.leave(prefix, inside, reason, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// array returns what to list of an array of NumPy, nil for other objects. Its
// state is (version, shape, type, order, bytes).
func (o *object) array() *tensor {
	if o.class != numpyArray {
		return nil
	}
	t := &tensor{Tensor: Tensor{DType: "?", Skip: "an array of NumPy and not a tensor"}}
	state, _ := o.state.(tuple)
	if dtype, ok := at[*object](state, 2); ok {
		name, _ := at[string](dtype.args, 0)
		if known := numpyTypes[name]; known != "" {
			t.DType = known
		}
	}
	if len(state) > 1 {
		if shape, ok := integers(state[1]); ok && plausible(shape) {
			t.Shape = shape
		}
	}
	return t
}

// free returns name, or a name like it that no tensor has.
func (w *walker) free(name string) string {
	for w.taken[name] {
		name += "'"
	}
	return name
}

func join(prefix, name string) string {
	switch {
	case prefix == "":
		return name
	case name == "":
		return prefix
	}
	return prefix + "." + name
}

// add lists a tensor.
func (w *walker) add(name, stored string, t *tensor, reason string) error {
	if w.taken[name] {
		return malformed("tensor %q: name taken", name)
	}
	w.taken[name] = true
	if err := w.spend(listedCost + len(name) + len(stored) + len(reason)); err != nil {
		return err
	}
	c := t.Tensor
	c.Name = name
	if stored != name {
		c.Stored = stored
	}
	c.Shape, c.Stride = slices.Clone(t.Shape), slices.Clone(t.Stride)
	if reason != "" {
		c.Skip = reason
	}
	if t.storage != nil && c.Span > 0 {
		offset, placed := t.storage.start()
		c.Offset += offset
		if !placed {
			c.Skip = "behind a storage of a type, and length, that is not known"
		}
	}
	if c.Skip != "" {
		c.Offset, c.Span, c.Stride = 0, 0, nil
	}
	if c.Span > 0 {
		view := fmt.Sprint(c.Offset, c.DType, c.Shape, c.Stride)
		if c.Shares = w.first[view]; c.Shares == "" {
			w.first[view] = name
		}
	}
	w.Tensors = append(w.Tensors, c)
	return nil
}
