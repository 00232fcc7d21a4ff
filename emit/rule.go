package emit

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// rule is one entry of a file, as its consumer matches it.
type rule struct {
	text    string // as the file has it
	match   func(name string) bool
	literal []string        // the names it spells out; nil if it is an open pattern
	exact   bool            // the literals are whole names, not modules or beginnings of names
	set     map[string]bool // of the literals, where they are many
}

// means reports whether the entry spells out this name, or, unless it is
// exact, the module that owns it.
func (r *rule) means(literal, name string) bool {
	rest, ok := strings.CutPrefix(name, literal)
	return ok && (rest == "" || !r.exact && rest[0] == '.' && strings.IndexByte(rest[1:], '.') < 0)
}

// maxLanguage bounds the names that one entry is read to spell out.
const maxLanguage = 1 << 18

// anchoring says where in a name Python looks.
type anchoring int

const (
	search anchoring = iota
	atStart
	whole
)

// pythonRule makes a rule of a regular expression; text is what the file has.
func pythonRule(text, expr string, where anchoring) (rule, error) {
	parsed, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return rule{}, fmt.Errorf("%w: pattern %q: %w", ErrFormat, text, err)
	}
	compiled := map[anchoring]string{search: expr, atStart: `\A(?:` + expr + `)`, whole: `\A(?:` + expr + `)\z`}[where]
	re, err := regexp.Compile(compiled)
	if err != nil {
		return rule{}, fmt.Errorf("%w: pattern %q: %w", ErrFormat, text, err)
	}
	r := rule{text: text, match: re.MatchString, exact: where == whole || strings.HasSuffix(expr, "$")}
	if l, ok := language(parsed); ok {
		r.literal = l
	}
	name := strings.TrimSuffix(strings.TrimPrefix(expr, "^"), "$")
	if isPlain(name) { // whose dots mean dots, whatever they match
		r.literal = []string{name}
		if where == atStart || where == whole || strings.HasPrefix(expr, "^") {
			exact := r.exact
			r.match = func(s string) bool { return dotMatch(name, s, exact) }
		}
	}
	return r, nil
}

// isPlain reports whether s has no characters but those of ordinary names.
func isPlain(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-' || r == '.')
	})
}

// dotMatch matches a name from its start, to its end if exact; a dot of the
// pattern matches any character, as in a regular expression.
func dotMatch(pattern, name string, exact bool) bool {
	if len(name) < len(pattern) || exact && len(name) != len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if pattern[i] != name[i] && pattern[i] != '.' {
			return false
		}
	}
	return true
}

// language lists the strings that an expression matches as a whole, if they are
// few.
func language(re *syntax.Regexp) ([]string, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpBeginLine, syntax.OpEndText, syntax.OpEndLine:
		return []string{""}, true
	case syntax.OpLiteral:
		return []string{string(re.Rune)}, re.Flags&syntax.FoldCase == 0
	case syntax.OpCapture:
		return language(re.Sub[0])
	case syntax.OpQuest:
		l, ok := language(re.Sub[0])
		return append(l, ""), ok
	case syntax.OpCharClass:
		var out []string
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i+1]-re.Rune[i] > 64 {
				return nil, false
			}
			for c := re.Rune[i]; c <= re.Rune[i+1]; c++ {
				out = append(out, string(c))
			}
		}
		return out, true
	case syntax.OpAlternate:
		var out []string
		for _, sub := range re.Sub {
			l, ok := language(sub)
			if !ok || len(out)+len(l) > maxLanguage {
				return nil, false
			}
			out = append(out, l...)
		}
		return out, true
	case syntax.OpConcat:
		out := []string{""}
		for _, sub := range re.Sub {
			l, ok := language(sub)
			if !ok || len(out)*len(l) > maxLanguage {
				return nil, false
			}
			longer := make([]string, 0, len(out)*len(l))
			for _, head := range out {
				for _, tail := range l {
					longer = append(longer, head+tail)
				}
			}
			out = longer
		}
		return out, true
	}
	return nil, false
}
