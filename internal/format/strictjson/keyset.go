package strictjson

import "slices"

// fewKeys is how many keys an object may have before its set needs a map.
const fewKeys = 16

// keySet holds the keys of one object. Most objects have a handful, and those
// must not cost an allocation each: a file can hold millions of small objects.
type keySet struct {
	few  [fewKeys]string
	n    int
	many map[string]struct{}
}

// add reports whether key is new.
func (k *keySet) add(key string) bool {
	if k.many == nil {
		if slices.Contains(k.few[:k.n], key) {
			return false
		}
		if k.n < len(k.few) {
			k.few[k.n] = key
			k.n++
			return true
		}
		k.many = make(map[string]struct{}, 2*len(k.few))
		for _, old := range k.few {
			k.many[old] = struct{}{}
		}
	}
	if _, dup := k.many[key]; dup {
		return false
	}
	k.many[key] = struct{}{}
	return true
}
