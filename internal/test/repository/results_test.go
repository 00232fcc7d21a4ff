package repository

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/results"
)

// docs/results.md lists the fields of a result file, those of each object in the order
// they are written in, each with its type; what may be left out is in italics.
func TestResultFieldsAreDocumented(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| (\\*?)`([^`]*?)(\\w+)`\\*? \\| ([^|]+) \\| \\S")
	documented := make(map[string][]string)
	for _, m := range row.FindAllStringSubmatch(read(t, "docs/results.md"), -1) {
		documented[m[2]] = append(documented[m[2]], m[1]+m[3]+" "+m[4])
	}
	written := make(map[string][]string)
	addFields(t, written, "", reflect.TypeFor[results.Result]())
	assert.Equal(t, written, documented)
}

// addFields adds the fields of a struct as they are documented: by the object they are
// in, an asterisk if they may be left out, name and type.
func addFields(t *testing.T, all map[string][]string, object string, typ reflect.Type) {
	t.Helper()
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		require.NotEmpty(t, name, "%v.%s has no name in JSON", typ, f.Name)
		kind, inner, path := jsonType(t, f.Type)
		mark := ""
		if strings.HasPrefix(rest, "omit") {
			mark = "*"
		}
		all[object] = append(all[object], mark+name+" "+kind)
		if inner != nil {
			addFields(t, all, object+name+path+".", inner)
		}
	}
}

// jsonType returns how a Go type is called in the document, and, where it holds
// objects with fields of their own, their type and what leads to them.
func jsonType(t *testing.T, typ reflect.Type) (kind string, inner reflect.Type, path string) {
	t.Helper()
	switch typ {
	case reflect.TypeFor[results.Number]():
		return "number", nil, ""
	case reflect.TypeFor[time.Time]():
		return "string", nil, ""
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return jsonType(t, typ.Elem())
	case reflect.Struct:
		return "object", typ, ""
	case reflect.Slice:
		if elem, inner, _ := jsonType(t, typ.Elem()); inner == nil {
			return "array of " + elem + "s", nil, ""
		}
		return "array", typ.Elem(), "[]"
	case reflect.String:
		return "string", nil, ""
	case reflect.Bool:
		return "boolean", nil, ""
	case reflect.Int, reflect.Int64:
		return "integer", nil, ""
	case reflect.Float64:
		return "number", nil, ""
	}
	t.Fatalf("how is a %v called in JSON?", typ)
	return "", nil, ""
}
