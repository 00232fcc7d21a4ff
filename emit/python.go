package emit

import (
	"regexp"
	"strings"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/selection"
)

func python() trainer {
	return trainer{
		format:   Python,
		about:    "a Python module whose freeze(model) sets requires_grad, for any PyTorch loop",
		matching: "exact names",
		write:    func(sel *selection.Selection, _ Training) (string, error) { return pythonPieces().text(sel), nil },
		names:    printableNames,
		pieces:   pythonPieces,
		read: func(r *Rules, text string) error {
			items, _ := readPython(text, trainable)
			return r.add(items, exactEntry)
		},
	}
}

// pythonPieces has the lines of a list, which [escape.Python] puts between brackets.
func pythonPieces() Pieces {
	return Pieces{
		Header: true,
		Before: notes + "\n" + trainable + "[\n",
		Line: func(name string) string {
			return strings.TrimSuffix(strings.TrimPrefix(escape.Python([]string{name}), "[\n"), "]")
		},
		After: "]" + freezeExactly,
	}
}

// trainable begins the list of python's module.
const trainable = "TRAINABLE = "

const freezeExactly = `


def freeze(model):
    """Train the parameters of TRAINABLE and freeze all others."""
    missing = set(TRAINABLE) - {name for name, _ in model.named_parameters()}
    if missing:
        raise ValueError(f"not in the model: {sorted(missing)}")
    trainable = set(TRAINABLE)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name in trainable
`

func trl() trainer {
	return trainer{
		format:   TRL,
		about:    "a Python module whose freeze(model) sets requires_grad, before an SFTTrainer",
		matching: "re.match: the beginning of a name, unless anchored; also the reference's YAML, as the tutorials read it",
		write: func(sel *selection.Selection, _ Training) (string, error) {
			patterns := layerNames(sel.Layers())
			for i, p := range patterns {
				patterns[i] = "^" + escape.Pattern(p, "") + "$"
			}
			return header(sel) + notes + trlUsage + unfrozen + escape.Python(patterns) + freezeByMatch, nil
		},
		names: printableNames,
		read: func(r *Rules, text string) error {
			items, ok := readPython(text, unfrozen)
			if !ok {
				items = dashes(text)
			}
			return r.add(items, func(item string) (entry, error) { return patternEntry(item, item, atStart) })
		},
	}
}

// unfrozen begins the list of trl's module.
const unfrozen = "UNFROZEN = "

const trlUsage = `#
#     from unfrozen import freeze
#     freeze(model)
#     trainer = SFTTrainer(model=model, args=SFTConfig(...), train_dataset=...)
import re

`

const freezeByMatch = `


def freeze(model):
    """Train the parameters that UNFROZEN matches and freeze all others."""
    unused = set(UNFROZEN)
    patterns = [re.compile(pattern) for pattern in UNFROZEN]
    for name, parameter in model.named_parameters():
        matching = [p.pattern for p in patterns if p.match(name)]
        parameter.requires_grad = bool(matching)
        unused.difference_update(matching)
    if unused:
        raise ValueError(f"match nothing in the model: {sorted(unused)}")
`

// readPython reads the list of strings that is given to a name at the beginning of a
// line, as Python takes it: in quotes of either kind, with comments and line breaks.
func readPython(s, before string) (items []string, ok bool) {
	_, rest, ok := strings.Cut("\n"+s, "\n"+before+"[")
	for ok {
		rest = strings.TrimLeft(rest, ", \t\n")
		switch {
		case rest == "":
			return nil, false
		case rest[0] == ']':
			return items, true
		case rest[0] == '#':
			_, rest, ok = strings.Cut(rest, "\n")
		default:
			m := pythonString.FindStringSubmatch(rest)
			if m == nil {
				return nil, false
			}
			rest = rest[len(m[0]):]
			text := m[2] + m[3]
			if m[1] == "" {
				text = pythonEscape.ReplaceAllString(text, "$1")
			}
			items = append(items, text)
		}
	}
	return nil, false
}

// pythonString is a string on one line, raw or not; pythonEscape what a backslash gives
// another meaning in one that is not raw. It keeps its own before all other letters.
var (
	pythonString = regexp.MustCompile(`^(r?)(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)')`)
	pythonEscape = regexp.MustCompile(`\\([\\'"])`)
)
