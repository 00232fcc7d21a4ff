package emit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// constants returns the values of the constants of type Format in this package.
func constants(t *testing.T) (all []Format) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Format" {
				for _, v := range spec.Values {
					value, err := strconv.Unquote(v.(*ast.BasicLit).Value)
					require.NoError(t, err)
					all = append(all, Format(value))
				}
			}
			return true
		})
	}
	return all
}

// Every constant is a row of the table, every row says what it is and how it
// matches, and can be written or read.
func TestTrainers(t *testing.T) {
	seen := make(map[Format]bool)
	var listed []Format
	for _, x := range trainers() {
		assert.False(t, seen[x.format], "%s is there twice", x.format)
		seen[x.format] = true
		listed = append(listed, x.format)
		assert.NotEmpty(t, x.about, x.format)
		assert.NotEmpty(t, x.matching, x.format)
		assert.NotContains(t, x.about+x.matching, "|", "%s: it stands in a table of Markdown", x.format)
		assert.True(t, x.write != nil || x.read != nil, x.format)
		assert.Equal(t, x.about, x.format.About())
		assert.Equal(t, x.matching, x.format.Matching())
	}
	assert.ElementsMatch(t, constants(t), listed)
	assert.NotEmpty(t, listed)
	assert.Empty(t, Format("other").About())
}

// Every consumer refuses a text that says nothing.
func TestReadNothing(t *testing.T) {
	for _, c := range Consumers() {
		for _, text := range []string{"", "\n", " \r\n\t\n"} {
			_, err := Parse(c, []byte(text))
			assert.ErrorIs(t, err, ErrFormat, "%s %q", c, text)
		}
	}
}

var tableRow = regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\| (.*) \\| (.*) \\| .* \\|$")

// The table of docs/trainers.md has exactly the rows of this one.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../docs/trainers.md")
	require.NoError(t, err)
	var got, want [][]string
	for _, m := range tableRow.FindAllStringSubmatch(string(text), -1) {
		got = append(got, m[1:])
	}
	for _, x := range trainers() {
		want = append(want, []string{string(x.format), x.about, x.matching})
	}
	assert.Equal(t, want, got)
}

// A short pattern that stands for very much is an open one.
func TestLanguageBounds(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	for _, expr := range []string{
		strings.Repeat("[ab]", 19),                                         // too many
		long + strings.Repeat("[ab]", 9), strings.Repeat("[ab]", 9) + long, // too long
		strings.Repeat("a|b"+long+"[cd][cd][cd][cd]|", 20) + "e", // too long together
	} {
		parsed, err := syntax.Parse(expr, syntax.Perl)
		require.NoError(t, err)
		list, ok := language(parsed)
		assert.False(t, ok, "%.40s", expr)
		assert.Nil(t, list)
	}
	parsed, err := syntax.Parse(`^a\.(?:1|2[34])\.b?$`, syntax.Perl)
	require.NoError(t, err)
	list, ok := language(parsed)
	assert.True(t, ok)
	assert.ElementsMatch(t, []string{"a.1.", "a.1.b", "a.23.", "a.23.b", "a.24.", "a.24.b"}, list)
}

// The number of a block is only a name, and does not decide how much is computed.
func TestManyBlocks(t *testing.T) {
	rules, err := Parse(LLaMAFactory, []byte("freeze_trainable_layers: 2000000000\nfreeze_trainable_modules: q\n"))
	require.NoError(t, err)
	_, err = rules.Verify([]Param{{Name: "m.0.q.weight"}, {Name: "m.1999999999.q.weight"}})
	assert.ErrorIs(t, err, ErrInexpressible)
	assert.ErrorContains(t, err, "blocks")
}
