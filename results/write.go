package results

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// WriteJSON writes f as JSON, indented by 2, with a final newline. Nothing is
// written if f holds a singular value that is not finite.
func (f *File) WriteJSON(w io.Writer) error {
	out := *f
	out.Layers = orEmpty(f.Layers)
	out.Provenance.Files = orEmpty(f.Provenance.Files)
	out.Skipped = make([]Skipped, len(f.Skipped))
	for i, s := range f.Skipped {
		s.Shape = orEmpty(s.Shape)
		out.Skipped[i] = s
	}
	if f.Selection != nil {
		sel := *f.Selection
		sel.Layers = orEmpty(sel.Layers)
		out.Selection = &sel
	}
	return encodeJSON(w, &out)
}

// orEmpty makes a nil slice [] in JSON where it would be null.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func encodeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("results: writing JSON: %w", err)
	}
	return nil
}

// WriteCSV writes a header row and one row per layer: the JSON fields without
// the singular values. An infinite number is "Infinity", a missing one empty.
func (f *File) WriteCSV(w io.Writer) error {
	fields := layerFields()
	fields = fields[:len(fields)-1] // singular_values is last
	row := make([]string, len(fields))
	for i, fd := range fields {
		row[i] = fd.name
	}
	cw := csv.NewWriter(w)
	if err := cw.Write(row); err != nil {
		return fmt.Errorf("results: writing CSV: %w", err)
	}
	for i := range f.Layers {
		for j, fd := range fields {
			row[j] = cell(fd.of(&f.Layers[i]))
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

// cell formats what a field of the table points to.
func cell(p any) string {
	switch p := p.(type) {
	case *string:
		return *p
	case *int64:
		return strconv.FormatInt(*p, 10)
	case *bool:
		return strconv.FormatBool(*p)
	case *Number:
		return p.String()
	}
	return ""
}
