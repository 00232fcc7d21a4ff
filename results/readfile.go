package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// parseFile reads our own schema.
func parseFile(lx *lexer) (*File, error) {
	f := new(File)
	names := make(map[string]struct{})
	fields := layerFields()
	err := lx.object(func(key string) error {
		switch key {
		case "provenance":
			return decode(lx, key, &f.Provenance)
		case "layers":
			return lx.array(func() error {
				at := lx.pos
				l, err := parseLayer(lx, fields, len(f.Layers))
				if err != nil {
					return err
				}
				if _, ok := names[l.Name]; ok {
					return lx.errorAt(at, "layer %q twice", l.Name)
				}
				names[l.Name] = struct{}{}
				f.Layers = append(f.Layers, l)
				return nil
			})
		case "skipped":
			return decode(lx, key, &f.Skipped)
		case "selection":
			return decode(lx, key, &f.Selection)
		case "interrupted":
			return decode(lx, key, &f.Interrupted)
		}
		return lx.skip()
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// parseLayer reads the i-th element of "layers".
func parseLayer(lx *lexer, fields []field, i int) (Layer, error) {
	var l Layer
	l.clearNumbers() // what the file lacks is missing, not 0
	label := func() string {
		if l.Name != "" {
			return fmt.Sprintf("layer %q", l.Name)
		}
		return fmt.Sprintf("layer %d", i+1)
	}
	if c := lx.peek(); c != '{' {
		return l, lx.errorAt(lx.pos, "%s is %s, not an object", label(), kindOf(c))
	}
	at := lx.pos
	missing := make(map[string]struct{})
	for _, fd := range fields {
		if fd.required {
			missing[fd.name] = struct{}{}
		}
	}
	err := lx.object(func(key string) error {
		for _, fd := range fields {
			if fd.name == key {
				delete(missing, key)
				return decodeField(lx, label()+", "+key, fd.of(&l))
			}
		}
		return lx.skip()
	})
	if err != nil {
		return l, err
	}
	for _, fd := range fields {
		if _, ok := missing[fd.name]; ok {
			return l, lx.errorAt(at, "%s has no %q", label(), fd.name)
		}
	}
	if l.Name == "" {
		return l, lx.errorAt(at, "%s has an empty name", label())
	}
	return l, nil
}

// decodeField is decode for fields that are null only if they are a Number:
// encoding/json would leave the others as they were without a word.
func decodeField(lx *lexer, what string, v any) error {
	if _, ok := v.(*Number); !ok && lx.peek() == 'n' {
		return lx.errorAt(lx.pos, "%s is null", what)
	}
	return decode(lx, what, v)
}

// decode consumes one value and stores it in v; what says whose it is.
func decode(lx *lexer, what string, v any) error {
	text, at, err := lx.raw()
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
		return lx.errorAt(at+int(wrongType.Offset), "%s: %s where %s belongs", what, wrongType.Value, wrongType.Type)
	case errors.As(err, &syntax):
		return lx.errorAt(at+int(syntax.Offset), "%s: %s", what, syntax)
	}
	return lx.errorAt(at, "%s: %s", what, strings.TrimPrefix(err.Error(), ErrFormat.Error()+": "))
}
