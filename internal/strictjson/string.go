package strictjson

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// String reads a string and resolves its escapes.
func (s *Scanner) String() (string, error) {
	if !s.accept('"') {
		return "", s.unexpected("a string")
	}
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return string(s.data[start : s.pos-1]), nil
		case c == '\\':
			return s.escaped(append([]byte(nil), s.data[start:s.pos]...))
		case c < ' ':
			return "", s.Errorf("control character %q in a string", c)
		}
		s.pos++
	}
	return "", s.unexpected("'\"'")
}

// escaped reads the rest of a string from its first backslash on.
func (s *Scanner) escaped(out []byte) (string, error) {
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		s.pos++
		switch {
		case c == '"':
			return string(out), nil
		case c < ' ':
			return "", s.Errorf("control character %q in a string", c)
		case c != '\\':
			out = append(out, c)
			continue
		}
		r, err := s.escape()
		if err != nil {
			return "", err
		}
		out = utf8.AppendRune(out, r)
	}
	return "", s.unexpected("'\"'")
}

// escape reads what follows a backslash.
func (s *Scanner) escape() (rune, error) {
	c := s.at()
	s.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return s.unicodeEscape()
	}
	return 0, s.Errorf("invalid escape in a string")
}

func (s *Scanner) unicodeEscape() (rune, error) {
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
	return 0, s.Errorf("unpaired surrogate in a string")
}

func (s *Scanner) hex4() (rune, error) {
	if len(s.data)-s.pos < 4 {
		return 0, s.Errorf("%w, want four hexadecimal digits", errEnd)
	}
	digits := s.data[s.pos : s.pos+4]
	for _, c := range digits {
		if !isDigit(c) && (c|0x20 < 'a' || 'f' < c|0x20) {
			return 0, s.Errorf("invalid \\u escape %q", digits)
		}
	}
	v, err := strconv.ParseUint(string(digits), 16, 16)
	s.pos += 4
	return rune(v), err
}

// keySet holds the keys of one object. Most objects have a handful, and those
// must not cost a map each: a file can hold millions of small objects.
type keySet struct {
	few  [8]string
	n    int
	many map[string]struct{}
}

// add reports whether key is new.
func (k *keySet) add(key string) bool {
	if k.many == nil {
		for _, old := range k.few[:k.n] {
			if old == key {
				return false
			}
		}
		if k.n < len(k.few) {
			k.few[k.n] = key
			k.n++
			return true
		}
		k.many = make(map[string]struct{}, 2*len(k.few))
		for _, old := range k.few {
			k.many[old] = struct{}{}
		}
	}
	if _, dup := k.many[key]; dup {
		return false
	}
	k.many[key] = struct{}{}
	return true
}
