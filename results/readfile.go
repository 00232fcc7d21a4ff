package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// parseFile reads our own schema.
func parseFile(s *strictjson.Scanner) (*File, error) {
	f := new(File)
	names := make(map[string]struct{})
	fields := layerFields()
	err := s.Object(func(key string) error {
		switch key {
		case "provenance":
			return decode(s, key, &f.Provenance)
		case "layers":
			return s.Array(func() error {
				at := s.Offset()
				l, err := parseLayer(s, fields, len(f.Layers))
				if err != nil {
					return err
				}
				if _, ok := names[l.Name]; ok {
					return strictjson.ErrorAt(at, "layer %q twice", l.Name)
				}
				names[l.Name] = struct{}{}
				f.Layers = append(f.Layers, l)
				return nil
			})
		case "skipped":
			return decode(s, key, &f.Skipped)
		case "selection":
			return decode(s, key, &f.Selection)
		case "interrupted":
			return decode(s, key, &f.Interrupted)
		}
		return s.Skip()
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// parseLayer reads the i-th element of "layers".
func parseLayer(s *strictjson.Scanner, fields []field, i int) (Layer, error) {
	var l Layer
	l.clearNumbers() // what the file lacks is missing, not 0
	label := func() string {
		if l.Name != "" {
			return fmt.Sprintf("layer %q", l.Name)
		}
		return fmt.Sprintf("layer %d", i+1)
	}
	if c := s.Peek(); c != '{' {
		return l, s.Errorf("%s is %s, not an object", label(), kindOf(c))
	}
	at := s.Offset()
	missing := make(map[string]struct{})
	for _, fd := range fields {
		if fd.required {
			missing[fd.name] = struct{}{}
		}
	}
	err := s.Object(func(key string) error {
		for _, fd := range fields {
			if fd.name == key {
				delete(missing, key)
				return decodeField(s, label()+", "+key, fd.of(&l))
			}
		}
		return s.Skip()
	})
	if err != nil {
		return l, err
	}
	for _, fd := range fields {
		if _, ok := missing[fd.name]; ok {
			return l, strictjson.ErrorAt(at, "%s has no %q", label(), fd.name)
		}
	}
	if l.Name == "" {
		return l, strictjson.ErrorAt(at, "%s has an empty name", label())
	}
	return l, nil
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
