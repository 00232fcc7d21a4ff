package results

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/scan"
)

// Recorder makes results of scans. Its zero value is ready to use.
type Recorder struct {
	// SingularValues keeps every singular value in the rows.
	SingularValues bool
}

// Scan scans m and returns the result, whose rows come in the order of the tensors
// in m, a tied output head last, whatever the number of workers.
//
// A tensor that cannot be analysed becomes a row with its error. When ctx ends, Scan
// returns at once what was finished, marked interrupted, together with the error of
// ctx; see [scan.Run] for what then becomes of m. Any other error, with no result, is
// that of [scan.Options.Resolve].
func (rec Recorder) Scan(ctx context.Context, m *checkpoint.Model, opt scan.Options) (*Result, error) {
	opt, err := opt.Resolve()
	if err != nil {
		return nil, err
	}
	if m == nil || ctx == nil {
		return nil, fmt.Errorf("%w: no model or no context", spectrum.ErrOption)
	}
	r := &Result{Provenance: newProvenance(m, opt)}
	report := opt.Progress
	opt.Progress = func(p scan.Progress) {
		if p.Last == nil { // so that a million rows need not be moved while they grow
			r.Rows = slices.Grow(r.Rows, p.Total+1)
		}
		if report != nil {
			report(p)
		}
	}
	for o, end := range scan.Run(ctx, m, opt) {
		if end != nil {
			err, r.Interrupted = end, true
			break
		}
		rec.enter(r, o)
	}
	slices.SortFunc(r.Rows, byModel)
	r.Provenance.finish()
	return r, err
}

// enter adds an outcome to r. Those without a row come in the order of the model.
func (rec Recorder) enter(r *Result, o scan.Outcome) {
	if o.Reason != "" && o.TiedTo == "" {
		s := Skipped{Name: o.Name, DType: o.DType, Reason: o.Reason, Parameter: o.Parameter}
		for _, d := range o.Shape {
			s.Shape = append(s.Shape, int64(d))
		}
		r.Skipped = append(r.Skipped, s)
		return
	}
	row := NewRow(o)
	if rec.SingularValues && o.Analysis != nil {
		row.SingularValues = o.Analysis.SingularValues
	}
	r.Rows = append(r.Rows, row)
}

// byModel is the order of the rows of a result, whose names are unique.
func byModel(a, b Row) int {
	if a.TiedTo != "" || b.TiedTo != "" {
		return cmp.Compare(a.TiedTo, b.TiedTo) // there is one at most
	}
	return names.Compare(a.Name, b.Name)
}
