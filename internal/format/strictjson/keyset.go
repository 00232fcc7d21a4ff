package strictjson

import (
	"slices"

	"github.com/gospectrum/spectrum/internal/hashed"
)

// fewKeys is how many keys an object may have before they are looked up by hash.
const fewKeys = 16

// keySet holds the keys of one object. Most objects have a handful, and those
// must not cost an allocation each: a file can hold millions of small objects, or one
// with millions of keys.
type keySet struct {
	few   [fewKeys]string
	n     int
	keys  []string // all of them, once there are many
	table hashed.Table
}

// keyLength is what a key with its value takes in objects that have many, in bytes: a
// guess on the safe side, by which no more memory is taken than half of the text.
const keyLength = 64

// add reports whether key is new. Of the text there are rest bytes left.
func (k *keySet) add(key string, rest int) bool {
	if k.keys == nil {
		if slices.Contains(k.few[:k.n], key) {
			return false
		}
		if k.n < len(k.few) {
			k.few[k.n] = key
			k.n++
			return true
		}
		k.keys = make([]string, 0, len(k.few)+rest/keyLength)
		k.table.Grow(cap(k.keys))
		for _, old := range k.few {
			k.table.Add(k.keys, old)
			k.keys = append(k.keys, old)
		}
	}
	if !k.table.Add(k.keys, key) {
		return false
	}
	k.keys = append(k.keys, key)
	return true
}
