package results

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gospectrum/spectrum"
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

// parse does the work of [Read]. Errors from inside are a *syntaxError.
func parse(data []byte, name string) (*Results, error) {
	text := bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrEmpty)
	}
	res, err := parseText(text)
	if err == nil {
		return res, nil
	}
	var at *syntaxError
	if !errors.As(err, &at) {
		return nil, fmt.Errorf("%s: %w: %w", name, ErrFormat, err)
	}
	offset := min(max(at.offset, 0), len(text))
	line := 1 + bytes.Count(text[:offset], []byte("\n"))
	return nil, fmt.Errorf("%s: %w: line %d, byte %d: %w",
		name, ErrFormat, line, offset+len(data)-len(text), err)
}

func parseText(text []byte) (*Results, error) {
	schema, err := detect(text)
	if err != nil {
		return nil, err
	}
	res := &Results{Schema: schema}
	lx := &lexer{data: text}
	switch schema {
	case SchemaNative:
		res.File, err = parseFile(lx)
	case SchemaPlain:
		res.rows, err = parsePlain(lx)
	case SchemaSorted:
		res.rows, err = parseSorted(lx)
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
func detect(text []byte) (Schema, error) {
	lx := &lexer{data: text}
	if lx.peek() != '{' {
		if err := lx.skip(); err != nil {
			return 0, err
		}
		return 0, lx.errorAt(0, "%s", expected)
	}
	native, foreign := false, -1
	known, schema := false, SchemaPlain
	err := lx.object(func(key string) error {
		switch c := lx.peek(); {
		case c == '[' && key == "layers":
			native = true
		case c != '{' && foreign < 0:
			foreign = lx.pos
		case c == '{' && !known:
			var err error
			known, schema, err = detectMember(lx)
			return err
		}
		return lx.skip()
	})
	if err != nil {
		return 0, err
	}
	if err := lx.end(); err != nil {
		return 0, err
	}
	switch {
	case native:
		return SchemaNative, nil
	case foreign >= 0:
		return 0, lx.errorAt(foreign, "%s", expected)
	case !known:
		return 0, lx.errorAt(0, "no layers: %s", expected)
	}
	return schema, nil
}

// detectMember tells the reference's schemas apart by one member of the outer
// object. An empty one tells nothing.
func detectMember(lx *lexer) (known bool, schema Schema, err error) {
	schema = SchemaSorted
	err = lx.object(func(key string) error {
		known = true
		if key == "snr" || key == "type" {
			schema = SchemaPlain
		}
		return lx.skip()
	})
	return known, schema, err
}

// kindOf names the kind of the value that starts with c.
func kindOf(c byte) string {
	switch {
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == '"':
		return "a string"
	case isNumberStart(c):
		return "a number"
	case c == 'n':
		return "null"
	case strings.IndexByte("tf", c) >= 0:
		return "a boolean"
	}
	return "nothing"
}
