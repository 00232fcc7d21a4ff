package results

import "slices"

// keySet is the keys of one object: a list while there are few, so that the
// many small objects of a result file share one piece of memory.
type keySet struct {
	few  []string
	many map[string]struct{}
}

const fewKeys = 16

func (k *keySet) reset() {
	k.few = k.few[:0]
	k.many = nil
}

// add reports false if key was there already.
func (k *keySet) add(key string) bool {
	if k.many == nil && len(k.few) < fewKeys {
		if slices.Contains(k.few, key) {
			return false
		}
		k.few = append(k.few, key)
		return true
	}
	if k.many == nil {
		k.many = make(map[string]struct{}, 2*fewKeys)
		for _, f := range k.few {
			k.many[f] = struct{}{}
		}
	}
	if _, ok := k.many[key]; ok {
		return false
	}
	k.many[key] = struct{}{}
	return true
}
