// Package results reads and writes the result files of a scan: our own JSON
// and CSV, and the JSON and YAML files of the reference implementation
// (QuixiAI/spectrum), byte for byte.
//
// [Read] recognises three schemas by their content: a [File] of ours, the
// reference's plain file {"<module>": {"snr": x, "type": "t"}}, and its sorted
// file {"<type>": {"<module>": x}}.
package results

import (
	"errors"
	"time"

	"github.com/gospectrum/spectrum"
)

// Errors that results of this package wrap; test for them with [errors.Is].
var (
	// ErrEmpty reports a result file without any content.
	ErrEmpty = errors.New("the result file is empty")
	// ErrFormat reports a file that is not a well-formed result file of a
	// known schema.
	ErrFormat = errors.New("malformed result file")
	// ErrConvention reports results that cannot be written in the
	// reference's conventions.
	ErrConvention = errors.New("no reference equivalent")
	// ErrName reports a name that cannot be written on a line of its own.
	ErrName = errors.New("name cannot be written on one line")
)

// File is one scan of one checkpoint.
type File struct {
	Provenance  Provenance `json:"provenance"`
	Layers      []Layer    `json:"layers"`              // in module order, the order the model declares them in
	Skipped     []Skipped  `json:"skipped"`             // tensors that were not analysed, in module order
	Selection   *Selection `json:"selection,omitempty"` // nil if none was asked for
	Interrupted bool       `json:"interrupted"`         // the scan stopped before its last layer
}

// Layer is the outcome for one weight. A NaN number is missing: the layer
// failed, and Error says why.
type Layer struct {
	Name string `json:"name"` // full parameter name, such as "lm_head.weight"
	Type string `json:"type"` // what repeats across blocks, such as "self_attn.q_proj"

	Rows   int64  `json:"rows"`
	Cols   int64  `json:"cols"`
	DType  string `json:"dtype"`  // as the checkpoint spells it, such as "BF16"
	Params int64  `json:"params"` // rows × cols

	SNR         Number `json:"snr"`          // the ratio over the divisor that were asked for
	RatioSum    Number `json:"ratio_sum"`    // signal_sum / noise_sum
	RatioCount  Number `json:"ratio_count"`  // signal_count / noise_count
	SignalCount int64  `json:"signal_count"` // singular values above the threshold
	NoiseCount  int64  `json:"noise_count"`  // the others
	SignalSum   Number `json:"signal_sum"`
	NoiseSum    Number `json:"noise_sum"`
	Sigma       Number `json:"sigma"`     // noise scale, see [spectrum.NoiseScale]
	Threshold   Number `json:"threshold"` // edge between noise and signal
	SMax        Number `json:"s_max"`     // largest singular value
	SMin        Number `json:"s_min"`     // smallest singular value

	Frobenius     Number `json:"frobenius"`      // Frobenius norm
	StableRank    Number `json:"stable_rank"`    // ‖W‖_F² / s_max²
	EffectiveRank Number `json:"effective_rank"` // exp of the entropy of S/ΣS

	Saturated bool   `json:"saturated"`         // the ratio is infinite, so SNR cannot rank
	Zero      bool   `json:"zero"`              // every weight is zero
	Ranked    bool   `json:"ranked"`            // a candidate for selection
	TiedTo    string `json:"tied_to,omitempty"` // the parameter this one shares; the row repeats its numbers

	Backend   string `json:"backend"`   // what computed the singular values
	Kernel    string `json:"kernel"`    // its inner kernel
	Precision string `json:"precision"` // and its arithmetic
	SNRError  Number `json:"snr_error"` // bound on the relative error of SNR
	Seconds   Number `json:"seconds"`   // time this layer took
	Error     string `json:"error"`     // why the layer failed, "" if it did not

	RatioEnergy Number `json:"ratio_energy"` // Σ signal² / Σ noise²
	Fit         Number `json:"fit"`          // see [spectrum.Analysis.GoodnessOfFit]; 0 if there is no law to fit
	FitLimit    Number `json:"fit_limit"`    // what Gaussian noise keeps below

	SingularValues []float64 `json:"singular_values,omitempty"` // descending, if asked for
}

// NewLayer returns the row of an analysed weight. Ranked, TiedTo, Seconds and
// SingularValues are left for the caller to set.
func NewLayer(name, typ string, a *spectrum.Analysis) Layer {
	rows, cols := int64(a.Rows), int64(a.Cols)
	fit, limit := a.GoodnessOfFit()
	return Layer{
		Name: name, Type: typ,
		Rows: rows, Cols: cols, DType: string(a.DType), Params: rows * cols,
		SNR: Number(a.SNR), RatioSum: Number(a.RatioSum), RatioCount: Number(a.RatioCount),
		SignalCount: int64(a.SignalCount), NoiseCount: int64(a.NoiseCount),
		SignalSum: Number(a.SignalSum), NoiseSum: Number(a.NoiseSum),
		Sigma: Number(a.Sigma), Threshold: Number(a.Threshold),
		SMax: Number(a.SMax), SMin: Number(a.SMin),
		Frobenius: Number(a.Frobenius), StableRank: Number(a.StableRank), EffectiveRank: Number(a.EffectiveRank),
		Saturated: a.Saturated, Zero: a.Zero,
		Backend: a.Backend, Kernel: a.Kernel, Precision: a.Precision, SNRError: Number(a.SNRError),
		RatioEnergy: Number(a.RatioEnergy), Fit: Number(fit), FitLimit: Number(limit),
	}
}

// Fail turns l into the row of a layer that could not be analysed: numbers
// missing, counts 0. Name, type, shape, backend and time stay.
func (l *Layer) Fail(err error) {
	l.clearNumbers()
	l.SignalCount, l.NoiseCount = 0, 0
	l.Saturated, l.Zero = false, false
	l.SingularValues = nil
	l.Error = err.Error()
}

// clearNumbers marks every computed number as missing.
func (l *Layer) clearNumbers() {
	for _, n := range []*Number{
		&l.SNR, &l.RatioSum, &l.RatioCount, &l.SignalSum, &l.NoiseSum, &l.Sigma, &l.Threshold,
		&l.SMax, &l.SMin, &l.Frobenius, &l.StableRank, &l.EffectiveRank, &l.SNRError,
		&l.RatioEnergy, &l.Fit, &l.FitLimit,
	} {
		n.setMissing()
	}
}

// Skipped is a tensor that was not analysed.
type Skipped struct {
	Name   string  `json:"name"`
	DType  string  `json:"dtype"`
	Shape  []int64 `json:"shape"`
	Reason string  `json:"reason"`
}

// Provenance says what was scanned, by what, how and when.
type Provenance struct {
	Tool     string    `json:"tool"`
	Version  string    `json:"version"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`
	Seconds  Number    `json:"seconds"`
	Model    string    `json:"model"` // path as it was given
	Config   *Config   `json:"config,omitempty"`
	Files    []Source  `json:"files"`
	Options  Options   `json:"options"`
}

// Config identifies a model by its config.json.
type Config struct {
	SHA256        string   `json:"sha256"` // of the file, in hexadecimal
	ModelType     string   `json:"model_type,omitempty"`
	Architectures []string `json:"architectures,omitempty"`
}

// Source is one weight file that was read.
type Source struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
}

// Options are the settings of a scan that decide or explain its numbers. Names
// are strings, so that files with names of a later version still read.
type Options struct {
	Noise   string `json:"noise"`             // name of the [spectrum.NoiseScale]
	Edge    string `json:"edge,omitempty"`    // text of the rmt.EdgeRule that was used
	Ratio   string `json:"ratio"`             // name of the [spectrum.Ratio]
	Divisor string `json:"divisor,omitempty"` // name of the [spectrum.Divisor]
	Backend string `json:"backend,omitempty"` // as asked for; each layer says what ran
	// Precision is the arithmetic as asked for; each layer says what ran.
	Precision string `json:"precision,omitempty"`

	Jobs    int      `json:"jobs"`              // workers
	Memory  int64    `json:"memory,omitempty"`  // cap in bytes, 0 if none
	Include []string `json:"include,omitempty"` // name patterns
	Exclude []string `json:"exclude,omitempty"`
	Vectors bool     `json:"vectors"` // 1-D weights are ranked too
}
