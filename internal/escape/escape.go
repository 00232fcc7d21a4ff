// Package escape writes strings that strangers chose, such as the names of tensors, as
// literals of other languages: whatever they hold, they stay one string there, and become
// no code, no markup and no terminal sequence. Each language has its one function here.
package escape

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// plainYAML are strings that YAML takes as such in a block, without quotes.
var plainYAML = regexp.MustCompile(`^(?:[A-Za-z_^]|[0-9]+\.[A-Za-z]{2})(?:[A-Za-z0-9_.,/^$*+?(){}\[\]|:-]*[A-Za-z0-9_.,/^$*+?(){}\[\]|-])?$`)

// otherYAML are words that YAML 1.1 takes for something else than a string.
var otherYAML = regexp.MustCompile(`^(?i:null|true|false|yes|no|on|off|y|n)$`)

// YAML writes a string as a scalar of a block, in YAML 1.1 and 1.2. It is quoted if need
// be: with single quotes where a backslash would have to be doubled, else with double
// ones. The string must be valid UTF-8.
func YAML(s string) string {
	switch {
	case strings.Contains(s, `\`) && !strings.ContainsFunc(s, unprintable):
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	case plainYAML.MatchString(s) && !otherYAML.MatchString(s):
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case !unprintable(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// flowYAML are strings that are plain within brackets too.
var flowYAML = regexp.MustCompile(`^[A-Za-z_^][A-Za-z0-9_./^$*+-]*$`)

// FlowYAML writes strings as a list of YAML on one line. The strings must be valid UTF-8.
func FlowYAML(items []string) string {
	quoted := make([]string, len(items))
	for i, s := range items {
		if quoted[i] = YAML(s); quoted[i] == s && !flowYAML.MatchString(s) {
			quoted[i] = `"` + s + `"` // it has neither quotes nor backslashes
		}
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// Python writes strings as a list in Python, an item a line, which is JSON too but for its
// last comma. The strings must be valid UTF-8.
func Python(items []string) string {
	if len(items) == 0 {
		return "[]"
	}
	var b strings.Builder
	b.WriteString("[\n")
	for _, item := range items {
		var literal strings.Builder
		enc := json.NewEncoder(&literal)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(item) // of a string, which never fails
		b.WriteString("    " + strings.TrimSuffix(literal.String(), "\n") + ",\n")
	}
	b.WriteString("]")
	return b.String()
}

// Shell writes a string as a word of a POSIX shell, always between single quotes. It must
// have no NUL, which no argument can have.
func Shell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// plainWord are strings that a POSIX shell takes as they are.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,-]+$`)

// Word writes a string as [Shell] does, without the quotes where a person can do without.
func Word(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return Shell(s)
}

// Printable reports whether [Line] leaves a string as it is.
func Printable(s string) bool { return !strings.ContainsFunc(s, unprintable) }

// Pattern writes a string as a regular expression of Python's re that matches it alone. The
// characters in keep stay as they are, for readers that escape them themselves.
func Pattern(s, keep string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(`.^$*+?{}[]|()\`, r) && !strings.ContainsRune(keep, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// formula begins a cell that spreadsheets compute, after an apostrophe or several of ours.
var formula = regexp.MustCompile(`^'*[=+\-@\t\r]`)

// Cell writes a string as a text cell of CSV, whose quotation is encoding/csv's: what a
// spreadsheet would take for a formula gets an apostrophe before it, and so does what
// [FromCell] would otherwise take one off.
func Cell(s string) string {
	if formula.MatchString(s) {
		return "'" + s
	}
	return s
}

// FromCell reads what [Cell] wrote.
func FromCell(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && formula.MatchString(rest) {
		return rest
	}
	return s
}

// Line writes a string for a person to read, on a terminal or elsewhere: what is not
// printable, such as an escape sequence, a line's end or a mark that changes the direction
// of writing, becomes the escape that Go and Python have for it.
func Line(s string) string {
	if Printable(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !unprintable(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// unprintable reports what must not be written as it is, the replacement for bytes that
// are no UTF-8 among it.
func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
