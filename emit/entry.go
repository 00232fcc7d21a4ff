package emit

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dlclark/regexp2"

	"github.com/gospectrum/spectrum/internal/names"
)

// entry is one entry of a file, as its consumer matches it.
type entry struct {
	text    string // as the file has it
	module  bool   // held against modules, whose weights it trains, not parameters
	match   func(name string) bool
	literal []string               // the names it spells out; nil if it is an open pattern
	exact   bool                   // the literals are whole names, not modules or beginnings of names
	set     map[string]bool        // of the literals, where they are many
	rows    *Rows                  // the rows that it is limited to; nil for all
	failed  *atomic.Pointer[error] // that a match took too long; nil if none can
}

// nameOf returns the name of a parameter that the entry is held against, and
// whether it has one.
func (e *entry) nameOf(p Param) (name string, ok bool) {
	if e.module {
		return names.Module(p.Name)
	}
	return p.Name, true
}

// means reports whether the entry spells out this name, or, unless it is
// exact, a module that it is in.
func (e *entry) means(literal, name string) bool {
	rest, ok := strings.CutPrefix(name, literal)
	return ok && (rest == "" || !e.exact && rest[0] == '.')
}

// index makes the set by which spelled finds a name among many.
func (e *entry) index() {
	if len(e.literal) > 8 {
		e.set = make(map[string]bool, len(e.literal))
		for _, l := range e.literal {
			e.set[l] = true
		}
	}
}

// spelled returns the literal by which the entry means name.
func (e *entry) spelled(name string) (string, bool) {
	if e.set != nil {
		for owner := name; ; {
			if e.set[owner] {
				return owner, true
			}
			i := strings.LastIndexByte(owner, '.')
			if i < 0 || e.exact {
				return name, false
			}
			owner = owner[:i]
		}
	}
	for _, l := range e.literal {
		if e.means(l, name) {
			return l, true
		}
	}
	return "", false
}

// exactEntry matches one name.
func exactEntry(item string) (entry, error) {
	return entry{text: item, literal: []string{item}, exact: true, match: func(n string) bool { return n == item }}, nil
}

// moduleEntry is how PEFT matches an item of a list: the name of a module, or its
// end behind a dot.
func moduleEntry(item string) (entry, error) {
	return entry{text: item, module: true, literal: []string{item}, exact: true,
		match: func(n string) bool { return n == item || strings.HasSuffix(n, "."+item) }}, nil
}

// anchoring says where in a name Python looks.
type anchoring int

const (
	search  anchoring = iota // re.search
	atStart                  // re.match
	whole                    // re.fullmatch
)

// matchTime bounds the time that one name takes on one pattern: patterns of backtracking
// engines may take for ever.
const matchTime = time.Second

// patternEntry makes an entry of a regular expression of Python; text is what the file
// has.
func patternEntry(text, expr string, where anchoring) (entry, error) {
	e := entry{text: text, exact: where == whole || strings.HasSuffix(expr, "$")}
	compiled := map[anchoring]string{search: expr, atStart: `\A(?:` + expr + `)`, whole: `\A(?:` + expr + `)\z`}[where]
	parsed, err := syntax.Parse(expr, syntax.Perl)
	var plain *regexp.Regexp
	if err == nil {
		plain, err = regexp.Compile(compiled)
	}
	if err == nil {
		e.match = plain.MatchString
		if l, ok := language(parsed); ok {
			e.literal = l
		}
	} else if err := e.backtracking(compiled); err != nil { // look-ahead and back references
		return entry{}, fmt.Errorf("pattern %q: %w", text, err)
	}
	name := strings.TrimSuffix(strings.TrimPrefix(expr, "^"), "$")
	if isPlain(name) { // whose dots mean dots, whatever they match
		e.literal = []string{name}
		if where == atStart || where == whole || strings.HasPrefix(expr, "^") {
			exact := e.exact
			e.match = func(s string) bool { return dotMatch(name, s, exact) }
		}
	}
	return e, nil
}

// pythonGroup is a reference to a group by name, as Python spells it.
var pythonGroup = regexp.MustCompile(`\(\?P=(\w+)\)`)

// backtracking makes e match what only a backtracking engine can.
func (e *entry) backtracking(expr string) error {
	expr = pythonGroup.ReplaceAllString(strings.ReplaceAll(expr, `\Z`, `\z`), `\k<$1>`)
	re, err := regexp2.Compile(expr, regexp2.RE2) // its name for Python's spelling of groups
	if err != nil {
		return err
	}
	re.MatchTimeout = matchTime
	failed, text := new(atomic.Pointer[error]), e.text
	e.failed = failed
	e.match = func(name string) bool {
		if failed.Load() != nil {
			return false // one name is enough
		}
		ok, err := re.MatchString(name)
		if err != nil {
			err = fmt.Errorf("pattern %.80q takes more than %v on %s", text, matchTime, name)
			failed.Store(&err)
		}
		return ok
	}
	return nil
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

// Bounds of what one entry is read to spell out: strings, and letters in all.
const (
	maxLanguage = 1 << 18
	maxLetters  = 1 << 24
)

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
		return classLanguage(re.Rune)
	case syntax.OpAlternate:
		var all []string
		var n int64
		for _, sub := range re.Sub {
			l, ok := language(sub)
			all, n = append(all, l...), n+letters(l)
			if !ok || len(all) > maxLanguage || n > maxLetters {
				return nil, false
			}
		}
		return all, true
	case syntax.OpConcat:
		all, ok := []string{""}, true
		for _, sub := range re.Sub {
			if all, ok = product(all, sub); !ok {
				return nil, false
			}
		}
		return all, true
	}
	return nil, false
}

// classLanguage lists the characters of a class, pairs of first and last.
func classLanguage(ranges []rune) (all []string, ok bool) {
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] > 64 {
			return nil, false
		}
		for c := ranges[i]; c <= ranges[i+1]; c++ {
			all = append(all, string(c))
		}
	}
	return all, true
}

// product appends every string of an expression to every one of heads.
func product(heads []string, re *syntax.Regexp) ([]string, bool) {
	tails, ok := language(re)
	n, m := int64(len(heads)), int64(len(tails))
	if !ok || n*m > maxLanguage || n*letters(tails)+m*letters(heads) > maxLetters {
		return nil, false
	}
	all := make([]string, 0, n*m)
	for _, head := range heads {
		for _, tail := range tails {
			all = append(all, head+tail)
		}
	}
	return all, true
}

// letters counts the bytes of all strings.
func letters(list []string) (n int64) {
	for _, s := range list {
		n += int64(len(s))
	}
	return n
}
