package names

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// No other package reads names by a rule of its own: none cuts off .weight, looks
// for the component of experts, or matches patterns. Two copies of a rule drift
// apart without a word.
func TestOneOwner(t *testing.T) {
	const root = "../.."
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(root, path):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		files++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if rule := copied(n); rule != "" {
				t.Errorf("%v: %s, which internal/names has a function for", set.Position(n.Pos()), rule)
			}
			return true
		})
		return nil
	})
	require.NoError(t, err)
	assert.Greater(t, files, 100, "the walk sees the repository")
}

// skipped reports whether a folder is left out: the owner, examples, whose names
// are their own, and hidden ones.
func skipped(root, path string) bool {
	rel, _ := filepath.Rel(root, path)
	return rel == filepath.Join("internal", "names") || rel == "examples" || len(rel) > 1 && rel[0] == '.'
}

// copied says which rule of this package a piece of code has of its own, "" if
// none.
func copied(n ast.Node) string {
	switch n := n.(type) {
	case *ast.BasicLit:
		switch text := strings.Trim(n.Value, "\"`"); {
		case n.Kind != token.STRING:
		case text == ".weight":
			return "the ending " + n.Value
		case text == "experts" || text == ".experts" || text == ".experts.":
			return "the component " + n.Value
		}
	case *ast.SelectorExpr:
		switch x, ok := n.X.(*ast.Ident); {
		case !ok:
		case (x.Name == "path" || x.Name == "filepath") && n.Sel.Name == "Match":
			return "a call of path.Match"
		case x.Name == "unicode" && n.Sel.Name == "IsDigit":
			return "a call of unicode.IsDigit"
		}
	}
	return ""
}
