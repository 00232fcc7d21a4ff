package checkpoint

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"strings"

	"github.com/gospectrum/spectrum/internal/hashed"
)

// lookup finds the tensors of a model by name, and those whose names begin alike. It
// takes a fraction of the memory of a map.
type lookup struct {
	names   []string  // sorted
	tensors []*stored // of these names
	table   hashed.Table
}

// newLookup takes the first tensor of every name, and hands the others to twice, with
// the one taken.
func newLookup(all []*stored, twice func(t, taken *stored)) *lookup {
	l := &lookup{names: make([]string, 0, len(all)), tensors: make([]*stored, 0, len(all))}
	l.table.Grow(len(all))
	for _, x := range byName(all) {
		t := all[x.at]
		if n := len(l.names); n > 0 && l.names[n-1] == t.name {
			twice(t, l.tensors[n-1])
			continue
		}
		l.table.Add(l.names, t.name)
		l.names, l.tensors = append(l.names, t.name), append(l.tensors, t)
	}
	return l
}

// sortable stands for a tensor while names are sorted.
type sortable struct {
	head uint64 // of its name, behind what all names begin with
	at   uint32
}

// byName sorts tensors by name, those of one name in the order in which they came. Most
// names are told apart by their heads, without a look at memory that is elsewhere.
func byName(all []*stored) []sortable {
	common := 0
	if len(all) > 0 {
		common = len(all[0].name)
	}
	for _, t := range all {
		common = min(common, len(t.name))
		for t.name[:common] != all[0].name[:common] {
			common--
		}
	}
	order := make([]sortable, len(all))
	for i, t := range all {
		var head [8]byte
		copy(head[:], t.name[common:])
		order[i] = sortable{binary.BigEndian.Uint64(head[:]), uint32(i)}
	}
	slices.SortFunc(order, func(a, b sortable) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return cmp.Or(strings.Compare(all[a.at].name, all[b.at].name), cmp.Compare(a.at, b.at))
	})
	return order
}

// get returns the tensor called name, nil if there is none.
func (l *lookup) get(name string) *stored {
	if i := l.table.Find(l.names, name); i >= 0 {
		return l.tensors[i]
	}
	return nil
}

// withPrefix returns the names that begin with prefix, in order.
func (l *lookup) withPrefix(prefix string) []string {
	from := sort.SearchStrings(l.names, prefix)
	to := from
	for to < len(l.names) && strings.HasPrefix(l.names[to], prefix) {
		to++
	}
	return l.names[from:to]
}

// alone reports whether no name but the i-th itself begins with prefix, which is the
// beginning of that.
func (l *lookup) alone(i int, prefix string) bool {
	return (i == 0 || !strings.HasPrefix(l.names[i-1], prefix)) &&
		(i+1 == len(l.names) || !strings.HasPrefix(l.names[i+1], prefix))
}
