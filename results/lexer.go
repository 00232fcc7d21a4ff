package results

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// lexer walks a JSON text, keeping the order of keys, as encoding/json does
// not. It is strict (valid UTF-8, no duplicate keys) except that Infinity,
// -Infinity and NaN are numbers, as they are to Python.
type lexer struct {
	data  []byte
	pos   int
	depth int
	seen  []keySet // of the open objects, by depth
}

// maxDepth bounds the nesting, and with it the stack; our own files need 5.
const maxDepth = 100

// syntaxError is an error at a byte offset of the text.
type syntaxError struct {
	offset int
	msg    string
}

func (e *syntaxError) Error() string { return e.msg }

func (lx *lexer) errorAt(offset int, format string, args ...any) error {
	return &syntaxError{offset, fmt.Sprintf(format, args...)}
}

// unexpected reports what is at the current position in place of want.
func (lx *lexer) unexpected(want string) error {
	if lx.pos >= len(lx.data) {
		return lx.errorAt(len(lx.data), "the file ends where %s belongs", want)
	}
	r, _ := utf8.DecodeRune(lx.data[lx.pos:])
	return lx.errorAt(lx.pos, "%q where %s belongs", r, want)
}

// peek skips white space and returns the next byte, 0 at the end.
func (lx *lexer) peek() byte {
	for lx.pos < len(lx.data) {
		switch c := lx.data[lx.pos]; c {
		case ' ', '\t', '\r', '\n':
			lx.pos++
		default:
			return c
		}
	}
	return 0
}

// accept consumes c if it comes next.
func (lx *lexer) accept(c byte) bool {
	if lx.peek() != c {
		return false
	}
	lx.pos++
	return true
}

func (lx *lexer) expect(c byte) error {
	if !lx.accept(c) {
		return lx.unexpected(strconv.QuoteRune(rune(c)))
	}
	return nil
}

func (lx *lexer) push() error {
	if lx.depth == maxDepth {
		return lx.errorAt(lx.pos, "nested more than %d deep", maxDepth)
	}
	lx.depth++
	return nil
}

// object calls member for every key, in order, at the key's value, which it
// must consume.
func (lx *lexer) object(member func(key string) error) error {
	if err := lx.expect('{'); err != nil {
		return err
	}
	if err := lx.push(); err != nil {
		return err
	}
	for len(lx.seen) < lx.depth { // arrays count too, and use none
		lx.seen = append(lx.seen, keySet{})
	}
	lx.seen[lx.depth-1].reset()
	for first := true; !lx.accept('}'); first = false {
		if err := lx.separator(first, '}'); err != nil {
			return err
		}
		lx.peek()
		at := lx.pos
		key, err := lx.str()
		if err != nil {
			return err
		}
		if !lx.seen[lx.depth-1].add(key) {
			return lx.errorAt(at, "duplicate key %q", key)
		}
		if err := lx.expect(':'); err != nil {
			return err
		}
		if err := member(key); err != nil {
			return err
		}
	}
	lx.depth--
	return nil
}

// array calls element at every element, which it must consume.
func (lx *lexer) array(element func() error) error {
	if err := lx.expect('['); err != nil {
		return err
	}
	if err := lx.push(); err != nil {
		return err
	}
	for first := true; !lx.accept(']'); first = false {
		if err := lx.separator(first, ']'); err != nil {
			return err
		}
		if err := element(); err != nil {
			return err
		}
	}
	lx.depth--
	return nil
}

// separator consumes the comma before every member but the first.
func (lx *lexer) separator(first bool, end byte) error {
	if first {
		return nil
	}
	if !lx.accept(',') {
		return lx.unexpected(fmt.Sprintf("',' or '%c'", end))
	}
	return nil
}

// skip consumes one value of any kind.
func (lx *lexer) skip() error {
	switch c := lx.peek(); {
	case c == '{':
		return lx.object(func(string) error { return lx.skip() })
	case c == '[':
		return lx.array(lx.skip)
	case c == '"':
		_, err := lx.str()
		return err
	case isNumberStart(c):
		_, err := lx.numberToken()
		return err
	}
	for _, word := range []string{"true", "false", "null"} {
		if lx.word(word) {
			return nil
		}
	}
	return lx.unexpected("a value")
}

// word consumes w if it comes next.
func (lx *lexer) word(w string) bool {
	if !bytes.HasPrefix(lx.data[lx.pos:], []byte(w)) {
		return false
	}
	lx.pos += len(w)
	return true
}

// raw consumes one value and returns its text and where it starts.
func (lx *lexer) raw() (text []byte, at int, err error) {
	lx.peek()
	at = lx.pos
	if err := lx.skip(); err != nil {
		return nil, at, err
	}
	return lx.data[at:lx.pos], at, nil
}

// end reports whether only white space is left.
func (lx *lexer) end() error {
	lx.peek()
	if lx.pos < len(lx.data) {
		return lx.unexpected("the end of the file")
	}
	return nil
}

func isNumberStart(c byte) bool {
	return c == '-' || c == 'I' || c == 'N' || isDigit(c)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number consumes a number. One beyond the range of a float64 is infinite, as
// it is to Python.
func (lx *lexer) number() (float64, error) {
	lx.peek()
	token, err := lx.numberToken()
	if err != nil {
		return 0, err
	}
	switch string(token) {
	case "NaN":
		return math.NaN(), nil
	case posInf:
		return math.Inf(1), nil
	case negInf:
		return math.Inf(-1), nil
	}
	// The only error left is ErrRange, and then f is ±Inf.
	f, _ := strconv.ParseFloat(string(token), 64)
	return f, nil
}

// numberToken consumes a JSON number, Infinity, -Infinity or NaN.
func (lx *lexer) numberToken() ([]byte, error) {
	start := lx.pos
	if lx.word(posInf) || lx.word(negInf) || lx.word("NaN") {
		return lx.data[start:lx.pos], nil
	}
	lx.word("-")
	if !lx.word("0") && lx.digits() == 0 {
		return nil, lx.unexpected("a number")
	}
	if lx.word(".") && lx.digits() == 0 {
		return nil, lx.unexpected("a digit")
	}
	if lx.word("e") || lx.word("E") {
		if !lx.word("+") {
			lx.word("-")
		}
		if lx.digits() == 0 {
			return nil, lx.unexpected("a digit")
		}
	}
	return lx.data[start:lx.pos], nil
}

// digits consumes decimal digits and returns how many.
func (lx *lexer) digits() int {
	start := lx.pos
	for lx.pos < len(lx.data) && isDigit(lx.data[lx.pos]) {
		lx.pos++
	}
	return lx.pos - start
}
