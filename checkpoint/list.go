package checkpoint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxParts bounds how many matrices stacked tensors are taken apart into, in a
// model: a small file could claim any number.
const maxParts = 1 << 17

// lister makes the list of a model's tensors from what its files store.
type lister struct {
	*lookup  // of those that are part of the model
	model    *Model
	entries  []listed
	packer   packer
	consumed map[string]string // why a tensor is not one of its own, by name
	factors  map[string]factor // of 8-bit floats, and of what GGUF scales once more
	parts    int
}

// list makes the list of tensors. The index x, nil when there is none, says
// which file each tensor belongs to.
func (m *Model) list(x *index) error {
	l := &lister{model: m, consumed: make(map[string]string), factors: make(map[string]factor)}
	l.lookup = newLookup(m.listed(x), func(t, taken *stored) {
		t.skip, t.extra = "a tensor of this name is in "+taken.shard.name, true
	})
	l.companions()
	l.packer.shared = make(map[kind]*entry)
	l.entries = make([]listed, 0, len(l.names))
	for _, s := range m.shards {
		for _, t := range s.stored { // a copy: others may need it as it is
			if t.skip == "" {
				t.skip = l.consumed[t.name]
				t.extra = t.isExtra(t.skip)
			}
			l.add(&t)
		}
		s.stored = nil
	}
	l.placeholders()
	return l.finish()
}

// listed returns the tensors that the index takes from where they are, and marks the
// others.
func (m *Model) listed(x *index) []*stored {
	n := 0
	for _, s := range m.shards {
		n += len(s.stored)
	}
	all := make([]*stored, 0, n)
	for _, s := range m.shards {
		for i := range s.stored {
			t := &s.stored[i]
			if reason := x.skip(t.name, s.name); reason != "" {
				t.skip, t.extra = reason, true
				continue
			}
			all = append(all, t)
		}
	}
	return all
}

// add lists a stored tensor, or the matrices it is taken apart into.
func (l *lister) add(s *stored) {
	e := newEntry(s)
	if s.skip == "" {
		l.scale(&e)
		l.norm(&e)
		e.setMemory()
	}
	if e.Skip != "" {
		l.keep(&e)
		return
	}
	l.unstack(&e)
}

// keep lists an entry as it is.
func (l *lister) keep(e *entry) { l.entries = append(l.entries, l.packer.pack(e)) }

// placeholders marks the weights of a model that has none but vectors of one
// element: older versions of ZeRO-3 leave these.
func (l *lister) placeholders() {
	for i := range l.entries {
		t := &l.entries[i]
		_, isWeight := Module(t.name)
		isParameter := isWeight || strings.HasSuffix(t.name, ".bias")
		if t.skip == "" && (!isParameter || !slices.Equal(t.rest.shape, []int64{1})) {
			return
		}
	}
	for i := range l.entries {
		if t := &l.entries[i]; t.skip == "" {
			t.skip = "empty: a placeholder of one element"
		}
	}
}

// finish sorts the tensors, by which they are found too.
func (l *lister) finish() error {
	m := l.model
	m.tensors = l.entries
	order := func(a, b listed) int { return cmp.Or(a.compare(b.name, b.rest.File), cmp.Compare(a.offset, b.offset)) }
	if !slices.IsSortedFunc(m.tensors, order) {
		slices.SortFunc(m.tensors, order)
	}
	for i := 1; i < len(m.tensors); i++ {
		if a, b := m.tensors[i-1], m.tensors[i]; a.compare(b.name, b.rest.File) == 0 {
			return fmt.Errorf("%s: %w: tensor %q is there twice, as %q and %q", a.rest.File, ErrFormat, a.name, a.entry().stored.name, b.entry().stored.name)
		}
	}
	return nil
}

// compare orders tensors by name, then by file.
func (t *listed) compare(name, file string) int {
	if c := Compare(t.name, name); c != 0 {
		return c
	}
	return Compare(t.rest.File, file)
}

// find returns where a tensor is in the list of m.
func (m *Model) find(file, name string) (i int, ok bool) {
	return slices.BinarySearchFunc(m.tensors, name, func(t listed, name string) int { return t.compare(name, file) })
}
