package results

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// str consumes a string.
func (lx *lexer) str() (string, error) {
	if lx.peek() != '"' {
		return "", lx.unexpected("a string")
	}
	lx.pos++
	start := lx.pos
	var decoded []byte // what came before start, once there was an escape
	for lx.pos < len(lx.data) {
		switch c := lx.data[lx.pos]; {
		case c == '"':
			s := string(append(decoded, lx.data[start:lx.pos]...))
			lx.pos++
			return s, nil
		case c == '\\':
			decoded = append(decoded, lx.data[start:lx.pos]...)
			r, err := lx.escape()
			if err != nil {
				return "", err
			}
			decoded = utf8.AppendRune(decoded, r)
			start = lx.pos
		case c < ' ':
			return "", lx.errorAt(lx.pos, "control character %q in a string", c)
		default:
			r, n := utf8.DecodeRune(lx.data[lx.pos:])
			if r == utf8.RuneError && n == 1 {
				return "", lx.errorAt(lx.pos, "byte %#x is not UTF-8", c)
			}
			lx.pos += n
		}
	}
	return "", lx.unexpected(`the end of a string, '"',`)
}

// escape consumes a backslash and what it escapes.
func (lx *lexer) escape() (rune, error) {
	at := lx.pos
	lx.pos++
	if lx.pos == len(lx.data) {
		return 0, lx.unexpected("the rest of an escape")
	}
	c := lx.data[lx.pos]
	if c != 'u' {
		i := bytes.IndexByte([]byte(`"\/bfnrt`), c)
		if i < 0 {
			return 0, lx.unexpected("an escape")
		}
		lx.pos++
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	r, err := lx.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if bytes.HasPrefix(lx.data[lx.pos:], []byte(`\u`)) {
		lx.pos++
		low, err := lx.hex4()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, nil
		}
	}
	return 0, lx.errorAt(at, "half a surrogate pair, which is no character")
}

// hex4 consumes "u" and four hexadecimal digits.
func (lx *lexer) hex4() (rune, error) {
	lx.pos++
	var r rune
	for range 4 {
		if lx.pos == len(lx.data) {
			return 0, lx.unexpected("a hexadecimal digit")
		}
		switch c := lx.data[lx.pos]; {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, lx.unexpected("a hexadecimal digit")
		}
		lx.pos++
	}
	return r, nil
}
