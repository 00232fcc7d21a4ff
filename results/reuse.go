package results

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gospectrum/spectrum/scan"
)

// ErrReuse reports an earlier result whose rows are not those that a scan would give.
var ErrReuse = errors.New("cannot be used again")

// reuse finds rows of an earlier result by name and stored bytes.
type reuse map[string]*Row

// newReuse takes the rows of an earlier result that did not fail. Its numbers must come
// from the same program and kernel and the same settings, those apart that only say which
// rows there are; p describes the scan.
func newReuse(old *Result, p *Provenance) (reuse, error) {
	if old == nil {
		return nil, nil
	}
	was, is := old.Provenance, *p
	was.Files, was.Config, was.Model, was.Transformers = is.Files, is.Config, is.Model, is.Transformers
	was.Base = is.Base
	was.Settings.Include, was.Settings.Exclude = is.Settings.Include, is.Settings.Exclude
	was.Settings.Types, was.Settings.Vectors = is.Settings.Types, is.Settings.Vectors
	if was.Settings.SingularValues {
		was.Settings.SingularValues = is.Settings.SingularValues // they can be left out
	}
	if differ := was.differences(&is); len(differ) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrReuse, firstOf(differ))
	}
	rows := make(reuse)
	for i := range old.Rows {
		if r := &old.Rows[i]; r.Error == "" && r.TiedTo == "" && r.SHA256 != "" {
			rows[r.Name] = r
		}
	}
	return rows, nil
}

// has reports whether a row is there, of a matrix with these bytes.
func (u reuse) has(name, sha256 string) bool {
	r := u[name]
	return r != nil && strings.EqualFold(r.SHA256, sha256)
}

// row returns the row of an outcome, with the numbers of the earlier one.
func (u reuse) row(o scan.Outcome, values bool) Row {
	own := NewRow(o)
	old := u[o.Name]
	if old == nil || old.Rows != own.Rows || old.Cols != own.Cols || old.DType != own.DType {
		own.Error = fmt.Sprintf("%v: the earlier row is of another shape", ErrReuse)
		return own
	}
	row := withNumbersOf(own, old)
	if !values && len(row.SingularValues) > 0 {
		row.SingularValues, row.SpectrumSketch = nil, Sketch(row.SingularValues)
	}
	return row
}

// withNumbersOf returns a row of the names of own and what else comes from another row
// of the same matrix.
func withNumbersOf(own Row, other *Row) Row {
	row := *other
	row.Name, row.Type, row.TiedTo, row.Ranked = own.Name, own.Type, own.TiedTo, own.Ranked
	row.Parameter, row.Absent, row.PartOf, row.Seconds = own.Parameter, own.Absent, own.PartOf, own.Seconds
	return row
}
