package hostile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
)

// generator makes arguments.
type generator struct {
	values []any
	rand   *rand.Rand
}

var errBroken = errors.New("a reader or writer that fails")

// broken fails at everything.
type broken struct{}

func (broken) Read([]byte) (int, error)          { return 0, errBroken }
func (broken) Write([]byte) (int, error)         { return 0, errBroken }
func (broken) ReadAt([]byte, int64) (int, error) { return 0, errBroken }

// shared are the values for interfaces in every walk.
func shared() []any {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	return []any{
		context.Background(), ended, errBroken, broken{}, io.Discard, strings.NewReader(""), bytes.NewReader([]byte("{}")),
		0, "", math.NaN(), struct{}{}, []byte(nil), map[string]any(nil),
	}
}

// candidates returns values of type t, structs and what they hold filled to a depth.
func (g *generator) candidates(t reflect.Type, depth int) []reflect.Value {
	list := []reflect.Value{reflect.Zero(t)}
	add := func(values ...any) {
		for _, v := range values {
			list = append(list, reflect.ValueOf(v).Convert(t))
		}
	}
	for _, v := range append(g.values, shared()...) {
		if x := reflect.ValueOf(v); t.Kind() == reflect.Interface && x.Type().Implements(t) || x.Type() == t {
			held := reflect.New(t).Elem()
			held.Set(x)
			list = append(list, held)
		}
	}
	switch t.Kind() {
	case reflect.Bool:
		add(true)
	case reflect.Int8:
		add(int8(math.MinInt8), int8(math.MaxInt8))
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		top := int64(math.MaxInt64) >> (64 - t.Bits())
		add(int64(-1), int64(1), top, -top-1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		add(uint64(1), uint64(math.MaxUint64)>>(64-t.Bits()))
	case reflect.Float32, reflect.Float64:
		add(math.NaN(), math.Inf(1), math.Inf(-1), -1., 0.5, math.SmallestNonzeroFloat64)
	case reflect.String:
		add("a", "..", "../../etc", "a\x00b", "\xff", "{}", "[", "*", strings.Repeat("x.", 500))
	default:
		if depth > 0 {
			list = append(list, g.composed(t, depth-1)...)
		}
	}
	return list
}

// composed returns values that are made of others.
func (g *generator) composed(t reflect.Type, depth int) (list []reflect.Value) {
	pick := func(t reflect.Type) reflect.Value {
		c := g.candidates(t, depth)
		return c[g.rand.IntN(len(c))]
	}
	const drawn = 4
	for n := range drawn {
		switch v := reflect.New(t).Elem(); t.Kind() {
		case reflect.Pointer:
			p := reflect.New(t.Elem())
			if n > 0 {
				p.Elem().Set(pick(t.Elem()))
			}
			list = append(list, p)
		case reflect.Struct:
			for i := range t.NumField() {
				if t.Field(i).IsExported() {
					v.Field(i).Set(pick(t.Field(i).Type))
				}
			}
			list = append(list, v)
		case reflect.Slice:
			s := reflect.MakeSlice(t, n, n)
			for i := range n {
				s.Index(i).Set(pick(t.Elem()))
			}
			list = append(list, s)
		case reflect.Array:
			for i := range t.Len() {
				v.Index(i).Set(pick(t.Elem()))
			}
			list = append(list, v)
		case reflect.Map:
			m := reflect.MakeMap(t)
			for range n {
				m.SetMapIndex(pick(t.Key()), pick(t.Elem()))
			}
			list = append(list, m)
		case reflect.Func:
			zeros := func([]reflect.Value) (out []reflect.Value) {
				for i := range t.NumOut() {
					out = append(out, reflect.Zero(t.Out(i)))
				}
				return out
			}
			return append(list, reflect.MakeFunc(t, zeros))
		}
	}
	return list
}
