package checkpoint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxParts bounds how many matrices stacked tensors are taken apart into, in a
// model: a small file could claim any number.
const maxParts = 1 << 17

// lister makes the list of a model's tensors from what its files store.
type lister struct {
	model    *Model
	stored   map[string]*stored // those that are part of the model, by name
	names    []string           // of stored, sorted
	entries  []entry
	consumed map[string]string // why a tensor is not one of its own, by name
	factors  map[string]factor // of 8-bit floats, and of what GGUF scales once more
	parts    int
}

// list makes the list of tensors. The index x, nil when there is none, says
// which file each tensor belongs to.
func (m *Model) list(x *index) error {
	l := &lister{model: m, stored: make(map[string]*stored), consumed: make(map[string]string), factors: make(map[string]factor)}
	for _, s := range m.shards {
		for i := range s.stored {
			t := &s.stored[i]
			if reason := x.skip(t.name, s.name); reason != "" {
				t.skip, t.extra = reason, true
			} else if l.stored[t.name] == nil {
				l.stored[t.name] = t
			} else {
				t.skip, t.extra = "a tensor of this name is in "+l.stored[t.name].shard.name, true
			}
		}
	}
	l.names = slices.Sorted(maps.Keys(l.stored))
	l.companions()
	for _, s := range m.shards {
		for _, t := range s.stored {
			if t.skip == "" {
				t.skip = l.consumed[t.name]
				t.extra = t.isExtra(t.skip)
			}
			l.add(t)
		}
		s.stored = nil
	}
	l.placeholders()
	return l.finish()
}

// add lists a stored tensor, or the matrices it is taken apart into.
func (l *lister) add(s stored) {
	e := newEntry(s)
	if s.skip == "" {
		l.scale(&e)
		l.norm(&e)
		e.setMemory()
	}
	if e.Skip != "" {
		l.entries = append(l.entries, e)
		return
	}
	l.entries = append(l.entries, l.split(l.unstack(e))...)
}

// placeholders marks the weights of a model that has none but vectors of one
// element: older versions of ZeRO-3 leave these.
func (l *lister) placeholders() {
	for _, e := range l.entries {
		_, isWeight := Module(e.Name)
		isParameter := isWeight || strings.HasSuffix(e.Name, ".bias")
		if e.Skip == "" && (!isParameter || !slices.Equal(e.shape, []int64{1})) {
			return
		}
	}
	for i := range l.entries {
		if e := &l.entries[i]; e.Skip == "" {
			e.Skip, e.Memory = "empty: a placeholder of one element", 0
		}
	}
}

// finish sorts the tensors and makes them known by key.
func (l *lister) finish() error {
	m := l.model
	m.tensors = l.entries
	slices.SortStableFunc(m.tensors, func(a, b entry) int {
		return cmp.Or(Compare(a.Name, b.Name), Compare(a.File, b.File))
	})
	m.byKey = make(map[key]int, len(m.tensors))
	for i, e := range m.tensors {
		k := key{e.File, e.Name}
		if j, taken := m.byKey[k]; taken {
			return fmt.Errorf("%s: %w: tensor %q is there twice, as %q and %q", e.File, ErrFormat, e.Name, m.tensors[j].name, e.name)
		}
		m.byKey[k] = i
	}
	return nil
}
