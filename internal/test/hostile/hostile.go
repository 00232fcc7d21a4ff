// Package hostile calls everything that a package exports with arguments that no
// caller should give: nil, zero, negative, huge and undefined values, in all
// combinations or, where those are too many, in some drawn at random. Nothing may
// panic, and a nil context must be an error wherever an error can be returned.
//
// What is exported is read from the sources, so that a function added later is
// either walked or reported as missing from the lists.
package hostile

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// Package is a package to be walked.
type Package struct {
	// Dir holds the sources.
	Dir string
	// Funcs are the exported functions by name, generic ones instantiated.
	Funcs map[string]any
	// Types has a value, or several, of every exported type that has methods. They are
	// called on these, on the zero value and, where they take a pointer, on nil.
	Types []any
	// Values are arguments to be tried besides those of every walk, wherever they fit.
	Values []any
	// Skip says why a function or method (Type.Method) is not walked.
	Skip map[string]string
}

const (
	maxCalls = 600 // of one function; fewer are all its combinations
	maxTurns = 100 // of one iterator
)

var errNoContext = errors.New("a nil context is no error")

// Walk reports every panic as an error of t.
func (p *Package) Walk(t *testing.T) {
	t.Helper()
	declared, err := exported(p.Dir)
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{values: p.Values, rand: rand.New(rand.NewPCG(1, 2))}
	targets := p.targets()
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		calls, listed := targets[name]
		reason, skipped := p.Skip[name]
		switch {
		case skipped && (listed && !strings.Contains(name, ".") || reason == ""):
			t.Errorf("%s is skipped, and listed too or without a reason", name)
		case skipped:
		case !listed:
			t.Errorf("%s is exported and not walked", name)
		default:
			for _, f := range calls {
				if f.nilReceiver && !declared[name] {
					continue // Go itself panics for a method of the value
				}
				if err := g.first(f.fn); err != nil {
					t.Errorf("%s%v", name, err)
				}
			}
		}
		delete(targets, name)
	}
	for name := range targets { // promoted methods are not declared here, functions must be
		if !strings.Contains(name, ".") {
			t.Errorf("%s is walked and not exported", name)
		}
	}
}

// target is a function, or a method with its receiver.
type target struct {
	fn          reflect.Value
	nilReceiver bool
}

func (p *Package) targets() map[string][]target {
	targets := make(map[string][]target)
	for name, f := range p.Funcs {
		targets[name] = []target{{fn: reflect.ValueOf(f)}}
	}
	for _, v := range p.Types {
		given := reflect.ValueOf(v)
		base := given.Type()
		if base.Kind() != reflect.Pointer {
			held := reflect.New(base)
			held.Elem().Set(given)
			given = held
		}
		base = given.Type().Elem()
		for _, receiver := range []reflect.Value{given, reflect.New(base), reflect.Zero(given.Type())} {
			for i := range given.NumMethod() {
				name := base.Name() + "." + given.Type().Method(i).Name
				targets[name] = append(targets[name], target{receiver.Method(i), receiver.IsNil()})
			}
		}
	}
	return targets
}

// exported lists functions and methods of exported types, and whether a method has a
// pointer as its receiver.
func exported(dir string) (map[string]bool, error) {
	pkg, err := build.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	names := make(map[string]bool)
	for _, file := range pkg.GoFiles {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() {
				if name, pointer := qualified(fn); name != "" {
					names[name] = pointer
				}
			}
		}
	}
	return names, nil
}

// qualified returns Type.Method or Function, "" for a method of a type that is not
// exported.
func qualified(fn *ast.FuncDecl) (name string, pointer bool) {
	if fn.Recv == nil {
		return fn.Name.Name, false
	}
	receiver := fn.Recv.List[0].Type
	star, pointer := receiver.(*ast.StarExpr)
	if pointer {
		receiver = star.X
	}
	if generic, ok := receiver.(*ast.IndexExpr); ok {
		receiver = generic.X
	}
	id, ok := receiver.(*ast.Ident)
	if !ok || !id.IsExported() {
		return "", false
	}
	return id.Name + "." + fn.Name.Name, pointer
}

// first calls f with many arguments and returns the first failure.
func (g *generator) first(f reflect.Value) error {
	kind := f.Type()
	choices := make([][]reflect.Value, kind.NumIn())
	total := 1
	for i := range choices {
		in := kind.In(i)
		if kind.IsVariadic() && i == len(choices)-1 {
			in = in.Elem()
		}
		choices[i] = g.candidates(in, 3)
		total = min(total*len(choices[i]), maxCalls+1)
	}
	for n := range min(total, maxCalls) {
		args := make([]reflect.Value, len(choices))
		for i, c := range choices {
			pick := g.rand.IntN(len(c))
			if total <= maxCalls {
				pick = n % len(c)
				n /= len(c)
			}
			args[i] = c[pick]
		}
		if err := call(f, args); err != nil {
			return fmt.Errorf("%s: %w", describe(args), err)
		}
	}
	return nil
}

// call reports a panic, and a nil context that was taken.
func call(f reflect.Value, args []reflect.Value) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	out := f.Call(args)
	failed, fails := outcome(out)
	for _, a := range args {
		if a.Type() == reflect.TypeFor[context.Context]() && a.IsNil() && fails && !failed {
			return errNoContext
		}
	}
	for _, v := range out {
		use(v)
	}
	return nil
}

// outcome says whether a function can return an error, and whether it did.
func outcome(out []reflect.Value) (failed, fails bool) {
	if len(out) == 0 || out[len(out)-1].Type() != reflect.TypeFor[error]() {
		return false, false
	}
	last := out[len(out)-1]
	if !last.IsNil() {
		_ = last.Interface().(error).Error()
	}
	return !last.IsNil(), true
}

// use turns an iterator and closes what can be closed.
func use(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Func && !v.IsNil() && (v.Type().CanSeq() || v.Type().CanSeq2()):
		turns := 0
		more := func([]reflect.Value) []reflect.Value {
			turns++
			return []reflect.Value{reflect.ValueOf(turns < maxTurns)}
		}
		v.Call([]reflect.Value{reflect.MakeFunc(v.Type().In(0), more)})
	case v.CanInterface():
		if c, ok := v.Interface().(interface{ Close() error }); ok && !(v.Kind() == reflect.Pointer && v.IsNil()) {
			_ = c.Close()
		}
	}
}

// describe prints arguments in short.
func describe(args []reflect.Value) string {
	var texts []string
	for _, a := range args {
		text := fmt.Sprintf("%T(%#v)", a.Interface(), a.Interface())
		texts = append(texts, text[:min(len(text), 200)])
	}
	return "(" + strings.Join(texts, ", ") + ")"
}
