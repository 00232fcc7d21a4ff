package emit

import (
	"regexp"
	"strings"

	"github.com/gospectrum/spectrum/selection"
)

func axolotl() trainer {
	return trainer{
		format:   Axolotl,
		about:    "YAML with unfrozen_parameters",
		matching: "dots are escaped, then re.match: the beginning of a name, unless anchored",
		write:    writeAxolotl,
		read: func(r *Rules, text string) error {
			return r.add(unfrozenParameters(text), axolotlEntry)
		},
	}
}

// writeAxolotl writes anchored patterns. Their dots stay, because axolotl escapes
// them itself: an escaped dot would become an escaped backslash.
func writeAxolotl(sel *selection.Selection, _ Training) (string, error) {
	var b strings.Builder
	b.WriteString(header(sel) + notes + "unfrozen_parameters:\n")
	for _, l := range sel.Layers() {
		b.WriteString("- ^" + quote(l.Name, ".") + "$\n")
	}
	return b.String(), nil
}

// unfrozenParameters returns the items under unfrozen_parameters.
func unfrozenParameters(s string) []string {
	_, rest, ok := strings.Cut("\n"+s, "\nunfrozen_parameters:")
	if !ok {
		return nil
	}
	var items []string
	for line := range strings.SplitSeq(rest, "\n") {
		line = strings.TrimSpace(line)
		item, ok := strings.CutPrefix(line, "- ")
		switch {
		case line == "" || line[0] == '#':
			continue
		case !ok:
			return items
		}
		items = append(items, unquoteYAML(item))
	}
	return items
}

var rowRange = regexp.MustCompile(`^(.+)\[([0-9]*)(?::([0-9]*))?\]$`)

// axolotlEntry does what axolotl's LayerNamePattern does: it takes a range of rows
// off, escapes every dot that no + follows, and matches from the start.
func axolotlEntry(item string) (entry, error) {
	expr := item
	if m := rowRange.FindStringSubmatch(item); m != nil {
		expr = m[1]
	}
	name := strings.TrimSuffix(strings.TrimPrefix(expr, "^"), "$")
	if exact := strings.HasSuffix(expr, "$"); isPlain(name) {
		return entry{text: item, literal: []string{name}, exact: exact, match: func(n string) bool {
			return n == name || !exact && strings.HasPrefix(n, name)
		}}, nil
	}
	var b strings.Builder
	for i := range len(expr) {
		if expr[i] == '.' && !strings.HasPrefix(expr[i+1:], "+") {
			b.WriteByte('\\')
		}
		b.WriteByte(expr[i])
	}
	return patternEntry(item, b.String(), atStart)
}
