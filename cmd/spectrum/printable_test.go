package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Nobody's name begins a line, moves a cursor or turns text around, whatever prints it.
func TestNamesArePrintable(t *testing.T) {
	outputs := func(mark string) (lines []int) {
		// A tensor that fails, one that ties, one that is 1-D, a file and a model with such names.
		bad := matrix("bad"+mark+".weight", 4, 8)
		copy(bad.Bytes, "\x00\x00\xc0\x7f")
		zero := matrix("model.layers.1.q"+mark+".weight", 8, 8)
		dir := filepath.Join(t.TempDir(), "m"+mark)
		require.NoError(t, os.Mkdir(dir, 0o755))
		from := modelDir(t, "model.safetensors", nil, bad, zero,
			matrix("model.layers.0.q"+mark+".weight", 8, 8), matrix("n"+mark+".weight", 8), matrix("expert"+mark, 8, 8))
		require.NoError(t, os.Rename(filepath.Join(from, "model.safetensors"), filepath.Join(dir, "model.safetensors")))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"model_type":"t`+jsonEscape(mark)+`"}`), 0o644))
		json := filepath.Join(t.TempDir(), "r"+mark+".json")
		selected := filepath.Join(t.TempDir(), "s"+mark+".txt")
		for _, args := range [][]string{
			{"inspect", dir},
			{"scan", dir, "--top", "50"},
			{"scan", dir, "-o", json},
			{"select", json, "--top", "50", "--format", "json", "-o", selected},
			{"verify", selected, dir, "--consumer", "json"},
			{"compare", json, json},
			{"export", json, "-o", json + ".x"},
			{"doctor", json},
			{"scan", dir + mark}, {"select", mark}, {"scan", dir, "--noise", mark}, {mark}, {"scan", "--" + mark}, {"scan", dir, mark},
			{"scan", dir, "--include", "[" + mark + "["}, {"verify", selected, dir, "--consumer", mark},
		} {
			_, stdout, stderr := command(args...)
			if args[0] == "export" { // a file of its own language
				stdout = ""
			}
			if i := strings.IndexFunc(stdout+stderr, func(r rune) bool { return r != '\n' && (!unicode.IsPrint(r) || r == unicode.ReplacementChar) }); i >= 0 {
				t.Errorf("%q prints %q", args, (stdout + stderr)[max(0, i-60):min(len(stdout+stderr), i+20)])
			}
			lines = append(lines, strings.Count(stdout, "\n"), strings.Count(stderr, "\n"))
		}
		return lines
	}
	tame := outputs("x")
	for _, mark := range []string{"\x1b[31m", "y\n[9 of 9] forged.weight 8×8 F32: SNR 99 (0.00 s)", "\u202egnp.", "a\tb", "\r", "\u2028", "\x7f", "\ufeff"} {
		assert.Equal(t, tame, outputs(mark), "lines of stdout and stderr, command by command, with %q", mark)
	}
}

func jsonEscape(s string) string {
	return strings.NewReplacer("\x1b", `\u001b`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\x7f", `\u007f`).Replace(s)
}

// All that a person reads goes through escape.Fprintf.
func TestOneWriter(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if p, ok := s.X.(*ast.Ident); ok && p.Name == "fmt" {
					assert.False(t, strings.HasPrefix(s.Sel.Name, "Fprint") || strings.HasPrefix(s.Sel.Name, "Print"),
						"%v: fmt.%s writes names as they are", set.Position(s.Pos()), s.Sel.Name)
				}
			}
			return true
		})
	}
}
