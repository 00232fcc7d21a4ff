package checkpoint

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
)

// unstack takes a tensor that holds the matrices of all experts of a layer, one
// behind the other, apart: …experts.up_proj of shape 64×a×b becomes
// …experts.0.up_proj to …experts.63.up_proj of a×b. Some models store a matrix
// as out×in and others as in×out; it is listed as it is stored, its singular
// values being those of its transpose.
//
// The biases and norms of all experts, stacked, have the shape of a matrix and are
// none: each row is a vector of its own. They are not taken for weights.
func (l *lister) unstack(e *entry) {
	before, after, experts := cutExperts(e.Name)
	if !experts {
		l.split(e)
		return
	}
	param := after[strings.LastIndexByte(after, '.')+1:]
	switch {
	case len(e.Shape) == 2 && (strings.HasSuffix(param, "bias") || strings.Contains(param, "norm")):
		e.Skip, e.Memory = "vectors of all experts, stacked", 0
		l.split(e)
		return
	case len(e.Shape) != 3 || e.elements() == 0 || e.lengths != nil:
		l.split(e)
		return
	}
	n := e.Shape[0]
	if l.parts += n; l.parts > maxParts {
		e.Skip, e.Memory = fmt.Sprintf("more than %d stacked matrices", maxParts), 0
		l.split(e)
		return
	}
	part, step := e.subs()
	for i := range n {
		x := e.expert(i, before+strconv.Itoa(i)+after)
		x.storage, x.offset = part, e.offset+int64(i)*step
		x.Size = part.size
		x.setMemory()
		l.split(&x)
	}
}

// cutExperts finds where the index of an expert belongs in a name: behind the
// component "experts", as in models whose experts are stored one by one, or
// before the last two where a module has no such component.
func cutExperts(name string) (before, after string, ok bool) {
	if list, rest, ok := names.Experts(name); ok {
		first, _, _ := strings.Cut(rest, ".")
		return list + ".", "." + rest, !names.IsNumber(first)
	}
	for _, module := range []string{".input_linear.weight", ".output_linear.weight"} { // Granite
		if strings.HasSuffix(name, module) {
			return name[:len(name)-len(module)] + "." + names.ExpertList + ".", module, true
		}
	}
	return "", "", false
}

// expert returns the i-th matrix of a stack, but for where it is stored.
func (e *entry) expert(i int, name string) entry {
	x := *e
	x.Name, x.Stored, x.Whole = name, cmp.Or(e.inFile, e.name), cmp.Or(e.Whole, e.Name)
	x.Shape = slices.Clone(e.Shape[1:])
	if s := e.scales; s != nil && len(s.shape) > 0 && s.shape[0] == e.shape[0] {
		r := *s
		r.stored = s.sub(int64(i))
		x.scales = &r
	}
	return x
}
