// Package hashed finds strings by their hashes in a fraction of the memory of a map: the
// strings themselves are the caller's, in a list, and a table keeps their indices.
package hashed

import "hash/maphash"

// Table finds strings in a list of the caller's, by which it was filled. Its zero value
// is empty and ready to use.
type Table struct {
	seed  maphash.Seed
	slots []uint64 // hash<<32 | 1 + index, or 0; their number is a power of two
	n     int
}

// Find returns the index of s in list, or -1.
func (t *Table) Find(list []string, s string) int {
	if t.n == 0 {
		return -1
	}
	i, _ := t.search(list, s)
	return i
}

// Add takes s for the next element of list, which has as many as were added and to which
// the caller then appends it; unless it is there: then it returns false.
func (t *Table) Add(list []string, s string) bool {
	t.Grow(1)
	i, slot := t.search(list, s)
	if i >= 0 {
		return false
	}
	t.n++
	t.slots[slot] = maphash.String(t.seed, s)<<32 | uint64(t.n)
	return true
}

// Grow makes room for n more strings.
func (t *Table) Grow(n int) {
	if t.slots == nil {
		t.seed = maphash.MakeSeed()
	}
	size := max(64, len(t.slots))
	for 3*size < 4*(t.n+n) {
		size *= 2
	}
	if size > len(t.slots) {
		t.resize(size)
	}
}

// search returns the index of s, or -1 and the slot in which it belongs.
func (t *Table) search(list []string, s string) (i, slot int) {
	hash := maphash.String(t.seed, s) << 32
	mask := len(t.slots) - 1
	for slot = int(hash>>32) & mask; t.slots[slot] != 0; slot = (slot + 1) & mask {
		x := t.slots[slot]
		if x&^0xffffffff != hash {
			continue
		}
		if i := int(uint32(x)) - 1; list[i] == s {
			return i, slot
		}
	}
	return -1, slot
}

// resize gives the table more slots.
func (t *Table) resize(size int) {
	old := t.slots
	t.slots = make([]uint64, size)
	for _, x := range old {
		if x == 0 {
			continue
		}
		slot := int(x>>32) & (size - 1)
		for t.slots[slot] != 0 {
			slot = (slot + 1) & (size - 1)
		}
		t.slots[slot] = x
	}
}
