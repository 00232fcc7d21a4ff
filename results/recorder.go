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
	// SingularValues keeps every singular value in the rows, in the place of a sketch.
	SingularValues bool
	// Types is what the rule of [scan.Options.Type] is called in the result.
	Types string
	// Tool and Version are the program that scans, as the result names it.
	Tool, Version string
	// Journal keeps each row as it is finished, and has those of an earlier run, which
	// are not computed again. Nil keeps none.
	Journal *Journal
	// Reuse is an earlier result: a matrix whose stored bytes are the same as there is
	// not analysed again. Nil is none.
	Reuse *Result
}

// Scan scans m and returns the result, whose rows come in the order of the tensors
// in m, a tied output head last, whatever the number of workers.
//
// A tensor that cannot be analysed becomes a row with its error. When ctx ends, Scan
// returns at once what was finished, marked interrupted, together with the error of
// ctx; see [scan.Run] for what then becomes of m. It does the same with an error that
// wraps [ErrStored] if a row cannot be entered in the journal. Any other error, with no
// result, is that of [scan.Run] before anything is analysed, wraps [ErrReuse] if the earlier
// result is of other settings, or [ErrJournal] if the journal
// belongs to another scan.
//
// The result does not depend on how often and where the scan was interrupted, its times
// apart.
func (rec Recorder) Scan(ctx context.Context, m *checkpoint.Model, opt scan.Options) (*Result, error) {
	if m == nil {
		return nil, fmt.Errorf("%w: no model", spectrum.ErrOption)
	}
	return rec.ScanChange(ctx, weights{scan.OfModel(m), m}, opt)
}

// ScanChange is [Recorder.Scan] for what a model changes of another, see [Change].
func (rec Recorder) ScanChange(ctx context.Context, c Change, opt scan.Options) (*Result, error) {
	opt, err := opt.Resolve()
	if err != nil {
		return nil, err
	}
	if c == nil || c.Model() == nil || ctx == nil {
		return nil, fmt.Errorf("%w: no model or no context", spectrum.ErrOption)
	}
	r := &Result{Kind: c.Kind(), Provenance: rec.provenance(c.Model(), opt)}
	r.Provenance.Base = baseFrom(c.Base())
	if r.Missing, err = scan.MatricesOf(c, opt); err != nil {
		return nil, err
	}
	if err := rec.resume(r, &opt); err != nil {
		return nil, err
	}
	earlier, err := newReuse(rec.Reuse, &r.Provenance)
	if err != nil {
		return nil, err
	}
	opt.Reuse = earlier.has
	report := opt.Progress
	opt.Progress = func(p scan.Progress) {
		r.Missing = p.Total - p.Done
		if p.Last == nil { // so that a million rows need not be moved while they grow
			r.Rows = slices.Grow(r.Rows, max(0, p.Total+1-len(r.Rows)))
		}
		if report != nil {
			report(p)
		}
	}
	for o, end := range scan.RunSource(ctx, c, opt) {
		if end == nil {
			end = rec.enter(r, o, earlier)
		}
		if end != nil {
			err = end
			break
		}
	}
	r.Interrupted = r.Missing > 0
	slices.SortFunc(r.Rows, byModel)
	r.Provenance.finish()
	return r, err
}

// resume enters the rows of an earlier run, and leaves them out of the scan.
func (rec Recorder) resume(r *Result, opt *scan.Options) error {
	if rec.Journal == nil {
		return nil
	}
	if err := rec.Journal.begin(r.Provenance, r.Missing); err != nil {
		return err
	}
	r.Rows = rec.Journal.finished()
	done := make(map[string]bool, len(r.Rows))
	for _, row := range r.Rows {
		done[row.Name] = true
	}
	opt.Done = func(name string) bool { return done[name] }
	return nil
}

// enter adds an outcome to r. Those without a row come in the order of the model.
func (rec Recorder) enter(r *Result, o scan.Outcome, earlier reuse) error {
	switch {
	case o.TiedTo != "":
		r.Rows = append(r.Rows, tiedRow(r, o)) // of its kind, as what it repeats
		return nil                             // what it repeats is in the journal
	case o.Reason != "":
		s := Skipped{Name: o.Name, DType: o.DType, Reason: o.Reason, Parameter: o.Parameter}
		for _, d := range o.Shape {
			s.Shape = append(s.Shape, int64(d))
		}
		r.Skipped = append(r.Skipped, s)
		return nil
	}
	row := NewRow(o)
	if o.Reused {
		row = earlier.row(o, rec.SingularValues)
	}
	row.mark(r.Kind)
	if rec.SingularValues && o.Analysis != nil {
		row.SingularValues, row.SpectrumSketch = o.Analysis.SingularValues, nil
	}
	if rec.Journal != nil {
		if err := rec.Journal.line(&row); err != nil {
			return err
		}
	}
	r.Rows = append(r.Rows, row)
	return nil
}

// tiedRow repeats the row of an embedding, which may be of an earlier run, for the head
// that shares it.
func tiedRow(r *Result, o scan.Outcome) Row {
	row := NewRow(o)
	for i := range r.Rows {
		if r.Rows[i].Name == o.TiedTo {
			return withNumbersOf(row, &r.Rows[i])
		}
	}
	return row
}

// byModel is the order of the rows of a result, whose names are unique.
func byModel(a, b Row) int {
	if a.TiedTo != "" || b.TiedTo != "" {
		return cmp.Compare(a.TiedTo, b.TiedTo) // there is one at most
	}
	return names.Compare(a.Name, b.Name)
}
