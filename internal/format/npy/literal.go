package npy

import (
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of a literal; records of records take a few levels.
const maxDepth = 32

// sequence is a tuple or a list.
type sequence []any

// literal reads Python literals: strings, whole numbers, True, False and None, and
// tuples and lists of them.
type literal struct {
	text string
	pos  int
}

// dict reads a dictionary that is all of the text; member reads the value of a key.
func (p *literal) dict(member func(key string) error) error {
	if !p.accept('{') {
		return p.unexpected()
	}
	for !p.accept('}') {
		key, err := p.str()
		if err != nil {
			return err
		}
		if !p.accept(':') {
			return p.unexpected()
		}
		if err := member(key); err != nil {
			return err
		}
		if !p.accept(',') && p.peek() != '}' {
			return p.unexpected()
		}
	}
	if p.peek() != 0 {
		return p.unexpected()
	}
	return nil
}

// value reads a value of any kind.
func (p *literal) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, malformed("header: nested more than %d deep", maxDepth)
	}
	switch c := p.peek(); {
	case c == '(' || c == '[':
		return p.items(depth)
	case c == '\'' || c == '"':
		return p.str()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	}
	for word, v := range map[string]any{"True": true, "False": false, "None": nil} {
		if strings.HasPrefix(p.text[p.pos:], word) {
			p.pos += len(word)
			return v, nil
		}
	}
	return nil, p.unexpected()
}

// items reads a tuple or a list. Parentheses around one value without a comma are
// no tuple in Python, and nothing that NumPy writes.
func (p *literal) items(depth int) (sequence, error) {
	end := byte(')')
	if p.text[p.pos] == '[' {
		end = ']'
	}
	p.pos++
	list := sequence{}
	comma := true
	for !p.accept(end) {
		if !comma {
			return nil, p.unexpected()
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		comma = p.accept(',')
	}
	if end == ')' && len(list) == 1 && !comma {
		return nil, malformed("header: a number in parentheses is no tuple")
	}
	return list, nil
}

// str reads a string. What NumPy writes has no escapes but in names of fields, which
// mean nothing here, so a backslash only guards what follows it.
func (p *literal) str() (string, error) {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		return "", p.unexpected()
	}
	for i := p.pos + 1; i < len(p.text); i++ {
		switch p.text[i] {
		case '\\':
			i++
		case quote:
			s := p.text[p.pos+1 : i]
			p.pos = i + 1
			return s, nil
		}
	}
	return "", malformed("header: a string without end")
}

// number reads a whole number; Python 2 wrote an L behind long ones.
func (p *literal) number() (int64, error) {
	end := p.pos + 1
	for end < len(p.text) && '0' <= p.text[end] && p.text[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(p.text[p.pos:end], 10, 64)
	if err != nil {
		return 0, malformed("header: number %q", p.text[p.pos:end])
	}
	p.pos = end
	if p.pos < len(p.text) && p.text[p.pos] == 'L' {
		p.pos++
	}
	return n, nil
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *literal) peek() byte {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n\f", p.text[p.pos]) >= 0 {
		p.pos++
	}
	if p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *literal) accept(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.pos++
	return true
}

func (p *literal) unexpected() error {
	if p.peek() == 0 {
		return malformed("header: it ends too early")
	}
	return malformed("header: unexpected %q at %d", p.text[p.pos], p.pos)
}
