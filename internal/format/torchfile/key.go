package torchfile

import (
	"fmt"
	"strconv"
	"strings"
)

// choose returns what the key, which may be several joined by dots, leads to.
func (w *walker) choose(root any, key string) (v any, path string, err error) {
	v, found, err := w.follow(root, key, 0)
	if err != nil {
		return nil, "", err
	}
	if o, isObject := v.(*object); isObject && opaque(v) {
		return nil, "", wholeModel(key, o)
	}
	p := new(part)
	if err := w.measure(p, v, make(map[any]bool), 0); err != nil {
		return nil, "", err
	}
	if !found || p.tensors == 0 {
		l, err := w.survey(root, "")
		if err != nil {
			return nil, "", err
		}
		return nil, "", l.missing(key, found)
	}
	return v, key, nil
}

func (l *level) missing(key string, found bool) error {
	what := "there is no"
	if found {
		what = "there are no tensors in"
	}
	var keys []string
	for _, p := range l.parts[:min(len(l.parts), 8)] {
		keys = append(keys, strconv.Quote(p.key))
	}
	return fmt.Errorf("%w: %s %q; tensors are in %s", ErrChoice, what, key, strings.Join(keys, ", "))
}

func (w *walker) follow(v any, key string, depth int) (x any, found bool, err error) {
	if depth > maxDepth {
		return nil, false, nil
	}
	for k, value := range children(v) {
		if err := w.spend(visitCost); err != nil {
			return nil, false, err
		}
		if k == key {
			return value, true, nil
		}
		rest, below := strings.CutPrefix(key, k)
		if !below || !strings.HasPrefix(rest, ".") {
			continue
		}
		if x, found, err = w.follow(value, rest[1:], depth+1); found || err != nil {
			return x, found, err
		}
	}
	return nil, false, nil
}
