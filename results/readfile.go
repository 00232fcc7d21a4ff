package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// parseResult reads our own schema.
func parseResult(s *strictjson.Scanner) (*Result, error) {
	r := new(Result)
	names := make(map[string]struct{})
	fields := columns()
	err := s.Object(func(key string) error {
		switch key {
		case "kind":
			return decode(s, key, &r.Kind)
		case "provenance":
			return decode(s, key, &r.Provenance)
		case "layers":
			return s.Array(func() error {
				at := s.Offset()
				row, err := parseRow(s, fields, len(r.Rows))
				if err != nil {
					return err
				}
				if _, ok := names[row.Name]; ok {
					return strictjson.ErrorAt(at, "layer %q twice", row.Name)
				}
				names[row.Name] = struct{}{}
				r.Rows = append(r.Rows, row)
				return nil
			})
		case "skipped":
			return decode(s, key, &r.Skipped)
		case "selection":
			return decode(s, key, &r.Chosen)
		case "interrupted":
			return decode(s, key, &r.Interrupted)
		case "missing":
			return decode(s, key, &r.Missing)
		}
		return s.Skip()
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// parseRow reads the i-th element of "layers".
func parseRow(s *strictjson.Scanner, fields []column, i int) (Row, error) {
	var row Row
	row.clear() // what the file lacks is missing, not 0
	label := func() string {
		if row.Name != "" {
			return fmt.Sprintf("layer %q", row.Name)
		}
		return fmt.Sprintf("layer %d", i+1)
	}
	if c := s.Peek(); c != '{' {
		return row, s.Errorf("%s is %s, not an object", label(), kindOf(c))
	}
	at := s.Offset()
	missing := make(map[string]struct{})
	for _, f := range fields {
		if f.required {
			missing[f.name] = struct{}{}
		}
	}
	v := reflect.ValueOf(&row).Elem()
	err := s.Object(func(key string) error {
		for _, f := range fields {
			if f.name == key {
				delete(missing, key)
				return decodeField(s, label()+", "+key, v.Field(f.index).Addr().Interface())
			}
		}
		return s.Skip()
	})
	if err != nil {
		return row, err
	}
	for _, f := range fields {
		if _, ok := missing[f.name]; ok {
			return row, strictjson.ErrorAt(at, "%s has no %q", label(), f.name)
		}
	}
	if row.Name == "" {
		return row, strictjson.ErrorAt(at, "%s has an empty name", label())
	}
	return row, nil
}

// decodeField is decode for fields that are null only if they are a Number:
// encoding/json would leave the others as they were without a word.
func decodeField(s *strictjson.Scanner, what string, v any) error {
	if _, ok := v.(*Number); !ok && s.Peek() == 'n' {
		return s.Errorf("%s is null", what)
	}
	return decode(s, what, v)
}

// decode consumes one value and stores it in v; what says whose it is.
func decode(s *strictjson.Scanner, what string, v any) error {
	at := s.Offset()
	text, err := s.Raw()
	if err != nil {
		return err
	}
	err = json.Unmarshal(text, v)
	if err == nil {
		return nil
	}
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType):
		if wrongType.Field != "" {
			what += "." + wrongType.Field
		}
		return strictjson.ErrorAt(at+int(wrongType.Offset), "%s: %s where %s belongs", what, wrongType.Value, wrongType.Type)
	case errors.As(err, &syntax):
		return strictjson.ErrorAt(at+int(syntax.Offset), "%s: %s", what, syntax)
	}
	return strictjson.ErrorAt(at, "%s: %s", what, strings.TrimPrefix(err.Error(), ErrFormat.Error()+": "))
}
