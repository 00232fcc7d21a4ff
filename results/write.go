package results

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/escape"
)

// errNothing reports a writer, or something to be written, that is nil.
var errNothing = fmt.Errorf("results: %w: nil writer or result", spectrum.ErrOption)

// WriteJSON writes r as JSON, indented by 2, with a final newline. Nothing is
// written if r holds a singular value that is not finite.
func (r *Result) WriteJSON(w io.Writer) error {
	if r == nil || w == nil {
		return errNothing
	}
	if err := writeMembers(w, r); err != nil {
		return fmt.Errorf("results: writing JSON: %w", err)
	}
	return nil
}

// orEmpty makes a nil slice [] in JSON where it would be null.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// WriteCSV writes a header row and one row per layer: the JSON fields without
// the singular values, and without those of results of a [Kind] in any other. An infinite number is "Infinity", a missing one empty; a text that
// a spreadsheet would take for a formula has an apostrophe before it.
func (r *Result) WriteCSV(w io.Writer) error {
	if r == nil || w == nil {
		return errNothing
	}
	fields := slices.DeleteFunc(columns(), func(c column) bool { return c.list || c.change && r.Kind == "" })
	row := make([]string, len(fields))
	for i, f := range fields {
		row[i] = f.name
	}
	cw := csv.NewWriter(w)
	if err := cw.Write(row); err != nil {
		return fmt.Errorf("results: writing CSV: %w", err)
	}
	for i := range r.Rows {
		v := reflect.ValueOf(&r.Rows[i]).Elem()
		for j, f := range fields {
			value := reflect.Indirect(v.Field(f.index))
			if !value.IsValid() { // a pointer to nothing
				row[j] = ""
				continue
			}
			row[j] = fmt.Sprint(value.Interface()) // the String of a Number
			if value.Kind() == reflect.String {
				row[j] = escape.Cell(row[j])
			}
		}
		if err := cw.Write(row); err != nil {
			return fmt.Errorf("results: writing CSV: %w", err)
		}
	}
	cw.Flush()
	if err := cw.Error(); err != nil {
		return fmt.Errorf("results: writing CSV: %w", err)
	}
	return nil
}
