package results

import (
	"math"
	"reflect"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/scan"
)

// Row is what a scan gave for one weight. A NaN number is missing: the layer
// failed, and Error says why.
//
// This is the only list of the fields. They are written in this order, to JSON and,
// but for the lists of singular values, to CSV; see [column] for what the tag row says.
type Row struct {
	Name string `json:"name" row:"required"` // full parameter name, such as "lm_head.weight"
	Type string `json:"type" row:"required"` // what repeats across blocks, such as "self_attn.q_proj"

	Rows   int64  `json:"rows" row:"analysis"`
	Cols   int64  `json:"cols" row:"analysis"`
	DType  string `json:"dtype"`  // as the checkpoint spells it, such as "BF16"
	Params int64  `json:"params"` // rows × cols

	SNR         Number `json:"snr" row:"required,analysis"` // the ratio over the divisor that were asked for
	RatioSum    Number `json:"ratio_sum" row:"analysis"`    // signal_sum / noise_sum
	RatioCount  Number `json:"ratio_count" row:"analysis"`  // signal_count / noise_count
	SignalCount int64  `json:"signal_count" row:"analysis"` // singular values above the threshold
	NoiseCount  int64  `json:"noise_count" row:"analysis"`  // the others
	SignalSum   Number `json:"signal_sum" row:"analysis"`
	NoiseSum    Number `json:"noise_sum" row:"analysis"`
	Sigma       Number `json:"sigma" row:"analysis"`     // noise scale, see [spectrum.NoiseScale]
	Threshold   Number `json:"threshold" row:"analysis"` // edge between noise and signal
	SMax        Number `json:"s_max" row:"analysis"`     // largest singular value
	SMin        Number `json:"s_min" row:"analysis"`     // smallest singular value

	Frobenius     Number `json:"frobenius" row:"analysis"`      // Frobenius norm
	StableRank    Number `json:"stable_rank" row:"analysis"`    // ‖W‖_F² / s_max²
	EffectiveRank Number `json:"effective_rank" row:"analysis"` // exp of the entropy of S/ΣS

	Saturated bool   `json:"saturated" row:"analysis"` // the ratio is infinite, so SNR cannot rank
	Zero      bool   `json:"zero" row:"analysis"`      // every weight is zero
	Ranked    bool   `json:"ranked" row:"required"`    // a candidate for selection
	TiedTo    string `json:"tied_to,omitempty"`        // the parameter this one shares; the row repeats its numbers

	Backend   string `json:"backend" row:"analysis"`   // what computed the singular values
	Kernel    string `json:"kernel" row:"analysis"`    // its inner kernel
	Precision string `json:"precision" row:"analysis"` // and its arithmetic
	SNRError  Number `json:"snr_error" row:"analysis"` // bound on the relative error of SNR
	Seconds   Number `json:"seconds"`                  // time this layer took
	Error     string `json:"error"`                    // why the layer failed, "" if it did not

	RatioEnergy Number `json:"ratio_energy" row:"analysis"` // Σ signal² / Σ noise²
	Fit         Number `json:"fit"`                         // see [spectrum.Analysis.GoodnessOfFit]; 0 if there is no law to fit
	FitLimit    Number `json:"fit_limit"`                   // what Gaussian noise keeps below

	ValueError     Number `json:"value_error" row:"analysis"`     // bound on the absolute error of every singular value
	SMinError      Number `json:"s_min_error" row:"analysis"`     // bound on the absolute error of SMin
	Condition      Number `json:"condition" row:"analysis"`       // s_max / s_min
	ConditionError Number `json:"condition_error" row:"analysis"` // bound on the relative error of Condition
	Uncertain      int64  `json:"uncertain" row:"analysis"`       // singular values within their error of the threshold

	// Parameter is what the weight is, or is a part of, in named_parameters() of the
	// loaded model, which trainers match; empty if no module has it, as Absent says.
	Parameter string `json:"parameter"`
	Absent    string `json:"absent,omitempty"`  // why no module has it, so that it is not ranked
	PartOf    string `json:"part_of,omitempty"` // the stored tensor that it was cut from
	SHA256    string `json:"sha256,omitempty"`  // of its stored bytes, those of its scales included

	// SpectrumSketch are some of the singular values with 4 digits, see [Sketch]: of every
	// layer that was analysed, unless it has SingularValues.
	SpectrumSketch []float64 `json:"spectrum_sketch,omitempty"`

	SingularValues []float64 `json:"singular_values,omitempty"` // descending, if asked for
}

// NewRow returns the row of an outcome of a scan, with a sketch of its singular values.
func NewRow(o scan.Outcome) Row {
	rows, cols, _ := o.Dims()
	r := Row{
		Name: o.Name, Type: o.Type,
		Rows: int64(rows), Cols: int64(cols), DType: o.DType, Params: o.Params(),
		Ranked: o.Ranked(), TiedTo: o.TiedTo,
		Parameter: o.Parameter, Absent: o.Absent, PartOf: o.Whole,
		SHA256: o.SHA256, Backend: o.Backend, Seconds: Number(o.Elapsed.Seconds()),
	}
	r.clear()
	switch {
	case o.Err != nil:
		r.Error = o.Err.Error()
	case o.Analysis != nil:
		r.fill(o.Analysis)
	}
	return r
}

// Fused reports whether the row is of one expert, and the loaded model holds all of its
// block in one parameter.
func (r *Row) Fused() bool {
	if r == nil {
		return false
	}
	_, ok := names.ExpertIn(r.Parameter, r.Name)
	return ok
}

// clear marks every number that an analysis gives as missing: all but the time.
func (r *Row) clear() {
	seconds := r.Seconds
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if n, ok := v.Field(i).Addr().Interface().(*Number); ok {
			*n = Number(math.NaN())
		}
	}
	r.Seconds = seconds
}

// fill enters an analysis.
func (r *Row) fill(a *spectrum.Analysis) {
	to, from := reflect.ValueOf(r).Elem(), reflect.ValueOf(a).Elem()
	for _, c := range columns() {
		if c.analysis {
			field := to.Field(c.index)
			field.Set(from.FieldByName(to.Type().Field(c.index).Name).Convert(field.Type()))
		}
	}
	r.Params = r.Rows * r.Cols
	fit, limit := a.GoodnessOfFit()
	r.Fit, r.FitLimit = Number(fit), Number(limit)
	r.SpectrumSketch = Sketch(a.SingularValues)
}

// column is a field of [Row].
type column struct {
	name     string // in JSON and CSV
	index    int    // in the struct
	list     bool   // it is a list, which CSV has no place for
	required bool   // a file without it is malformed
	analysis bool   // it is the field of the same name of a spectrum.Analysis
}

// columns lists the fields of [Row] in their order, with what their tags say.
func columns() []column {
	t := reflect.TypeFor[Row]()
	all := make([]column, t.NumField())
	for i := range all {
		tag := t.Field(i).Tag
		name, _, _ := strings.Cut(tag.Get("json"), ",")
		all[i] = column{name: name, index: i, list: t.Field(i).Type.Kind() == reflect.Slice}
		for word := range strings.SplitSeq(tag.Get("row"), ",") {
			all[i].required = all[i].required || word == "required"
			all[i].analysis = all[i].analysis || word == "analysis"
		}
	}
	return all
}
