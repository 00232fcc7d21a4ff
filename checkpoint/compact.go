package checkpoint

import "slices"

// listed is an entry as a model keeps it. A file may hold a million tensors, so what
// they have in common is there once.
type listed struct {
	name, skip string // Tensor.Name and Tensor.Skip
	offset     int64
	rest       *entry // without these three; its stored name is empty where it is name
}

// entry returns the entry that was packed. What it points to belongs to all of its kind.
func (t *listed) entry() entry {
	e := *t.rest
	e.Tensor, e.offset = t.tensor(), t.offset
	if e.stored.name == "" {
		e.stored.name = t.name
	}
	return e
}

// tensor returns the description of an entry. Its shape belongs to all of its kind.
func (t *listed) tensor() Tensor {
	x := t.rest.Tensor
	x.Name, x.Skip = t.name, t.skip
	if x.Skip != "" {
		x.Memory = 0
	}
	return x
}

// kind is what tells most entries apart that have anything but their names, their
// offsets and a reason to differ in.
type kind struct {
	*storage
	extra  bool
	memory int64
}

// packer makes entries small.
type packer struct {
	last   *entry
	shared map[kind]*entry
}

// pack returns e in the form in which it is kept.
func (p *packer) pack(e *entry) listed {
	t := listed{name: e.Name, skip: e.Skip, offset: e.offset}
	rest := *e
	rest.Name, rest.Skip, rest.offset, rest.stored.skip = "", "", 0, ""
	if rest.stored.name == t.name {
		rest.stored.name = ""
	}
	if p.last == nil || !p.last.equal(&rest) {
		k := kind{rest.storage, rest.extra, rest.Memory}
		if p.last = p.shared[k]; p.last == nil || !p.last.equal(&rest) {
			kept := rest
			p.last = &kept
			p.shared[k] = p.last
		}
	}
	t.rest = p.last
	return t
}

// equal reports whether two entries without what differs in each are the same.
func (e *entry) equal(other *entry) bool {
	return e.storage == other.storage && e.extra == other.extra && e.stored.name == other.stored.name &&
		e.codec == other.codec && (e.pick == other.pick || e.pick != nil && other.pick != nil && *e.pick == *other.pick) &&
		slices.Equal(e.Shape, other.Shape) && e.DType == other.DType && e.File == other.File && e.Stored == other.Stored &&
		e.Whole == other.Whole && e.Size == other.Size && e.Memory == other.Memory
}
