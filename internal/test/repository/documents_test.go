package repository

import (
	"go/ast"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadmeIsShort(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(read(t, "README.md"), "\n"), "\n")
	assert.LessOrEqual(t, len(lines), 130, "lines: what a reader does not need first goes to docs/")
	for i, line := range lines {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), 120, "columns of line %d", i+1)
	}
}

// .ci/run takes the first command of each kind out of the README and runs it.
func TestReadmeHasItsTwoCommands(t *testing.T) {
	text := read(t, "README.md")
	for _, command := range []string{"run", "test"} {
		assert.Regexp(t, `(?m)^    go `+command+` \./`, text)
	}
}

// The Go code of the README is complete but for the function around it.
func TestReadmeCodeBuilds(t *testing.T) {
	blocks := regexp.MustCompile("(?s)\n```go\n(.*?)```\n").FindAllStringSubmatch(read(t, "README.md"), -1)
	require.Len(t, blocks, 1)
	file := filepath.Join(t.TempDir(), "main.go")
	text := "package main\n\nimport (\n\t\"context\"\n\t\"fmt\"\n\n\t\"" + module + "\"\n)\n\nfunc main() {}\n\n" +
		"func _(ctx context.Context, rows, cols int, data []float32) error {\n" + blocks[0][1] + "\treturn nil\n}\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	cmd := exec.Command("go", "vet", file)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// documents returns the text of every Markdown file of the repository.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := prose(t)
	for name := range all {
		if path.Ext(name) != ".md" {
			delete(all, name)
		}
	}
	all[references] = read(t, references)
	require.Greater(t, len(all), 10)
	return all
}

// A link from one document to another leads to a file, and a heading in it.
func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	for name, text := range documents(t) {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			target := path.Join(path.Dir(name), file)
			if file == "" {
				target = name
			}
			if !exists(target) {
				t.Errorf("%s links to %s, which does not exist", name, target)
			} else if anchor != "" {
				assert.Contains(t, anchors(read(t, target)), anchor, "%s links into %s", name, target)
			}
		}
	}
}

// anchors returns what the headings of a document can be linked by.
func anchors(text string) (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	return all
}

// A path in a document exists: one that starts with a folder of the repository, or a Go
// file of its root or beside the document. <angle brackets> stand for a name that the
// reader chooses.
func TestPathsInDocumentsExist(t *testing.T) {
	top, err := os.ReadDir(root)
	require.NoError(t, err)
	var starts []string
	for _, e := range top {
		if e.IsDir() && e.Name() != ".git" {
			starts = append(starts, regexp.QuoteMeta(e.Name()))
		}
	}
	inRepository := regexp.MustCompile(`^(?:(?:\./)?(?:` + strings.Join(starts, "|") + `)/\S+|[\w]+\.go)$`)
	checked := 0
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" { // which speaks of what was
			continue
		}
		for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(text, -1) {
			if !inRepository.MatchString(m[1]) || strings.Contains(m[1], "<") {
				continue
			}
			checked++
			assert.True(t, exists(path.Clean(m[1])) || exists(path.Join(path.Dir(name), m[1])), "%s names %s, which does not exist", name, m[1])
		}
	}
	assert.Greater(t, checked, 50)
}

// The tests that documents name exist.
func TestTestsInDocumentsExist(t *testing.T) {
	tests := make(map[string]bool)
	for _, s := range sources(t) {
		for _, d := range s.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test {
				tests[f.Name.Name] = true
			}
		}
	}
	for name, text := range documents(t) {
		for _, m := range regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`").FindAllStringSubmatch(text, -1) {
			assert.True(t, tests[m[1]], "%s names %s, which does not exist", name, m[1])
		}
	}
}

func exists(name string) bool {
	_, err := fs.Stat(os.DirFS(root), name)
	return err == nil
}

// Every package has its place on the map.
func TestPackagesAreOnTheMap(t *testing.T) {
	table := regexp.MustCompile("(?m)^\\| (`.+?`) \\|").FindAllStringSubmatch(read(t, "ARCHITECTURE.md"), -1)
	var listed []string
	for _, row := range table {
		for _, name := range strings.Split(row[1], ", ") {
			listed = append(listed, strings.Trim(name, "`"))
		}
	}
	for dir := range importsOf(sources(t)) {
		assert.Contains(t, listed, dir, "ARCHITECTURE.md lacks a package")
	}
	for _, dir := range listed {
		assert.True(t, exists(dir), "ARCHITECTURE.md has %s, which does not exist", dir)
	}
}
