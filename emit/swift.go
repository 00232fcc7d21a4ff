package emit

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/selection"
)

func msSwift() trainer {
	return trainer{
		format:   MSSwift,
		about:    "YAML for swift sft FILE (ms-swift 3.10 and later), full training with trainable_parameters_regex",
		matching: "re.search: anywhere in a name, unless anchored",
		write:    writeSwiftYAML,
		names:    printableNames,
		pieces:   swiftPieces,
		read:     readSwiftYAML,
	}
}

func msSwiftArgs() trainer {
	return trainer{
		format:   MSSwiftArgs,
		about:    "the same as arguments, for eval \"swift sft … $(cat FILE)\"",
		matching: "re.search: anywhere in a name, unless anchored; quoted as a shell reads it",
		write:    writeSwift,
		names:    printableNames,
		read:     readSwift,
	}
}

// swiftPattern returns the expression that finds exactly the selected parameters.
func swiftPattern(sel *selection.Selection) string {
	return "^" + alternation(layerNames(sel.Layers())) + "$"
}

// writeSwiftYAML freezes all but what the expression finds. Single quotes keep its
// backslashes.
func writeSwiftYAML(sel *selection.Selection, _ Training) (string, error) {
	return header(sel) + swiftSettings + escape.YAML(swiftPattern(sel)) + "\n", nil
}

// swiftSettings go before the expression.
const swiftSettings = "# before 4.0 tuner_type was train_type\n" + notes +
	"tuner_type: full\nfreeze_parameters_ratio: 1\ntrainable_parameters_regex: "

// swiftPieces has one expression, in the quotes that [escape.YAML] gives it because of
// its backslashes.
func swiftPieces() Pieces {
	return Pieces{
		Header: true,
		Before: swiftSettings + "'^",
		Part:   func(part string) string { return strings.ReplaceAll(escape.Pattern(part, ""), "'", "''") },
		After:  "$'\n",
	}
}

func readSwiftYAML(r *Rules, text string) error {
	values, err := yamlOf(text, "trainable_parameters_regex")
	if err != nil {
		return err
	}
	return r.swift(values.text("trainable_parameters_regex"), values.text("freeze_parameters_ratio"))
}

// swift enters an expression and the ratio of parameters, from the first on, that stay
// frozen beside what it finds.
func (r *Rules) swift(expr, ratio string) error {
	if expr == "" {
		return errors.New("no trainable_parameters_regex")
	}
	if x, err := strconv.ParseFloat(ratio, 64); err != nil || x != 1 {
		return errors.New("without freeze_parameters_ratio 1 everything is trained")
	}
	return r.add([]string{expr}, func(expr string) (entry, error) {
		return patternEntry("trainable_parameters_regex", expr, search)
	})
}

// writeSwift writes the arguments on one line without comments, so that a shell takes
// the file as it is.
func writeSwift(sel *selection.Selection, _ Training) (string, error) {
	return "--tuner_type full --freeze_parameters_ratio 1 --trainable_parameters_regex " + escape.Shell(swiftPattern(sel)) + "\n", nil
}

// readSwift reads arguments as a shell hands them over, from a command that may span
// lines.
func readSwift(r *Rules, text string) error {
	words, err := shellWords(text)
	if err != nil {
		return err
	}
	values := make(map[string]string)
	for i, w := range words {
		flag, ok := strings.CutPrefix(w, "--")
		if !ok {
			continue
		}
		name, value, joined := strings.Cut(flag, "=")
		if !joined && i+1 < len(words) {
			value = words[i+1]
		}
		values[strings.ReplaceAll(name, "-", "_")] = value
	}
	return r.swift(values["trainable_parameters_regex"], values["freeze_parameters_ratio"])
}

var shellSpace = regexp.MustCompile(`^[ \t\n]+`)

// shellWords splits a text into words as POSIX shells do: '…' is literal, in "…" a
// backslash escapes $ ` " \ and the end of a line, outside everything; # begins a
// comment at the beginning of a word. Variables and commands are not expanded.
func shellWords(text string) (words []string, err error) {
	for text = shellSpace.ReplaceAllString(text, ""); text != ""; text = shellSpace.ReplaceAllString(text, "") {
		if text[0] == '#' {
			_, text, _ = strings.Cut(text, "\n")
			continue
		}
		var word string
		if word, text, err = shellWord(text); err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	return words, nil
}

// shellWord reads one word.
func shellWord(s string) (word, rest string, err error) {
	var b strings.Builder
	for s != "" && !strings.ContainsRune(" \t\n", rune(s[0])) {
		switch c := s[0]; {
		case c == '\'':
			literal, after, closed := strings.Cut(s[1:], "'")
			if !closed {
				return "", "", fmt.Errorf("a single quote without its end: %.40q", s)
			}
			b.WriteString(literal)
			s = after
		case c == '"':
			n := 1
			for n < len(s) && s[n] != '"' {
				if s[n] == '\\' && n+1 < len(s) && strings.IndexByte("$`\"\\\n", s[n+1]) >= 0 {
					n++
					if s[n] == '\n' {
						n++
						continue
					}
				}
				b.WriteByte(s[n])
				n++
			}
			if n == len(s) {
				return "", "", fmt.Errorf("a double quote without its end: %.40q", s)
			}
			s = s[n+1:]
		case c == '\\' && len(s) > 1:
			if s[1] != '\n' {
				b.WriteByte(s[1])
			}
			s = s[2:]
		default:
			b.WriteByte(c)
			s = s[1:]
		}
	}
	return b.String(), s, nil
}
