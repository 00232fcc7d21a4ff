// Package strictjson reads JSON from files that nobody vouches for. Where
// encoding/json repairs or guesses, it refuses: duplicate keys, invalid UTF-8,
// unpaired surrogates and deep nesting are errors. The caller walks the value
// with callbacks, in the order of the text, so nothing is built that the caller
// did not ask for.
package strictjson

import (
	"fmt"
	"unicode/utf8"
)

// maxDepth bounds the nesting of objects and arrays, and with it the stack.
// Files of models and of results nest a handful of levels deep.
const maxDepth = 100

// Scanner reads one JSON text from the start to the end. Its methods skip white
// space before what they read. Their errors are of type [*Error]; after one the
// scanner is of no further use. A copy of a Scanner reads on by itself.
type Scanner struct {
	data      []byte
	pos       int
	depth     int
	nonFinite bool
	duplicate func(key string) // nil where a key that occurs twice is an error
	recent    [16]string       // strings read before, see text
}

// New returns a scanner over data. The [*Error] says where data is not UTF-8.
func New(data []byte) (*Scanner, error) {
	if utf8.Valid(data) {
		return &Scanner{data: data}, nil
	}
	at := 0
	for {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			return nil, ErrorAt(at, "%#x is not valid UTF-8", data[at])
		}
		at += n
	}
}

// AllowNonFinite accepts NaN, Infinity and -Infinity as numbers. They are not
// JSON, but Python writes them.
func (s *Scanner) AllowNonFinite() { s.nonFinite = true }

// AllowDuplicates accepts keys that occur twice in an object, and reports each to
// report. Members come in the order of the text, so that for most callers the last
// counts, as it does to Python.
func (s *Scanner) AllowDuplicates(report func(key string)) { s.duplicate = report }

// Object reads an object and calls member for each key in turn; member reads
// the value. A key that occurs twice is an error.
func (s *Scanner) Object(member func(key string) error) error {
	if err := s.open('{', "an object"); err != nil {
		return err
	}
	var seen keySet
	for first := true; ; first = false {
		if more, err := s.more(first, '}'); !more {
			return err
		}
		at := s.Offset()
		key, err := s.String()
		if err != nil {
			return err
		}
		if !seen.add(key, len(s.data)-s.pos) {
			if s.duplicate == nil {
				return ErrorAt(at, "duplicate key %q", key)
			}
			s.duplicate(key)
		}
		if !s.accept(':') {
			return s.unexpected("':'")
		}
		if err := member(key); err != nil {
			return err
		}
	}
}

// Array reads an array and calls element for each element, which element reads.
func (s *Scanner) Array(element func() error) error {
	if err := s.open('[', "an array"); err != nil {
		return err
	}
	for first := true; ; first = false {
		if more, err := s.more(first, ']'); !more {
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
}

// Bool reads true or false.
func (s *Scanner) Bool() (bool, error) {
	switch s.Peek(); {
	case s.literal("true"):
		return true, nil
	case s.literal("false"):
		return false, nil
	}
	return false, s.unexpected("true or false")
}

// Null reads null when it comes next and reports whether it did.
func (s *Scanner) Null() bool {
	s.Peek()
	return s.literal("null")
}

// Skip reads a value of any kind, as strictly as the other methods would.
func (s *Scanner) Skip() error {
	switch c := s.Peek(); {
	case c == '{':
		return s.Object(func(string) error { return s.Skip() })
	case c == '[':
		return s.Array(s.Skip)
	case c == '"':
		_, err := s.String()
		return err
	case s.literal("true"), s.literal("false"), s.literal("null"), s.nonFiniteToken():
		return nil
	case c == '-' || isDigit(c):
		return s.number()
	}
	return s.unexpected("a value")
}

// Raw reads a value of any kind and returns its text, which shares the memory
// of the data. [Scanner.Offset] before the call says where it starts.
func (s *Scanner) Raw() ([]byte, error) {
	start := s.Offset()
	if err := s.Skip(); err != nil {
		return nil, err
	}
	return s.data[start:s.pos:s.pos], nil
}

// End reports an error when anything but white space is left.
func (s *Scanner) End() error {
	if s.Peek(); s.pos < len(s.data) {
		return s.Errorf("data after the end of the value")
	}
	return nil
}

// Peek skips white space and returns the first byte of the next token, 0 at the
// end of the data.
func (s *Scanner) Peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// Offset skips white space and returns the offset of the next token, the length
// of the data at their end.
func (s *Scanner) Offset() int {
	s.Peek()
	return s.pos
}

func (s *Scanner) accept(c byte) bool {
	if s.Peek() != c {
		return false
	}
	s.pos++
	return true
}

// open reads the opening bracket c of what.
func (s *Scanner) open(c byte, what string) error {
	switch {
	case s.Peek() != c:
		return s.unexpected(what)
	case s.depth == maxDepth:
		return s.Errorf("nested more than %d deep", maxDepth)
	}
	s.pos++
	s.depth++
	return nil
}

// more reads the closing bracket end and reports false, or the comma that every
// element but the first needs.
func (s *Scanner) more(first bool, end byte) (bool, error) {
	switch {
	case s.accept(end):
		s.depth--
		return false, nil
	case first || s.accept(','):
		return true, nil
	}
	return false, s.unexpected(fmt.Sprintf("',' or '%c'", end))
}

// literal reads word if it is what comes next, without white space before it.
func (s *Scanner) literal(word string) bool {
	end := s.pos + len(word)
	if end > len(s.data) || string(s.data[s.pos:end]) != word {
		return false
	}
	s.pos = end
	return true
}

// at returns the byte at the position, 0 at the end. A 0 byte in the data means
// nothing in JSON, so the two need not be told apart.
func (s *Scanner) at() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}
