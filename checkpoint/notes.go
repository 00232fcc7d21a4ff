package checkpoint

import (
	"fmt"
	"strings"
	"unicode"
)

// maxNotes bounds what a file can make this package say.
const maxNotes = 20

// notes are lines about how a model was read that its user should know.
type notes []string

// add adds a note. What of it comes from a file may hold anything, so only what
// prints is kept.
func (n *notes) add(format string, args ...any) {
	switch {
	case len(*n) < maxNotes:
		*n = append(*n, strings.Map(printable, fmt.Sprintf(format, args...)))
	case len(*n) == maxNotes:
		*n = append(*n, "and more of the kind")
	}
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}
