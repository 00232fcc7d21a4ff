package repository

import (
	"go/ast"
	"testing"

	"github.com/stretchr/testify/assert"
)

// encoding/json takes the last of two members with one key without a word. So files are read
// by strictjson, and encoding/json only where that was there before, or in the cases below.
func TestFilesAreReadByStrictJSON(t *testing.T) {
	lenient := map[string]string{
		"internal/format/strictjson/unmarshal.go": "behind a scanner",
		"results/readfile.go":                     "a value that a scanner has cut out",
		"results/number.go":                       "a number",
		"results/differences.go":                  "what this program wrote just before",
		"results/doctor.go":                       "reads as much as it can of what is broken",
		"emit/peft.go":                            "the order of keys, behind strictjson",
		"emit/peftread.go":                        "members of a text behind strictjson",
		"emit/infer.go":                           "looks for one member",
	}
	used := make(map[string]bool)
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.File, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "json" && (sel.Sel.Name == "Unmarshal" || sel.Sel.Name == "NewDecoder") {
					used[s.name] = true
					assert.Contains(t, lenient, s.name)
				}
			}
			return true
		})
	}
	for name := range lenient {
		assert.True(t, used[name], "%s is no exception any more", name)
	}
}
