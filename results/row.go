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

	// What else is asked of a spectrum; [statistics.Definitions] says what each is. One
	// that is not defined is missing.
	Alpha                Number `json:"alpha" row:"statistic"`
	AlphaXMin            Number `json:"alpha_xmin" row:"statistic"`
	AlphaKS              Number `json:"alpha_ks" row:"statistic"`
	AlphaTail            Number `json:"alpha_tail" row:"statistic"`
	AlphaError           Number `json:"alpha_error" row:"statistic"`
	AlphaBound           Number `json:"alpha_bound" row:"statistic"`
	AlphaUncertain       bool   `json:"alpha_uncertain" row:"statistic"`
	AlphaRejected        bool   `json:"alpha_rejected" row:"statistic"`
	AlphaWeighted        Number `json:"alpha_weighted" row:"statistic"`
	LogAlphaNorm         Number `json:"log_alpha_norm" row:"statistic"`
	HillAlpha            Number `json:"hill_alpha" row:"statistic"`
	HillAlphaError       Number `json:"hill_alpha_error" row:"statistic"`
	SpectralEntropy      Number `json:"spectral_entropy" row:"statistic"`
	SpectralEntropyError Number `json:"spectral_entropy_error" row:"statistic"`
	Rank90               Number `json:"rank_90" row:"statistic"`
	Rank95               Number `json:"rank_95" row:"statistic"`
	Rank99               Number `json:"rank_99" row:"statistic"`
	NumericalRank        Number `json:"numerical_rank" row:"statistic"`
	Spikes               Number `json:"spikes" row:"statistic"`
	SpikeStrength        Number `json:"spike_strength" row:"statistic"`
	GavishDonohoRank     Number `json:"gavish_donoho_rank" row:"statistic"`
	BelowEdge            Number `json:"below_edge" row:"statistic"`
	RanksUncertain       bool   `json:"ranks_uncertain" row:"statistic"`

	// What follows is of a result that has a [Kind], see [Result.Kind].
	Kind          Kind    `json:"kind,omitempty" row:"change"`
	Base          string  `json:"base,omitempty" row:"change"`           // name of the base's tensor, if that is another
	Remark        string  `json:"remark,omitempty" row:"change"`         // what a reader must know of the row
	Relative      *Number `json:"relative,omitempty" row:"change"`       // norm of the change over that of the base's weight
	Cosine        *Number `json:"cosine,omitempty" row:"change"`         // of the angle between the two weights
	RoundingEdge  *Number `json:"rounding_edge,omitempty" row:"change"`  // singular value that rounding alone seldom passes
	AboveRounding *int64  `json:"above_rounding,omitempty" row:"change"` // singular values above it
	Rank          int64   `json:"rank,omitempty" row:"change"`           // of an adapter
	Scaling       *Number `json:"scaling,omitempty" row:"change"`        // of an adapter: what multiplies the product of its factors

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
		r.describe(o.Analysis)
	}
	r.change(o)
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
	name      string // in JSON and CSV
	index     int    // in the struct
	required  bool   // a file without it is malformed
	analysis  bool   // it is the field of the same name of a spectrum.Analysis
	statistic bool   // it is the one of this name of statistics.Definitions
	change    bool   // it belongs to results of a [Kind]
	list      bool   // it is a list, which CSV has no place for
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
			all[i].change = all[i].change || word == "change"
			all[i].statistic = all[i].statistic || word == "statistic"
		}
	}
	return all
}
