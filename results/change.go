package results

import (
	"math"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
)

// Kind says what the rows of a result are, where they are not the weights of a model.
type Kind string

// The kinds of results.
const (
	KindDelta   Kind = "delta"   // differences of the weights of two models
	KindAdapter Kind = "adapter" // what an adapter adds to the weights of a model
)

// Why says why layers cannot be selected for training by a result of this kind, "" if they can:
// its scores are of what was trained already.
func (k Kind) Why() string {
	switch k {
	case "":
		return ""
	case KindDelta:
		return "it is of kind delta: its scores are those of a change that was made, not of the layers of a model; spectrum ranks reads it"
	case KindAdapter:
		return "it is of kind adapter: its spectra are those of an adapter, which has no noise to compare with, not of the layers of a model; spectrum ranks reads it"
	}
	return "it is of kind " + string(k) + ", which this version does not know"
}

// Change is what one model, or an adapter, changes of another: a source of the differences.
type Change interface {
	scan.Source
	Kind() Kind
	Model() *checkpoint.Model // what was changed, or the adapter
	Base() *checkpoint.Model  // what it is compared with; nil for none
}

// weights are those of a model that is compared with nothing.
type weights struct {
	scan.Source
	model *checkpoint.Model
}

func (weights) Kind() Kind                 { return "" }
func (w weights) Model() *checkpoint.Model { return w.model }
func (weights) Base() *checkpoint.Model    { return nil }

// baseFrom identifies a base, nil for none.
func baseFrom(m *checkpoint.Model) *Base {
	if m == nil {
		return nil
	}
	return &Base{Model: modelName(m.Path()), Config: configOf(m), Files: orEmpty(filesOf(m))}
}

// change enters what an outcome says of a change, and takes from the row of an adapter what
// means nothing there: all of its values but a few are exactly zero, so that there is no noise.
func (r *Row) change(o scan.Outcome) {
	c := o.Change
	if c == nil {
		return
	}
	number := func(x *float64) *Number {
		if x == nil || math.IsNaN(*x) {
			return nil
		}
		n := Number(*x)
		return &n
	}
	r.Base, r.Remark = c.Base, c.Remark
	r.Relative, r.Cosine, r.RoundingEdge = number(c.Relative), number(c.Cosine), number(c.RoundingEdge)
	if c.Norm != nil && o.Analysis != nil {
		relative := o.Analysis.Frobenius / *c.Norm
		if o.Analysis.Frobenius == 0 {
			relative = 0
		}
		r.Relative = number(&relative)
	}
	r.Rank, r.Scaling = int64(c.Rank), number(c.Scaling)
	if o.Analysis == nil {
		return
	}
	if c.RoundingEdge != nil {
		above := int64(0)
		for i, s := range o.Analysis.SingularValues {
			if errs := o.Analysis.ValueErrors; i < len(errs) {
				s -= errs[i] // only what is certain stands out
			}
			if s > *c.RoundingEdge {
				above++
			}
		}
		r.AboveRounding = &above
	}
	if c.Rank > 0 {
		r.withoutNoise(o)
	}
}

// mark says of what kind of result the row is.
func (r *Row) mark(k Kind) {
	r.Kind = k
	r.Ranked = r.Ranked && k != KindAdapter
}

// withoutNoise leaves of the split into signal and noise the numbers of values that are and
// are not certain to be above zero.
func (r *Row) withoutNoise(o scan.Outcome) {
	none := Number(math.NaN())
	for _, n := range []*Number{&r.SNR, &r.RatioSum, &r.RatioCount, &r.RatioEnergy, &r.SignalSum, &r.NoiseSum, &r.Sigma, &r.Threshold, &r.SNRError, &r.Fit, &r.FitLimit} {
		*n = none
	}
	r.Saturated, r.Uncertain, r.SignalCount = false, 0, 0
	for _, s := range o.Analysis.SingularValues {
		if s > o.Analysis.ValueError {
			r.SignalCount++
		}
	}
	r.NoiseCount = int64(len(o.Analysis.SingularValues)) - r.SignalCount
}

// kind is that of the result; a reference's file has weights.
func (s *Scores) kind() Kind {
	if s == nil || s.Result == nil {
		return ""
	}
	return s.Result.Kind
}
