// Package strictjson reads JSON from files that nobody vouches for. Where
// encoding/json repairs or guesses, it refuses: duplicate keys, invalid UTF-8,
// unpaired surrogates and deep nesting are errors. The caller walks the value
// with callbacks, so nothing is built that the caller did not ask for.
package strictjson

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// maxDepth bounds the recursion of [Scanner.Skip]. Files of models nest three
// or four levels deep.
const maxDepth = 200

// Scanner reads one JSON text from the start to the end.
type Scanner struct {
	data      []byte
	pos       int
	depth     int
	nonFinite bool
}

// New returns a scanner over data. The error says where data is not UTF-8.
func New(data []byte) (*Scanner, error) {
	if utf8.Valid(data) {
		return &Scanner{data: data}, nil
	}
	at := 0
	for {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			return nil, fmt.Errorf("byte %d is not valid UTF-8", at)
		}
		at += n
	}
}

// AllowNonFinite accepts NaN, Infinity and -Infinity as numbers. They are not
// JSON, but Python writes them.
func (s *Scanner) AllowNonFinite() { s.nonFinite = true }

// Errorf returns an error that starts with the current position.
func (s *Scanner) Errorf(format string, args ...any) error {
	return fmt.Errorf("byte %d: "+format, append([]any{s.pos}, args...)...)
}

// Object reads an object and calls member for each key in turn; member reads
// the value. A key that occurs twice is an error.
func (s *Scanner) Object(member func(key string) error) error {
	if err := s.open('{', "an object"); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	if s.accept('}') {
		return nil
	}
	var seen keySet
	for {
		key, err := s.String()
		if err != nil {
			return err
		}
		if !seen.add(key) {
			return s.Errorf("duplicate key %q", key)
		}
		if !s.accept(':') {
			return s.unexpected("':'")
		}
		if err := member(key); err != nil {
			return err
		}
		if s.accept('}') {
			return nil
		}
		if !s.accept(',') {
			return s.unexpected("',' or '}'")
		}
	}
}

// Array reads an array and calls element for each element, which element reads.
func (s *Scanner) Array(element func() error) error {
	if err := s.open('[', "an array"); err != nil {
		return err
	}
	defer func() { s.depth-- }()
	if s.accept(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if s.accept(']') {
			return nil
		}
		if !s.accept(',') {
			return s.unexpected("',' or ']'")
		}
	}
}

// Natural reads an integer that is not negative, written with digits only:
// 1.0 and 1e3 are errors. So is a value above the largest int64.
func (s *Scanner) Natural() (int64, error) {
	if c := s.Peek(); c == '-' {
		return 0, s.Errorf("negative number")
	} else if !isDigit(c) {
		return 0, s.unexpected("an integer")
	}
	start := s.pos
	if err := s.number(); err != nil {
		return 0, err
	}
	var v int64
	for _, c := range s.data[start:s.pos] {
		if !isDigit(c) {
			return 0, s.Errorf("%.40q is not an integer", s.data[start:s.pos])
		}
		d := int64(c - '0')
		if v > (math.MaxInt64-d)/10 {
			return 0, s.Errorf("%.40q is too large", s.data[start:s.pos])
		}
		v = v*10 + d
	}
	return v, nil
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
	case s.literal("true"), s.literal("false"), s.literal("null"):
		return nil
	case s.nonFinite && (s.literal("NaN") || s.literal("Infinity") || s.literal("-Infinity")):
		return nil
	case c == '-' || isDigit(c):
		return s.number()
	}
	return s.unexpected("a value")
}

// Rest returns what follows the value read, white space included.
func (s *Scanner) Rest() []byte { return s.data[s.pos:] }

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

func (s *Scanner) accept(c byte) bool {
	if s.Peek() != c {
		return false
	}
	s.pos++
	return true
}

func (s *Scanner) open(c byte, what string) error {
	if !s.accept(c) {
		return s.unexpected(what)
	}
	if s.depth++; s.depth > maxDepth {
		return s.Errorf("nested more than %d deep", maxDepth)
	}
	return nil
}

func (s *Scanner) literal(word string) bool {
	end := s.pos + len(word)
	if end > len(s.data) || string(s.data[s.pos:end]) != word {
		return false
	}
	s.pos = end
	return true
}

// number reads a number by JSON's grammar, without evaluating it.
func (s *Scanner) number() error {
	if s.at() == '-' {
		s.pos++
	}
	if s.at() == '0' {
		s.pos++
	} else if s.digits() == 0 {
		return s.unexpected("a digit")
	}
	if s.at() == '.' {
		s.pos++
		if s.digits() == 0 {
			return s.unexpected("a digit")
		}
	}
	if c := s.at(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.at(); c == '+' || c == '-' {
			s.pos++
		}
		if s.digits() == 0 {
			return s.unexpected("a digit")
		}
	}
	return nil
}

func (s *Scanner) digits() (n int) {
	for isDigit(s.at()) {
		s.pos++
		n++
	}
	return n
}

// at returns the byte at the position, 0 at the end. A 0 byte in the data means
// nothing in JSON, so the two need not be told apart.
func (s *Scanner) at() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

var errEnd = errors.New("unexpected end of the data")

func (s *Scanner) unexpected(want string) error {
	if s.Peek(); s.pos >= len(s.data) {
		return s.Errorf("%w, want %s", errEnd, want)
	}
	r, _ := utf8.DecodeRune(s.data[s.pos:])
	return s.Errorf("unexpected %q, want %s", r, want)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
