package scan

import (
	"math"
	"time"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
)

// Outcome is what a scan makes of a tensor: an analysis, an error, or a reason why
// there is neither.
type Outcome struct {
	checkpoint.Tensor
	Type  string // by which layers are grouped, such as "self_attn.q_proj"
	Block string // such as "model.layers.3", empty outside of blocks

	// Parameter is what it is, or is a part of, in named_parameters() of the loaded
	// model; empty if it is Absent.
	Parameter string

	Analysis *spectrum.Analysis // nil if the tensor was not analysed, or failed
	Err      error              // why it failed, naming the file and the tensor
	Reason   string             // why it is not analysed, or repeats another one; empty otherwise
	Absent   string             // why no module of the loaded model has it, so that it cannot be trained
	TiedTo   string             // the parameter whose matrix and outcome this one repeats
	Backend  string             // that computed the spectrum, or failed to
	Elapsed  time.Duration      // reading and analysing it
	SHA256   string             // of its stored bytes, see [checkpoint.Buffer]; empty if they were not read
	Change   *Change            // what it changes, see [Source]; nil for a weight of a model
	Reused   bool               // the caller has its analysis, see Options.Reuse
}

// Ranked reports whether o is a candidate for training.
func (o *Outcome) Ranked() bool { return o != nil && o.Reason == "" && o.Absent == "" }

// Layer returns the candidate for training that o is; one that failed has SNR NaN.
// It reports false for a tensor that is not ranked.
func (o *Outcome) Layer() (l spectrum.Layer, ranked bool) {
	if o == nil || !o.Ranked() {
		return spectrum.Layer{}, false
	}
	l = spectrum.Layer{Name: o.Name, Type: o.Type, SNR: math.NaN(), Params: o.Params()}
	if o.Err == nil && o.Analysis != nil {
		l.SNR = o.Analysis.SNR
	}
	return l, true
}

// Layers returns the candidates among the outcomes, in their order, by which
// [spectrum.SelectTopK] decides between equal scores: take that of [Collect].
func Layers(outcomes []Outcome) []spectrum.Layer {
	var layers []spectrum.Layer
	for i := range outcomes {
		if l, ranked := outcomes[i].Layer(); ranked {
			layers = append(layers, l)
		}
	}
	return layers
}
