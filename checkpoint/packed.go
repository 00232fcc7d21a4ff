package checkpoint

import (
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
)

// packedNames are what quantisers call the values of a weight that they have packed,
// and nobody calls anything else.
var packedNames = []string{"qweight", "weight_packed", "W_q", "q_weight", "Qidxs", "trellis"}

// indexNames are what they call the indices into codebooks.
var indexNames = []string{"codes", "indices"}

// markPacked finds weights that are packed in a way that is not read, and marks them
// and all that belongs to them: scales, zero points, codebooks, rotations are of the
// types and shapes of layers and are none.
//
// A weight is packed when its name is one that a quantiser uses, or when it is of a type
// that no weight has unpacked: integers, 4-bit and 6-bit floats. So the quantiser need
// not be known.
func (l *lister) markPacked() {
	claims := &claims{lister: l, owner: make(map[string]bool)}
	reasons := make(map[string]string) // of parts
	packer := ""
	mark := func(t *stored) {
		parts, packed := claims.of(t)
		if !packed && !l.surelyPacked(t) {
			return
		}
		by := l.quantiser(t)
		if t.skip == "" {
			l.consumed[t.name] = by.refusal()
		}
		if _, last := cutLast(t.name); l.model.config.quantized || slices.Contains(packedNames, last) {
			packer = by.name
		}
		for _, p := range parts {
			if reasons[p] == "" {
				reasons[p] = "belongs to " + t.name + ", packed by " + by.name + ", which is not read"
			}
		}
	}
	for _, named := range []bool{true, false} { // zero points are integers too, and no payload
		for i, name := range l.names {
			if t := l.tensors[i]; reasons[name] == "" && hasPayloadName(name) == named && l.isPayload(t) {
				mark(t)
			}
		}
	}
	for name, reason := range reasons {
		if l.consumed[name] == "" && l.get(name).skip == "" {
			l.consumed[name] = reason
		}
	}
	if packer != "" {
		l.leaveRest("beside weights packed by " + packer + ", which are not read: alone it is not the model")
	}
}

// leaveRest lists the matrices that are left for no layers. Of a model that is quantised,
// as config.json or the names of its weights say, and whose weights could not be read, a
// selection among the head, the embeddings and what else was spared would look like one
// of the model; and a part of a packing that nobody knows yet may be among them.
func (l *lister) leaveRest(reason string) {
	for i, name := range l.names {
		if t := l.tensors[i]; len(t.shape) > 1 && t.skip == "" && l.consumed[name] == "" {
			l.consumed[name] = reason
		}
	}
}

// hasPayloadName reports whether a name is that of a weight, or of what quantisers have in
// its place.
func hasPayloadName(name string) bool {
	_, isWeight := weightModule(name)
	_, last := cutLast(name)
	return isWeight || slices.Contains(packedNames, last) || slices.Contains(indexNames, last)
}

// isPayload reports whether t may hold the values of a packed weight.
func (l *lister) isPayload(t *stored) bool {
	if l.consumed[t.name] != "" || l.isMXFP4(t) {
		return false
	}
	_, last := cutLast(t.name)
	known := slices.Contains(packedNames, last)
	if !unreadable(t) {
		// Packed values may be stored as if they were floats: HQQ's view_as_float,
		// bitsandbytes' quant_storage.
		return known || l.inBitsAndBytes(t.name)
	}
	w := words(last)
	switch {
	case anyOf(w, integerWords) || isPartName(w):
		return false
	case t.elements() <= 1 || len(t.shape) < 2 && t.elements() <= 8:
		return false
	case t.dtype == "I64" || t.dtype == "U64": // indices and counters in most models
		return known || l.model.config.quantized
	}
	return true
}

// unreadable reports whether t is of a type in which weights are packed.
func unreadable(t *stored) bool {
	if t.dtype == "BOOL" || t.dtype == "C64" {
		return false
	}
	_, skip := decoderFor(t)
	return skip != ""
}

// inBitsAndBytes reports whether a weight has the state of bitsandbytes beside it.
func (l *lister) inBitsAndBytes(name string) bool {
	_, isWeight := names.Module(name)
	return isWeight && (l.get(name+".absmax") != nil || len(l.withPrefix(name+".quant_state.")) > 0)
}

// surelyPacked reports whether t is a packed weight though nothing belongs to it.
func (l *lister) surelyPacked(t *stored) bool {
	_, last := cutLast(t.name)
	_, isWeight := weightModule(t.name)
	return slices.Contains(packedNames, last) || isWeight && l.model.config.quantized
}

// claims finds what belongs to packed weights. What is claimed once is not listed again:
// a module may hold any number of payloads.
type claims struct {
	*lister
	owner map[string]bool // prefixes of names that were claimed; true if there was anything
}

// of lists what belongs to the packed weight t, but for the bias, which is what it says.
// It reports whether anything does.
func (c *claims) of(t *stored) (parts []string, packed bool) {
	module, last := cutLast(t.name)
	if owner, ok := weightModule(t.name); ok && owner != "" {
		parts = c.withPrefix(owner + ".")
	}
	for _, other := range c.beside(t.name) {
		parts = append(slices.Clip(parts), other.name)
	}
	parts = withoutBias(parts, t.name)
	packed = len(parts) > 0
	take := func(more []string, claimed bool) {
		more = withoutBias(more, t.name)
		parts, packed = append(parts, more...), packed || claimed || len(more) > 0
	}
	if !packed {
		take(c.sharedStem(module, last))
	}
	if !packed || slices.Contains(packedNames, last) {
		take(c.siblings(t, module, last))
	}
	return parts, packed
}

// withoutBias returns names without those of biases, which are what they say, and the
// one called name.
func withoutBias(list []string, name string) (kept []string) {
	for _, other := range list {
		_, last := cutLast(other)
		bias := last == "bias" || strings.HasSuffix(last, "_bias") && last != "weight_bias"
		if other != name && !bias {
			kept = append(kept, other)
		}
	}
	return kept
}

// claim lists the names that begin with prefix, unless they were listed before.
func (c *claims) claim(prefix string, belongs func(rest string) bool) (parts []string, claimed bool) {
	if had, done := c.owner[prefix]; done {
		return nil, had
	}
	for _, other := range c.withPrefix(prefix) {
		if belongs(other[len(prefix):]) {
			parts = append(parts, other)
		}
	}
	c.owner[prefix] = len(parts) > 0
	return parts, false
}

// cutLast cuts a name before its last component.
func cutLast(name string) (module, last string) {
	i := strings.LastIndexByte(name, '.')
	return name[:max(i, 0)], name[i+1:]
}

// sharedStem lists what shares its first words with a payload, as w1_scale does with
// w1_codes.
func (c *claims) sharedStem(module, last string) (parts []string, claimed bool) {
	for i := strings.LastIndexByte(last, '_'); i > 0; i = strings.LastIndexByte(last[:i], '_') {
		stem := last[:i+1]
		if module != "" {
			stem = module + "." + stem
		}
		more, had := c.claim(stem, func(rest string) bool { return !strings.Contains(rest, ".") && isPartName(words(rest)) })
		parts, claimed = append(parts, more...), claimed || had
	}
	return parts, claimed
}

// siblings lists what is in the module of a payload whose name is not that of a weight:
// all of it, and of the modules one below what is no larger, as VPTQ's centroids. A
// module that has a weight which can be read is not taken for packed, unless the two
// have a side in common: then one may be what the other lacks.
func (c *claims) siblings(t *stored, module, last string) (parts []string, claimed bool) {
	known := slices.Contains(packedNames, last)
	if _, component := cutLast(module); !known && (component == names.ExpertList || names.IsNumber(component) || names.IsNumber(last)) {
		return nil, false // the module holds others besides, or is a list
	}
	prefix := module + "."
	if module == "" {
		prefix = ""
	}
	if w := c.get(prefix + ownWeight); w != nil && !unreadable(w) && !known {
		if !sideInCommon(w, t) || isEight(w) && couldScale(t, w) { // which findFactor sees to
			return nil, false
		}
	}
	codebooks := known || slices.Contains(indexNames, last)
	return c.claim(prefix, func(rest string) bool {
		switch strings.Count(rest, ".") {
		case 0: // a file may hold matrices that have nothing to do with each other
			return module != "" || known || isPartName(words(rest))
		case 1:
			small := c.model.config.quantized && c.get(prefix+rest).elements() <= t.elements()
			return prefix != "" && (codebooks || small)
		}
		return false
	})
}

// sideInCommon reports whether two tensors have a dimension in common.
func sideInCommon(a, b *stored) bool {
	return slices.ContainsFunc(a.shape, func(d int64) bool { return d > 1 && slices.Contains(b.shape, d) })
}
