// Package results reads and writes the result files of a scan: our own JSON
// and CSV, and the JSON files of the reference implementation (QuixiAI/spectrum),
// byte for byte. A [Recorder] makes a [Result] of a scan.
//
// [Read] recognises three schemas by their content: a [Result] of ours, the
// reference's plain file {"<module>": {"snr": x, "type": "t"}}, and its sorted
// file {"<type>": {"<module>": x}}.
package results

import (
	"errors"
	"fmt"

	"github.com/gospectrum/spectrum/internal/saturate"
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
)

// Result is what one scan of one checkpoint gave.
type Result struct {
	Kind        Kind       `json:"kind,omitempty"` // what the rows are; empty for the weights of a model
	Provenance  Provenance `json:"provenance"`
	Rows        []Row      `json:"layers"`              // in module order, the order the model declares them in
	Skipped     []Skipped  `json:"skipped"`             // tensors that were not analysed, in module order
	Chosen      *Chosen    `json:"selection,omitempty"` // nil if none was asked for
	Interrupted bool       `json:"interrupted"`         // the scan stopped before its last matrix
	Missing     int        `json:"missing,omitempty"`   // how many matrices it had not finished
}

// Unfinished says why r is not the whole result of a model, "" if it is: a scan that was
// interrupted, or a shard. What ranks layers by it would choose among some of them.
func (r *Result) Unfinished() string {
	switch {
	case r == nil:
		return ""
	case r.Provenance.Shard != "" && r.Interrupted:
		return fmt.Sprintf("shard %s, of which %d matrices are missing", r.Provenance.Shard, r.Missing)
	case r.Provenance.Shard != "":
		return fmt.Sprintf("shard %s only; spectrum merge joins the shards", r.Provenance.Shard)
	case r.Interrupted && r.Missing > 0:
		return fmt.Sprintf("the scan was interrupted: %d matrices are missing", r.Missing)
	case r.Interrupted:
		return "the scan was interrupted"
	}
	return ""
}

// TiedHead returns the name of the output head that shares the matrix of the
// embedding, "" if none does.
func (r *Result) TiedHead() string {
	if r == nil {
		return ""
	}
	for i := range r.Rows {
		if r.Rows[i].TiedTo != "" {
			return r.Rows[i].Name
		}
	}
	return ""
}

// Skipped is a tensor that was not analysed.
type Skipped struct {
	Name   string  `json:"name"`
	DType  string  `json:"dtype"`
	Shape  []int64 `json:"shape"`
	Reason string  `json:"reason"`

	Parameter string `json:"parameter,omitempty"` // of the loaded model, see [Row]; empty if no module has it
}

// Params returns the number of elements, at most the largest int64.
func (s *Skipped) Params() int64 {
	if s == nil {
		return 1
	}
	return saturate.Product(s.Shape...)
}
