package escape

import (
	"fmt"
	"io"
	"reflect"
)

// Fprintf writes for a person as [fmt.Fprintf] does, but that all its arguments are made
// printable by [Line], numbers apart: only the format, which this program wrote, begins
// lines and columns.
func Fprintf(w io.Writer, format string, args ...any) (int, error) {
	printable := make([]any, len(args))
	for i, a := range args {
		printable[i] = clean(a)
	}
	return fmt.Fprintf(w, format, printable...)
}

// clean makes one argument printable.
func clean(a any) any {
	switch k := reflect.ValueOf(a).Kind(); {
	case k == reflect.String:
		if _, named := a.(fmt.Stringer); !named {
			return Line(reflect.ValueOf(a).String())
		}
	case k >= reflect.Bool && k <= reflect.Float64:
		return a // what these are called is in this program
	}
	return Line(fmt.Sprint(a))
}
