package emit

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/selection"
)

func axolotl() trainer {
	return trainer{
		format:   Axolotl,
		about:    "YAML with unfrozen_parameters",
		matching: "dots are escaped, then re.match: the beginning of a name, unless anchored",
		write:    writeAxolotl,
		names:    printableNames,
		rows:     true,
		pieces:   axolotlPieces,
		read: func(r *Rules, text string) error {
			values, err := yamlOf(text, unfrozenKey)
			if err != nil {
				return err
			}
			items, err := values.list(unfrozenKey)
			if err != nil {
				return err
			}
			return r.add(items, axolotlEntry)
		},
	}
}

// unfrozenKey is axolotl's key of what it trains.
const unfrozenKey = "unfrozen_parameters"

// writeAxolotl writes anchored patterns. Their dots stay, because axolotl escapes
// them itself: an escaped dot would become an escaped backslash.
func writeAxolotl(sel *selection.Selection, how Training) (string, error) {
	p := axolotlPieces()
	if len(how.Rows) > 0 {
		p.Before = axolotlNotes + rowNotes + unfrozenKey + ":\n"
		whole := p.Line
		p.Line = func(name string) string {
			if r, ok := how.Rows[name]; ok {
				return "- " + escape.YAML("^"+escape.Pattern(r.Parameter, ".")+"$"+r.String()) + "\n"
			}
			return whole(name)
		}
	}
	return p.text(sel), nil
}

func axolotlPieces() Pieces {
	return Pieces{
		Header: true,
		Before: axolotlNotes + unfrozenKey + ":\n",
		Line:   func(name string) string { return "- " + escape.YAML("^"+escape.Pattern(name, ".")+"$") + "\n" },
	}
}

// axolotlNotes go before the list. Axolotl rejects use_reentrant: true beside it, and
// with FSDP2, which replaces FSDP1, there is no use_orig_params to set.
const axolotlNotes = `# DeepSpeed and FSDP2 need nothing more; FSDP1 needs fsdp_config: {use_orig_params: true}.
gradient_checkpointing_kwargs:
  use_reentrant: false
`

// rowNotes say what training rows of a parameter means.
const rowNotes = `# [a:b] are rows: only they get gradients, but the optimiser keeps its state for the
# whole parameter, and weight decay reaches all of it: set weight_decay: 0.
`

var rowRange = regexp.MustCompile(`^(.+)\[([0-9]*)(?::([0-9]*))?\]$`)

// axolotlEntry does what axolotl's LayerNamePattern does: it takes a range of rows
// off, escapes every dot that no + follows, and matches from the start.
func axolotlEntry(item string) (entry, error) {
	expr := item
	var rows *Rows
	if m := rowRange.FindStringSubmatch(item); m != nil {
		expr = m[1]
		var err error
		if rows, err = parseRows(item, m[2], m[3], strings.Contains(item[len(m[1]):], ":")); err != nil {
			return entry{}, err
		}
	}
	name := strings.TrimSuffix(strings.TrimPrefix(expr, "^"), "$")
	if exact := strings.HasSuffix(expr, "$"); isPlain(name) {
		return entry{text: item, rows: rows, literal: []string{name}, exact: exact, match: func(n string) bool {
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
	e, err := patternEntry(item, b.String(), atStart)
	e.rows = rows
	return e, err
}

// parseRows reads what stands in the brackets: a:b, a:, :b or a single row. A missing
// end is -1, the end of the parameter.
func parseRows(item, from, to string, colon bool) (*Rows, error) {
	r := Rows{To: -1}
	var err error
	if from != "" {
		if r.From, err = strconv.ParseInt(from, 10, 64); err != nil {
			return nil, fmt.Errorf("rows of %q: %w", item, err)
		}
	}
	switch {
	case to != "":
		if r.To, err = strconv.ParseInt(to, 10, 64); err != nil {
			return nil, fmt.Errorf("rows of %q: %w", item, err)
		}
		if r.From >= r.To {
			return nil, fmt.Errorf("rows of %q: there are none", item)
		}
	case !colon && from != "":
		r.To = r.From + 1
	}
	return &r, nil
}
