// Package option holds what all settings with names have in common: the error
// for a value outside its range, and the text of enumerations.
package option

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Err reports a setting outside its range.
var Err = errors.New("invalid option")

// Enum is an enumeration whose values 0, 1, … have names. Its methods are what the
// String, MarshalText and UnmarshalText methods of the type consist of.
type Enum struct {
	What  string // what is chosen, for errors: "ratio"
	Names []string
}

// Name returns the name of value i.
func (e Enum) Name(i uint8) string {
	if int(i) < len(e.Names) {
		return e.Names[i]
	}
	return fmt.Sprintf("unknown(%d)", i)
}

// Check returns an error that wraps [Err] if no value i exists.
func (e Enum) Check(i uint8) error {
	if int(i) < len(e.Names) {
		return nil
	}
	return fmt.Errorf("%w: %s %d", Err, e.What, i)
}

// Marshal returns the name of value i.
func (e Enum) Marshal(i uint8) ([]byte, error) {
	if err := e.Check(i); err != nil {
		return nil, err
	}
	return []byte(e.Names[i]), nil
}

// Index returns the value called name. The error wraps [Err] and lists all names.
func (e Enum) Index(name string) (uint8, error) {
	if i := slices.Index(e.Names, name); i >= 0 {
		return uint8(i), nil
	}
	return 0, fmt.Errorf("%w: %s %q; one of %s", Err, e.What, name, strings.Join(e.Names, ", "))
}

// Unmarshal sets v to the value called text; after an error v is what it was.
func Unmarshal[V ~uint8](e Enum, v *V, text []byte) error {
	i, err := e.Index(string(text))
	if err == nil {
		*v = V(i)
	}
	return err
}
