package results

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// ReadFile reads the result file at path; see [Read].
func ReadFile(path string) (*Scores, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err // names the path
	}
	return parse(data, path)
}

// Read reads a result file, recognising its schema by its content; name is what
// errors call it. The [Journal] of a scan reads as a result that is unfinished. Numbers may be Python's tokens Infinity, -Infinity and NaN in
// the reference's files. Unknown fields are ignored.
//
// The error wraps [ErrEmpty] if there is nothing but white space, and
// [ErrFormat], with line and byte offset, if the text is not JSON, has a key
// twice in an object or a layer twice, fits none of the schemas, or has a
// value missing or of the wrong type.
func Read(r io.Reader, name string) (*Scores, error) {
	if r == nil {
		return nil, fmt.Errorf("%s: %w: nil reader", name, spectrum.ErrOption)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return parse(data, name)
}

// parse does the work of [Read].
func parse(data []byte, name string) (*Scores, error) {
	text := bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrEmpty)
	}
	if isJournal(text) {
		res, err := ofJournal(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return res.Scores(), nil
	}
	if bytes.HasPrefix(text, []byte(columns()[0].name+",")) {
		return nil, fmt.Errorf("%s: %w: it is CSV, which is for other programs; a scan to .json is read", name, ErrFormat)
	}
	res, err := parseText(text)
	if err == nil {
		return res, nil
	}
	// The parsers do not wrap errors that have a place, so none of the text is lost.
	at, ok := err.(*strictjson.Error)
	if !ok {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrFormat, err)
	}
	offset := min(max(at.Offset, 0), len(text))
	line := 1 + bytes.Count(text[:offset], []byte("\n"))
	return nil, fmt.Errorf("%s: %w: line %d, byte %d: %w",
		name, ErrFormat, line, offset+len(data)-len(text), at.Err)
}

func parseText(text []byte) (*Scores, error) {
	s, err := strictjson.New(text)
	if err != nil {
		return nil, err
	}
	s.AllowNonFinite()
	first := *s
	schema, err := detect(&first)
	if err != nil {
		return nil, err
	}
	res := &Scores{Schema: schema}
	switch schema {
	case SchemaNative:
		res.Result, err = parseResult(s)
	case SchemaPlain:
		res.rows, err = parsePlain(s)
	case SchemaSorted:
		res.rows, err = parseSorted(s)
	}
	if err != nil {
		return nil, err
	}
	return res, nil
}

// expected is what an unknown schema should have been.
const expected = `neither spectrum results (with an array "layers") ` +
	`nor the reference's {"<module>": {"snr": 1.5, "type": "t"}} or {"<type>": {"<module>": 1.5}}`

// detect tells the schema of a text from its first telling member, and checks
// the syntax of all of it.
func detect(s *strictjson.Scanner) (Schema, error) {
	if s.Peek() != '{' {
		if err := s.Skip(); err != nil {
			return 0, err
		}
		return 0, strictjson.ErrorAt(0, "%s", expected)
	}
	native, foreign := false, -1
	known, schema := false, SchemaPlain
	err := s.Object(func(key string) error {
		switch c := s.Peek(); {
		case c == '[' && key == "layers":
			native = true
		case c != '{' && foreign < 0:
			foreign = s.Offset()
		case c == '{' && !known:
			var err error
			known, schema, err = detectMember(s)
			return err
		}
		return s.Skip()
	})
	if err != nil {
		return 0, err
	}
	if err := s.End(); err != nil {
		return 0, err
	}
	switch {
	case native:
		return SchemaNative, nil
	case foreign >= 0:
		return 0, strictjson.ErrorAt(foreign, "%s", expected)
	case !known:
		return 0, strictjson.ErrorAt(0, "no layers: %s", expected)
	}
	return schema, nil
}

// detectMember tells the reference's schemas apart by one member of the outer
// object. An empty one tells nothing.
func detectMember(s *strictjson.Scanner) (known bool, schema Schema, err error) {
	schema = SchemaSorted
	err = s.Object(func(key string) error {
		known = true
		if key == "snr" || key == "type" {
			schema = SchemaPlain
		}
		return s.Skip()
	})
	return known, schema, err
}

// number is the kind of the numbers, Python's tokens included.
const number = "a number"

// kindOf names the kind of the value that starts with c.
func kindOf(c byte) string {
	switch {
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == '"':
		return "a string"
	case c == '-' || c == 'I' || c == 'N' || '0' <= c && c <= '9':
		return number
	case c == 'n':
		return "null"
	case strings.IndexByte("tf", c) >= 0:
		return "a boolean"
	}
	return "nothing"
}
