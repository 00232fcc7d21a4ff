package torchfile

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
)

// number reads an integer of n bytes, not negative.
func (m *machine) number(n int) (uint64, error) {
	var wide [8]byte
	b, err := m.next(n)
	copy(wide[:], b)
	return binary.LittleEndian.Uint64(wide[:]), err
}

// decimal reads the number of a line.
func (m *machine) decimal() (int64, error) {
	s, err := m.line()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(s, "L"), 10, 64)
	if err != nil {
		return 0, m.malformed("the number %q", s)
	}
	return n, nil
}

// scalar pushes a number.
func (m *machine) scalar(op byte) error {
	switch op {
	case opBinFloat: // the only big-endian one
		b, err := m.next(8)
		if err != nil {
			return err
		}
		return m.pushNew(math.Float64frombits(binary.BigEndian.Uint64(b)), boxCost)
	case opLong1, opLong4:
		return m.long(op)
	case opInt, opLong:
		return m.lineInteger()
	case opFloat:
		s, err := m.line()
		if err != nil {
			return err
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil && f == 0 {
			return m.malformed("the number %q", s)
		}
		return m.pushNew(f, boxCost)
	}
	n, err := m.number(map[byte]int{opBinInt: 4, opBinInt1: 1, opBinInt2: 2}[op])
	if err != nil {
		return err
	}
	if op == opBinInt {
		return m.pushNew(int64(int32(n)), boxCost)
	}
	return m.pushNew(int64(n), boxCost)
}

// lineInteger pushes an integer that is written in digits: 01 and 00 are truth
// values, and one of more digits than an int64 has is nothing that a tensor needs.
func (m *machine) lineInteger() error {
	s, err := m.line()
	if err != nil {
		return err
	}
	if s == "00" || s == "01" {
		return m.push(s == "01")
	}
	n, err := strconv.ParseInt(strings.TrimSuffix(s, "L"), 10, 64)
	switch {
	case err == nil:
		return m.pushNew(n, boxCost)
	case n == math.MaxInt64 || n == math.MinInt64: // out of range
		return m.pushNew(elided(len(s)), boxCost)
	}
	return m.malformed("the number %q", s)
}

// long pushes a two's complement integer of any length.
func (m *machine) long(op byte) error {
	length, err := m.number(map[byte]int{opLong1: 1, opLong4: 4}[op])
	if err != nil {
		return err
	}
	if length > maxText {
		if err := m.skip(length); err != nil {
			return err
		}
		return m.pushNew(elided(length), boxCost)
	}
	b, err := m.next(int(length))
	if err != nil {
		return err
	}
	if len(b) > 8 {
		return m.pushNew(big(b), textCost+len(b))
	}
	var wide [8]byte
	copy(wide[:], b)
	v := int64(binary.LittleEndian.Uint64(wide[:]))
	if shift := 64 - 8*len(b); len(b) > 0 {
		v = v << shift >> shift
	}
	return m.pushNew(v, boxCost)
}

// text pushes a string or bytes. Longer ones than any name are stepped over.
func (m *machine) text(op byte) error {
	var length int
	switch op {
	case opString, opUnicode:
		return m.lineText(op)
	case opShortBinString, opShortBinBytes, opShortUnicode:
		length = 1
	case opBinString, opBinUnicode, opBinBytes:
		length = 4
	default:
		length = 8
	}
	n, err := m.number(length)
	if err != nil {
		return err
	}
	if n > maxText {
		if err := m.skip(n); err != nil {
			return err
		}
		return m.pushNew(elided(min(n, math.MaxInt64)), boxCost)
	}
	b, err := m.next(int(n))
	if err != nil {
		return err
	}
	return m.pushNew(string(b), textCost+len(b))
}

// lineText pushes the string of protocol 0, which is in quotes if it is not
// Unicode. Escapes are refused: torch.save cannot write this protocol.
func (m *machine) lineText(op byte) error {
	s, err := m.line()
	if err != nil {
		return err
	}
	if op == opString {
		if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
			return m.malformed("a string without its quotes")
		}
		s = s[1 : len(s)-1]
	}
	if strings.Contains(s, `\`) {
		return refused("byte %d: a string with escapes, of a protocol that torch.save does not write", m.position())
	}
	return m.pushNew(s, textCost+len(s))
}

func (m *machine) dict(op byte) error {
	d := new(dict)
	if op == opDict {
		items, err := m.popMark()
		if err == nil {
			err = m.set(d, items)
		}
		if err != nil {
			return err
		}
	}
	return m.pushNew(d, dictCost)
}

// list pushes a list or a set.
func (m *machine) list(op byte) error {
	l := new(list)
	if op == opList || op == opFrozenSet {
		items, err := m.popMark()
		if err == nil {
			err = m.append(l, items)
		}
		if err != nil {
			return err
		}
	}
	return m.pushNew(l, listCost)
}

func (m *machine) tuple(op byte) error {
	var items []any
	switch op {
	case opEmptyTuple:
	case opTuple:
		var err error
		if items, err = m.popMark(); err != nil {
			return err
		}
	default:
		items = make([]any, 1+op-opTuple1)
		for i := range slices.Backward(items) {
			var err error
			if items[i], err = m.pop(); err != nil {
				return err
			}
		}
	}
	return m.pushNew(append(tuple(nil), items...), listCost+itemCost/2*len(items))
}

// fill adds to a list or dictionary what is above it.
func (m *machine) fill(op byte) error {
	var items []any
	var err error
	switch op {
	case opAppend:
		items = m.pair[:1]
		items[0], err = m.pop()
	case opSetItem:
		items = m.pair[:]
		items[0], items[1], err = m.popTwo()
	default:
		items, err = m.popMark()
	}
	if err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	if op == opSetItem || op == opSetItems {
		if d := pairs(v); d != nil {
			return m.set(d, items)
		}
		return m.malformed("not a dictionary but %s", describe(v))
	}
	switch v := v.(type) {
	case *list:
		return m.append(v, items)
	case *object:
		return m.append(&v.list, items)
	}
	return m.malformed("not a list but %s", describe(v))
}

func (m *machine) append(l *list, items []any) error {
	if err := m.spend(itemCost * len(items)); err != nil {
		return err
	}
	l.items = append(doubled(l.items, len(items)), items...)
	return nil
}

// doubled returns s with room for n more. It at least doubles what was not empty, so
// that all that is left behind takes no more than what is there.
func doubled(s []any, n int) []any {
	if n > cap(s)-len(s) && len(s) > 0 {
		return slices.Grow(s, max(n, len(s)))
	}
	return s
}

// set adds pairs of key and value.
func (m *machine) set(d *dict, items []any) error {
	if len(items)%2 != 0 {
		return m.malformed("a key without a value")
	}
	var keys, values list
	keys.items, values.items = d.keys, d.values
	for i := 0; i < len(items); i += 2 {
		if err := m.append(&keys, items[i:i+1]); err != nil {
			return err
		}
		if err := m.append(&values, items[i+1:i+2]); err != nil {
			return err
		}
	}
	d.keys, d.values = keys.items, values.items
	return nil
}
