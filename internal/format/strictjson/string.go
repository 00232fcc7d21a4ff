package strictjson

import (
	"unicode/utf16"
	"unicode/utf8"
)

// String reads a string and resolves its escapes.
func (s *Scanner) String() (string, error) {
	if !s.accept('"') {
		return "", s.unexpected("a string")
	}
	start := s.pos
	var decoded []byte // what precedes start, once there was an escape
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			text := s.data[start:s.pos]
			s.pos++
			if decoded != nil {
				text = append(decoded, text...)
			}
			return s.text(text), nil
		case c == '\\':
			decoded = append(decoded, s.data[start:s.pos]...)
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			decoded = utf8.AppendRune(decoded, r)
			start = s.pos
		case c < ' ':
			return "", s.Errorf("control character %q in a string", c)
		default:
			s.pos++
		}
	}
	return "", s.unexpected("'\"'")
}

// text returns b as a string. A short one that was read not long ago is used again: the
// fields of small objects have the same names over and over.
func (s *Scanner) text(b []byte) string {
	if n := len(b); n > 0 && n < 16 {
		slot := &s.recent[(int(b[0])+int(b[n-1])+n)%len(s.recent)]
		if *slot != string(b) {
			*slot = string(b)
		}
		return *slot
	}
	return string(b)
}

// escape reads a backslash and what it escapes.
func (s *Scanner) escape() (rune, error) {
	start := s.pos
	s.pos++
	c := s.at()
	if c == 'u' {
		return s.unicodeEscape(start)
	}
	r := unescape(c)
	switch {
	case s.pos >= len(s.data):
		return 0, s.unexpected("the rest of an escape")
	case r == 0:
		char, _ := utf8.DecodeRune(s.data[s.pos:])
		return 0, s.Errorf("invalid escape %q in a string", char)
	}
	s.pos++
	return r, nil
}

// unescape returns what c stands for after a backslash, 0 if nothing.
func unescape(c byte) rune {
	switch c {
	case '"', '\\', '/':
		return rune(c)
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return 0
}

// unicodeEscape reads "u" and four digits, and the second such escape that a
// surrogate needs. The first backslash is at start.
func (s *Scanner) unicodeEscape(start int) (rune, error) {
	s.pos++
	r, err := s.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if s.literal(`\u`) {
		low, err := s.hex4()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, ErrorAt(start, "unpaired surrogate in a string")
}

// hex4 reads four hexadecimal digits.
func (s *Scanner) hex4() (rune, error) {
	var v rune
	for range 4 {
		switch c := s.at(); {
		case isDigit(c):
			v = v<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			v = v<<4 | rune(c|0x20-'a'+10)
		case s.pos >= len(s.data):
			return 0, s.unexpected("four hexadecimal digits")
		default:
			char, _ := utf8.DecodeRune(s.data[s.pos:])
			return 0, s.Errorf("invalid \\u escape: %q is not a hexadecimal digit", char)
		}
		s.pos++
	}
	return v, nil
}
