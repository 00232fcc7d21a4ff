package repository

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A link in a comment, which is a name in brackets, must name what is there: in the
// same package or in one that the package imports. Comments of what is not exported,
// of tests and of all platforms count too.
func TestLinksInCommentsLeadSomewhere(t *testing.T) {
	all := sources(t)
	names := newNames(all)
	links := 0
	for _, s := range all {
		for _, group := range s.Comments {
			for _, link := range linksIn(group.Text()) {
				links++
				if why := names.missing(s, link); why != "" {
					t.Errorf("%s: [%s]: %s", fileSet.Position(group.Pos()), spelled(link), why)
				}
			}
		}
	}
	assert.Greater(t, links, 200, "links are no longer found")
}

// packageName is what may stand for a package in a link.
var packageName = regexp.MustCompile(`^[a-z][a-z0-9_.]*(/[a-z0-9_.-]+)*$`)

// linksIn returns what reads as a link to a name in the text of a comment, whether
// there is such a name or not. A link to a whole package cannot be told from an index.
func linksIn(text string) (links []*comment.DocLink) {
	p := comment.Parser{
		LookupPackage: func(name string) (string, bool) { return name, packageName.MatchString(name) },
		LookupSym:     func(_, _ string) bool { return true },
	}
	var inText func([]comment.Text)
	inText = func(list []comment.Text) {
		for _, text := range list {
			switch text := text.(type) {
			case *comment.DocLink:
				if text.Name != "" {
					links = append(links, text)
				}
			case *comment.Link:
				inText(text.Text)
			}
		}
	}
	var inBlocks func([]comment.Block)
	inBlocks = func(list []comment.Block) {
		for _, block := range list {
			switch block := block.(type) {
			case *comment.Heading:
				inText(block.Text)
			case *comment.Paragraph:
				inText(block.Text)
			case *comment.List:
				for _, item := range block.Items {
					inBlocks(item.Content)
				}
			}
		}
	}
	inBlocks(p.Parse(text).Content)
	return links
}

// spelled is a link as it stands in the comment.
func spelled(l *comment.DocLink) string {
	return strings.Join(slices.DeleteFunc([]string{l.ImportPath, l.Recv, l.Name}, func(s string) bool { return s == "" }), ".")
}

// names are the names of packages, read when they are needed.
type names struct {
	declared map[string]map[string]bool   // of an import path: Name, Type.Method and Type.Field
	imports  map[string]map[string]string // of a package of this module: name to import path
}

func newNames(all []source) *names {
	n := &names{make(map[string]map[string]bool), make(map[string]map[string]string)}
	for _, s := range all {
		at := unit(s)
		if n.declared[at] == nil {
			n.declared[at] = make(map[string]bool)
			n.imports[at] = make(map[string]string)
		}
		declare(n.declared[at], s.File)
		for _, i := range s.Imports {
			name := path.Base(importPath(i))
			if i.Name != nil {
				name = i.Name.Name
			} else if strings.HasPrefix(name, "v") && strings.Trim(name[1:], "0123456789") == "" {
				name = path.Base(path.Dir(importPath(i))) // math/rand/v2
			}
			n.imports[at][name] = importPath(i)
		}
	}
	return n
}

// unit is where the names of a file belong: its package, its package with tests, or
// its package's external tests.
func unit(s source) string {
	switch {
	case strings.HasSuffix(s.Name.Name, "_test"):
		return s.pkg() + " external tests"
	case s.test:
		return s.pkg() + " tests"
	}
	return s.pkg()
}

// missing says why a link in s leads nowhere, or nothing.
func (n *names) missing(s source, link *comment.DocLink) string {
	name := link.Name
	if link.Recv != "" {
		name = link.Recv + "." + name
	}
	if link.ImportPath == "" {
		if n.declared[unit(s)][name] || s.test && n.declared[s.pkg()][name] {
			return ""
		}
		return "there is no such name in package " + s.Name.Name
	}
	target, err := n.resolve(s, link.ImportPath)
	if err != nil {
		return err.Error()
	}
	if !n.declared[target][name] {
		return fmt.Sprintf("there is no such name in package %s", target)
	}
	return ""
}

// resolve returns the import path of a package as a comment in s names it, and reads it.
func (n *names) resolve(s source, name string) (string, error) {
	target := ""
	for _, at := range []string{unit(s), s.pkg()} {
		if target == "" {
			target = n.imports[at][name]
		}
	}
	switch {
	case target != "":
	case n.declared[name] != nil: // a whole import path
		target = name
	case name == strings.TrimSuffix(s.Name.Name, "_test"):
		target = s.pkg()
	default:
		target = name // of the standard library
	}
	if n.declared[target] != nil {
		return target, nil
	}
	p, err := build.Import(target, root, 0)
	if err != nil {
		return "", fmt.Errorf("package %s is not imported here", name)
	}
	found := make(map[string]bool)
	for _, file := range slices.Concat(p.GoFiles, p.CgoFiles) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		declare(found, f)
	}
	n.declared[target] = found
	return target, nil
}

// declare adds what a file declares to names.
func declare(names map[string]bool, f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names[d.Name.Name] = true
			} else {
				names[receiver(d.Recv.List[0].Type)+"."+d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						names[name.Name] = true
					}
				case *ast.TypeSpec:
					names[spec.Name.Name] = true
					declareMembers(names, spec)
				}
			}
		}
	}
}

// declareMembers adds the fields of a struct and the methods of an interface.
func declareMembers(names map[string]bool, spec *ast.TypeSpec) {
	var members *ast.FieldList
	switch t := spec.Type.(type) {
	case *ast.StructType:
		members = t.Fields
	case *ast.InterfaceType:
		members = t.Methods
	default:
		return
	}
	for _, m := range members.List {
		for _, name := range m.Names {
			names[spec.Name.Name+"."+name.Name] = true
		}
	}
}

// receiver is the name of the type of a method: T of *T, T[P] and so on.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func TestDanglingLinksAreFound(t *testing.T) {
	const text = `// Package p is about [T], [*T], [T.M], [T.F], [I.N], [V] and [strings.Builder.Len].
// It wants [Gone], [T.Gone], [strings.Gone], [gone.Name] and [Gone.Gone], but not
// x[I], [3], [a, b], [lower] or
//
//	[Code]
package p

import "strings"

type T[P any] struct{ F int }

func (*T[P]) M() strings.Builder { panic("") }

type I interface{ N() }

var V, W int
`
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", text, parser.ParseComments)
	require.NoError(t, err)
	s := source{"p/p.go", "p", false, f}
	n := newNames([]source{s})
	var dangling []string
	for _, link := range linksIn(f.Doc.Text()) {
		if n.missing(s, link) != "" {
			dangling = append(dangling, spelled(link))
		}
	}
	assert.Equal(t, []string{"Gone", "T.Gone", "strings.Gone", "gone.Name", "Gone.Gone"}, dangling)
}
