package repository

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arrows says which packages of this module each package may import, one package a
// line, which goes on in lines that begin with a space; "." is the root package. A
// package stands above all that it imports, so that arrows point one way: down.
// Tests may use any package as a witness.
//
// A new package gets a line; a new arrow is a decision, made here.
const arrows = `
cmd/spectrum                  report delta emit results scan checkpoint hub . rmt selection
                              internal/engine/kernel internal/engine/measure
                              internal/format/sniff internal/escape internal/names internal/saturate

bench
bench/peers                   results checkpoint . internal/engine/block internal/engine/kernel
                              internal/engine/symmetric
examples/noise                checkpoint . rmt internal/engine/parallel internal/test/planted
examples/preload              scan results checkpoint
examples/tiny-llama           internal/test/tinyllama
internal/test/document
internal/test/hostile
internal/test/matrices        internal/engine/kernel
internal/test/repository
internal/test/shared
internal/test/yardstick
internal/test/tinyllama       . rmt internal/format/safetensors internal/test/planted
internal/test/planted         .

report                        emit results . selection internal/escape internal/names
delta                         results scan checkpoint . rmt internal/format/strictjson
                              internal/names
results                       scan checkpoint . statistics rmt selection internal/format/strictjson
                              internal/escape internal/names internal/names/loaded
                              internal/decimal internal/saturate
scan                          checkpoint . rmt selection internal/engine/parallel
                              internal/machine internal/names
emit                          checkpoint . selection internal/format/strictjson
                              internal/escape internal/names internal/decimal internal/saturate

checkpoint                    hub . internal/format/gguf internal/format/numfmt
                              internal/format/npy internal/format/safetensors
                              internal/format/sniff internal/format/strictjson
                              internal/format/torchfile internal/hashed internal/machine
                              internal/names internal/names/loaded
hub                           internal/format/strictjson

.                             rmt selection internal/engine/kernel internal/engine/lapack
                              internal/engine/native internal/engine/parallel internal/law/mp
                              internal/law/tracywidom internal/names internal/noise internal/option
statistics                    rmt internal/noise
selection                     internal/names internal/option internal/saturate
rmt                           internal/law/mp internal/law/tracywidom internal/option

internal/noise                internal/law/mp internal/law/tracywidom
internal/law/mp               internal/law/bisect
internal/law/tracywidom       internal/law/bisect
internal/law/bisect
internal/names/loaded         internal/names internal/format/strictjson
internal/names
internal/escape
internal/machine
internal/option
internal/saturate
internal/decimal

internal/format/gguf          internal/format/numfmt internal/engine/kernel
internal/format/npy           internal/format/archive
internal/format/safetensors   internal/format/strictjson
internal/format/torchfile     internal/format/archive
internal/format/archive
internal/format/numfmt
internal/format/sniff
internal/format/strictjson    internal/hashed
internal/hashed

internal/engine/native        internal/engine/bidiagonal internal/engine/symmetric
                              internal/engine/lapack
                              internal/engine/block internal/engine/kernel internal/engine/parallel
                              internal/engine/hugepage internal/engine
internal/engine/bidiagonal    internal/engine/householder internal/engine/lapack
                              internal/engine/sturm internal/engine/block internal/engine/kernel
                              internal/engine/parallel internal/engine
internal/engine/symmetric     internal/engine/householder internal/engine/sturm
                              internal/engine/block internal/engine/kernel internal/engine/parallel
                              internal/engine
internal/engine/householder   internal/engine/block internal/engine/kernel internal/engine/parallel
internal/engine/lapack        internal/engine
internal/engine/sturm         internal/engine/parallel
internal/engine/measure       internal/engine/block internal/engine/kernel internal/engine/parallel
internal/engine/block         internal/engine/kernel internal/engine/parallel
                              internal/engine/hugepage
internal/engine/kernel        internal/engine/parallel internal/engine/hugepage
internal/engine/parallel
internal/engine/hugepage
internal/engine
`

func TestImportsFollowTheTable(t *testing.T) {
	assert.Empty(t, violations(arrows, importsOf(sources(t))))
}

// importsOf returns what each package of this module imports of it, tests aside.
func importsOf(all []source) map[string][]string {
	graph := make(map[string][]string)
	for _, s := range all {
		list := graph[s.dir]
		for _, i := range s.Imports {
			if rel, ok := strings.CutPrefix(importPath(i), module); ok && !s.test {
				list = append(list, path.Join(".", rel))
			}
		}
		graph[s.dir] = list // a package of tests alone is one too
	}
	for dir, list := range graph {
		slices.Sort(list)
		graph[dir] = slices.Compact(list)
	}
	return graph
}

// rows splits a table into lines of words.
func rows(table string) (all [][]string) {
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case strings.HasPrefix(line, " "):
			all[len(all)-1] = append(all[len(all)-1], words...)
		default:
			all = append(all, words)
		}
	}
	return all
}

// violations compares the imports of a module with a table, and the table with itself.
func violations(table string, graph map[string][]string) (found []string) {
	may := make(map[string][]string)
	for _, fields := range rows(table) {
		dir := fields[0]
		if _, twice := may[dir]; twice {
			found = append(found, fmt.Sprintf("%s has two lines in the table", dir))
		}
		for above := range may {
			if slices.Contains(fields[1:], above) {
				found = append(found, fmt.Sprintf("the arrow from %s to %s points up in the table", dir, above))
			}
		}
		may[dir] = fields[1:]
		if _, exists := graph[dir]; !exists {
			found = append(found, fmt.Sprintf("%s is in the table, but no package", dir))
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(may)) {
		for _, to := range may[dir] {
			if _, known := may[to]; !known {
				found = append(found, fmt.Sprintf("%s may import %s, which has no line in the table", dir, to))
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(graph)) {
		allowed, known := may[dir]
		if !known {
			found = append(found, fmt.Sprintf("package %s has no line in the table", dir))
		}
		for _, to := range graph[dir] {
			if known && !slices.Contains(allowed, to) {
				found = append(found, fmt.Sprintf("%s imports %s, which the table does not allow", dir, to))
			}
		}
	}
	slices.Sort(found)
	return found
}

func TestViolationsAreFound(t *testing.T) {
	for _, test := range []struct {
		about, table string
		graph        map[string][]string
		want         []string
	}{
		{"as allowed", "cmd .\n  low\n\n. low\nlow", map[string][]string{"cmd": {".", "low"}, ".": {"low"}, "low": nil}, nil},
		{"a new arrow", "cmd .\n. low\nlow", map[string][]string{"cmd": {".", "low"}, ".": {"low"}, "low": nil},
			[]string{"cmd imports low, which the table does not allow"}},
		{"a new package", ".", map[string][]string{".": nil, "new": {"."}}, []string{"package new has no line in the table"}},
		{"a package that went", ". low\nlow", map[string][]string{".": nil}, []string{"low is in the table, but no package"}},
		{"an arrow up", "low .\n. low", map[string][]string{".": {"low"}, "low": {"."}},
			[]string{"the arrow from . to low points up in the table"}},
		{"two lines", ".\n.", map[string][]string{".": nil}, []string{". has two lines in the table"}},
		{"an arrow to nowhere", ". low", map[string][]string{".": nil}, []string{". may import low, which has no line in the table"}},
	} {
		assert.Equal(t, test.want, violations(test.table, test.graph), test.about)
	}
}

// The graph that the table is held against is the real one.
func TestImportsAreSeen(t *testing.T) {
	graph := importsOf(sources(t))
	require.Contains(t, graph, "internal/engine/kernel")
	assert.Contains(t, graph["."], "internal/engine/native")
	assert.Contains(t, graph["cmd/spectrum"], ".")
	assert.NotContains(t, graph["."], "internal/test/planted", "only tests import it")
}
