package checkpoint

import (
	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/numfmt"
)

// Params returns the number of parameters of the model, each counted once. Tensors
// that are no parameters of it do not count: copies of others, a head that is tied to
// the embedding, what an index or a training checkpoint leaves out, and what says how
// others are read, such as scales. The elements of packed weights count as they are
// stored.
func (m *Model) Params() int64 {
	if m == nil {
		return 0
	}
	head, _ := m.TiedHead()
	var n int64
	for i := range m.tensors {
		if t := &m.tensors[i]; !t.rest.extra && (head == "" || t.name != head) {
			n += t.rest.Params()
		}
	}
	return n
}

// isExtra reports whether a stored tensor, which is consumed for the reason given, if
// any, is no parameter of the model.
func (s *stored) isExtra(reason string) bool {
	switch reason {
	case "", adapterReason, lengthsReason, parametrizedReason:
		return s.extra
	case scalesReason:
		return true
	}
	_, eight := numfmt.Lookup(s.dtype)
	packed := !eight && spectrum.DType(s.dtype).Size() == 0 // the weight itself, whatever unpacks it
	return s.extra || !packed || notWeights(s) != ""
}
