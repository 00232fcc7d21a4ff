package results

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strings"
)

// stream writes JSON a value at a time, as a whole with an indent of 2 would be: a scan
// may have a million rows, which as one text would take gigabytes.
type stream struct {
	w   *bufio.Writer
	buf bytes.Buffer
}

// encode returns v as it stands at a depth; the text is valid until the next call.
func (s *stream) encode(v any, depth string) ([]byte, error) {
	s.buf.Reset()
	enc := json.NewEncoder(&s.buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent(depth, "  ")
	err := enc.Encode(v)
	return bytes.TrimSuffix(s.buf.Bytes(), []byte("\n")), err
}

// list writes the n elements of an array that is a member of the outermost object.
func (s *stream) list(n int, element func(i int) any) error {
	s.w.WriteByte('[')
	for i := range n {
		if i > 0 {
			s.w.WriteByte(',')
		}
		s.w.WriteString("\n    ")
		text, err := s.encode(element(i), "    ")
		if err != nil {
			return err
		}
		if _, err := s.w.Write(inLine(text)); err != nil {
			return err
		}
	}
	if n > 0 {
		s.w.WriteString("\n  ")
	}
	return s.w.WriteByte(']')
}

// inLine puts each array of an element, which all are of numbers, onto one line, in the place
// of text: a line for each singular value would be most of a file. No string ends a line
// with a bracket, so what does is an array.
func inLine(text []byte) []byte {
	out, within := text[:0], false
	for line := range bytes.Lines(text) {
		if within {
			line = bytes.TrimSpace(line)
			closes := bytes.HasPrefix(line, []byte("]"))
			within = !closes
			out = append(out, line...)
			switch {
			case closes:
				out = append(out, '\n')
			case bytes.HasSuffix(line, []byte(",")):
				out = append(out, ' ')
			}
			continue
		}
		if within = bytes.HasSuffix(line, []byte("[\n")); within {
			line = line[:len(line)-1]
		}
		out = append(out, line...)
	}
	return out
}

// The arrays of a [Result] that may be long, as they stand in its JSON when they are empty.
// Nothing else looks like these: no string has a line's end in it, and what is inside is
// indented by more.
const (
	noLayers  = "\n  \"layers\": []"
	noSkipped = "\n  \"skipped\": []"
)

// writeMembers writes a [Result] whose long arrays are written an element at a time, and
// all else as it is. What cannot be written as JSON is found before anything is written.
func writeMembers(w io.Writer, r *Result) error {
	s := &stream{w: bufio.NewWriter(w)}
	rest := *r
	rest.Rows, rest.Skipped = []Row{}, []Skipped{}
	rest.Provenance.Files = orEmpty(r.Provenance.Files)
	if r.Chosen != nil {
		chosen := *r.Chosen
		chosen.Layers = orEmpty(chosen.Layers)
		rest.Chosen = &chosen
	}
	text, err := s.encode(rest, "")
	if err != nil {
		return err
	}
	before, after, _ := strings.Cut(string(text), noLayers)
	between, after, _ := strings.Cut(after, noSkipped)
	if err := checkFinite(s, r.Rows); err != nil {
		return err
	}

	s.w.WriteString(before + strings.TrimSuffix(noLayers, "[]"))
	if err := s.list(len(r.Rows), func(i int) any { return &r.Rows[i] }); err != nil {
		return err
	}
	s.w.WriteString(between + strings.TrimSuffix(noSkipped, "[]"))
	if err := s.list(len(r.Skipped), func(i int) any {
		t := r.Skipped[i]
		t.Shape = orEmpty(t.Shape)
		return &t
	}); err != nil {
		return err
	}
	s.w.WriteString(after + "\n")
	return s.w.Flush()
}

// checkFinite returns the error of the first row with a singular value that JSON has no
// number for, the one thing in a row that cannot be written.
func checkFinite(s *stream, rows []Row) error {
	for i := range rows {
		for _, list := range [][]float64{rows[i].SpectrumSketch, rows[i].SingularValues} {
			for _, v := range list {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					_, err := s.encode(&rows[i], "")
					return err
				}
			}
		}
	}
	return nil
}
