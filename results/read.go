package results

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/strictjson"
	"github.com/gospectrum/spectrum/internal/names"
)

// Schema is one of the layouts of a result file.
type Schema int

const (
	// SchemaNative is a [File].
	SchemaNative Schema = iota
	// SchemaPlain is the reference's {"<module>": {"snr": x, "type": "t"}}.
	SchemaPlain
	// SchemaSorted is the reference's {"<type>": {"<module>": x}}.
	SchemaSorted
)

// String names the schema as messages do.
func (s Schema) String() string {
	switch s {
	case SchemaNative:
		return "spectrum results"
	case SchemaPlain:
		return "reference results"
	case SchemaSorted:
		return "reference sorted results"
	}
	return fmt.Sprintf("Schema(%d)", int(s))
}

// Results is a result file of any schema.
type Results struct {
	Schema Schema
	File   *File // nil unless Schema is SchemaNative

	rows []spectrum.Layer // of the reference's file
}

// FromFile returns the results of a scan in the form that [Read] gives.
func FromFile(f *File) *Results {
	return &Results{Schema: SchemaNative, File: f}
}

// Layers returns the candidates for [spectrum.SelectTopK], in file order: all
// layers of a reference's file, and the ranked ones of our own. Names are full
// parameter names in our files and module names in the reference's. A layer
// that failed has SNR NaN. Params is 0 in the reference's files, which do not
// have it. The slice is the caller's.
func (r *Results) Layers() []spectrum.Layer {
	if r.File == nil {
		return append([]spectrum.Layer(nil), r.rows...)
	}
	var layers []spectrum.Layer
	for i := range r.File.Layers {
		l := &r.File.Layers[i]
		if !l.Ranked {
			continue
		}
		snr := l.SNR
		if l.Error != "" {
			snr.setMissing()
		}
		layers = append(layers, spectrum.Layer{Name: l.Name, Type: l.Type, SNR: float64(snr), Params: l.Params})
	}
	return layers
}

// Unranked returns the tensors that the scan skipped, without a score: candidates
// for a selection that takes some layers whatever their score. Their types follow
// the rule of the layers that were ranked. There are none in the reference's files.
func (r *Results) Unranked() []spectrum.Layer {
	if r.File == nil {
		return nil
	}
	typeOf := r.File.typeRule()
	var layers []spectrum.Layer
	for _, s := range r.File.Skipped {
		n := int64(1)
		for _, d := range s.Shape {
			n *= d
		}
		layers = append(layers, spectrum.Layer{Name: s.Name, Type: typeOf(s.Name), SNR: math.NaN(), Params: n})
	}
	return layers
}

// typeRule returns the rule that gave the layers of f their types, which the file
// does not name: the reference's if only that explains them all, else ours.
func (f *File) typeRule() func(name string) string {
	ours := true
	for i := range f.Layers {
		l := &f.Layers[i]
		if l.Type != names.ReferenceType(l.Name) {
			return names.Type
		}
		ours = ours && l.Type == names.Type(l.Name)
	}
	if ours {
		return names.Type
	}
	return names.ReferenceType
}

// Parameter returns the name of the parameter of a layer of r: the name itself in
// our files, with .weight in the reference's, which has modules.
func (r *Results) Parameter(name string) string {
	if r.File == nil {
		return names.Parameter(name)
	}
	return name
}

// ReferenceRows returns the rows of the reference's file in its order: those
// that were read, unchanged whatever the convention, or those that
// [ReferenceRows] makes of our own results.
func (r *Results) ReferenceRows(c Convention) ([]spectrum.Layer, error) {
	if r.File == nil {
		return r.Layers(), nil
	}
	return ReferenceRows(r.File, c)
}

// Module returns the name the reference uses for a layer of r: the name itself
// in the reference's files, [ModuleName] of it in our own.
func (r *Results) Module(name string) string {
	if r.File == nil {
		return name
	}
	return ModuleName(name)
}

// ReadFile reads the result file at path; see [Read].
func ReadFile(path string) (*Results, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err // names the path
	}
	return parse(data, path)
}

// Read reads a result file, recognising its schema by its content; name is what
// errors call it. Numbers may be Python's tokens Infinity, -Infinity and NaN in
// the reference's files. Unknown fields are ignored.
//
// The error wraps [ErrEmpty] if there is nothing but white space, and
// [ErrFormat], with line and byte offset, if the text is not JSON, has a key
// twice in an object or a layer twice, fits none of the schemas, or has a
// value missing or of the wrong type.
func Read(r io.Reader, name string) (*Results, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return parse(data, name)
}

// parse does the work of [Read].
func parse(data []byte, name string) (*Results, error) {
	text := bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrEmpty)
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

func parseText(text []byte) (*Results, error) {
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
	res := &Results{Schema: schema}
	switch schema {
	case SchemaNative:
		res.File, err = parseFile(s)
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
