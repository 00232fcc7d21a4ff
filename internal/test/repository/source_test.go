// Package repository holds the tests of what no compiler checks: which package may
// import which, whether links in comments lead somewhere, and whether the documents
// say what the code does.
package repository

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/gospectrum/spectrum"

// root is the folder of the module.
const root = "../../.."

// A source is a Go file of this module, whatever its platform and build tags.
type source struct {
	name string // relative to the module, with slashes
	dir  string // of its package, "." for the root's
	test bool
	*ast.File
}

// pkg is the import path of the package of s, whose external tests count as another.
func (s source) pkg() string { return path.Join(module, s.dir) }

var (
	fileSet = token.NewFileSet()
	parsed  = sync.OnceValues(parseModule)
)

// sources returns all Go files of this module. Modules inside it, such as the
// generators of assembly, are not part of it.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := parsed()
	require.NoError(t, err)
	require.Greater(t, len(all), 100, "the tests look in the wrong folder")
	return all
}

func parseModule() (all []source, err error) {
	err = filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return enter(name, e.Name())
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(fileSet, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		all = append(all, source{rel, path.Dir(rel), strings.HasSuffix(rel, "_test.go"), f})
		return nil
	})
	return all, err
}

// enter skips the folders that the go command skips.
func enter(name, base string) error {
	if name == root {
		return nil
	}
	if base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// importPath is the path that an import names.
func importPath(i *ast.ImportSpec) string { return strings.Trim(i.Path.Value, "\"`") }

// read returns a text file of the repository.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	require.NoError(t, err)
	return string(text)
}
