package torchfile

import (
	"encoding/binary"
	"math"
)

// The values of the machine are nil, bool, int64, float64, string, tuple, *list,
// *dict, global, *storage and *Tensor.
type (
	tuple  []any
	list   struct{ items []any }
	dict   struct{ keys, values []any }
	global struct{ module, name string }
)

// Costs, in bytes, that the budget is charged with. They are near what the
// values take and never far below.
const (
	valueCost  = 32 // on the stack, boxed, and in the container it ends in
	memoCost   = 64
	tensorCost = 256 // a tensor or a storage
)

// machine runs a pickle.
type machine struct {
	text    []byte
	at      int
	stack   []any
	marks   []int // positions in the stack
	memo    map[uint32]any
	archive *archive
	budget  int64 // bytes of memory that may still be taken
}

// spend charges the budget.
func (m *machine) spend(n int) error {
	if m.budget -= int64(n); m.budget < 0 {
		return refused("byte %d: the pickle builds far more than the file's size warrants", m.at)
	}
	return nil
}

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return m.spend(valueCost)
}

// pushNew pushes an empty container.
func (m *machine) pushNew(v any) error {
	if err := m.spend(valueCost); err != nil {
		return err
	}
	return m.push(v)
}

// pop takes the top of the stack, down to the last mark.
func (m *machine) pop() (any, error) {
	floor := 0
	if n := len(m.marks); n > 0 {
		floor = m.marks[n-1]
	}
	if len(m.stack) <= floor {
		return nil, malformed("byte %d: the stack is empty", m.at)
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

// popMark takes everything above the last mark, and the mark. The result is
// valid until the next push.
func (m *machine) popMark() ([]any, error) {
	n := len(m.marks)
	if n == 0 {
		return nil, malformed("byte %d: no mark", m.at)
	}
	items := m.stack[m.marks[n-1]:]
	m.stack = m.stack[:m.marks[n-1]]
	m.marks = m.marks[:n-1]
	return items, nil
}

// top returns the top of the stack as a T.
func top[T any](m *machine, what string) (t T, err error) {
	v, err := m.pop()
	if err != nil {
		return t, err
	}
	t, ok := v.(T)
	if !ok {
		return t, malformed("byte %d: not %s but %T", m.at, what, v)
	}
	m.stack = append(m.stack, v)
	return t, nil
}

// next reads n bytes.
func (m *machine) next(n uint64) ([]byte, error) {
	if n > uint64(len(m.text)-m.at) {
		return nil, malformed("byte %d: %d bytes wanted, %d are left", m.at, n, len(m.text)-m.at)
	}
	b := m.text[m.at : m.at+int(n)]
	m.at += int(n)
	return b, nil
}

// number reads an integer of n bytes, not negative.
func (m *machine) number(n int) (uint64, error) {
	var wide [8]byte
	b, err := m.next(uint64(n))
	copy(wide[:], b)
	return binary.LittleEndian.Uint64(wide[:]), err
}

// text reads a string whose length takes n bytes.
func (m *machine) string(n int) (string, error) {
	length, err := m.number(n)
	if err != nil {
		return "", err
	}
	b, err := m.next(length)
	if err == nil {
		err = m.spend(len(b))
	}
	return string(b), err
}

// line reads up to a line feed.
func (m *machine) line() (string, error) {
	for i, c := range m.text[m.at:] {
		if c == '\n' {
			s := string(m.text[m.at : m.at+i])
			m.at += i + 1
			return s, m.spend(i)
		}
	}
	return "", malformed("byte %d: a line without end", m.at)
}

// run executes the pickle and returns what it left on the stack.
func (m *machine) run() (any, error) {
	m.memo = make(map[uint32]any)
	for {
		op, err := m.next(1)
		if err != nil {
			return nil, err
		}
		if op[0] == opStop {
			return m.pop()
		}
		if err := m.step(op[0]); err != nil {
			return nil, err
		}
	}
}

func (m *machine) step(op byte) error {
	switch op {
	case opProto:
		version, err := m.number(1)
		if err == nil && version > 5 {
			err = malformed("pickle protocol %d", version)
		}
		return err
	case opFrame:
		_, err := m.next(8)
		return err
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return m.spend(valueCost)
	case opPop:
		_, err := m.pop()
		return err
	case opPopMark:
		_, err := m.popMark()
		return err
	case opNone:
		return m.push(nil)
	case opNewTrue, opNewFalse:
		return m.push(op == opNewTrue)
	case opBinInt, opBinInt1, opBinInt2, opLong1, opBinFloat:
		return m.scalar(op)
	case opShortBinString, opShortBinBytes, opShortUnicode:
		return m.pushString(1)
	case opBinString, opBinUnicode, opBinBytes:
		return m.pushString(4)
	case opBinUnicode8:
		return m.pushString(8)
	case opEmptyDict:
		return m.pushNew(new(dict))
	case opEmptyList:
		return m.pushNew(new(list))
	case opEmptyTuple:
		return m.push(tuple(nil))
	case opTuple, opTuple1, opTuple2, opTuple3:
		return m.tuple(op)
	case opAppend, opAppends, opSetItem, opSetItems:
		return m.fill(op)
	case opBinGet, opLongBinGet, opBinPut, opLongBinPut, opMemoize:
		return m.remember(op)
	case opGlobal, opStackGlobal:
		return m.global(op)
	case opBinPersid:
		return m.persistent()
	case opReduce:
		return m.reduce()
	case opBuild:
		return m.build()
	}
	return refused("byte %d: pickle instruction %q, which tensors do not need", m.at-1, op)
}

func (m *machine) scalar(op byte) error {
	switch op {
	case opBinInt:
		n, err := m.number(4)
		if err != nil {
			return err
		}
		return m.push(int64(int32(n)))
	case opBinFloat: // the only big-endian one
		b, err := m.next(8)
		if err != nil {
			return err
		}
		return m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case opLong1:
		return m.long()
	}
	n, err := m.number(map[byte]int{opBinInt1: 1, opBinInt2: 2}[op])
	if err != nil {
		return err
	}
	return m.push(int64(n))
}

// long reads a two's complement integer of any length. Longer than eight bytes
// (the seed of a random generator) it is nothing a tensor needs, and becomes
// None.
func (m *machine) long() error {
	length, err := m.number(1)
	if err != nil {
		return err
	}
	b, err := m.next(length)
	if err != nil {
		return err
	}
	if len(b) > 8 {
		return m.push(nil)
	}
	var wide [8]byte
	copy(wide[:], b)
	v := int64(binary.LittleEndian.Uint64(wide[:]))
	if shift := 64 - 8*len(b); len(b) > 0 {
		v = v << shift >> shift
	}
	return m.push(v)
}

func (m *machine) pushString(lengthBytes int) error {
	s, err := m.string(lengthBytes)
	if err != nil {
		return err
	}
	return m.push(s)
}

func (m *machine) tuple(op byte) error {
	var items []any
	if op == opTuple {
		var err error
		if items, err = m.popMark(); err != nil {
			return err
		}
	} else {
		items = make([]any, 1+op-opTuple1)
		for i := len(items) - 1; i >= 0; i-- {
			var err error
			if items[i], err = m.pop(); err != nil {
				return err
			}
		}
	}
	return m.push(append(tuple(nil), items...))
}

// fill adds to a list or dictionary what is above it.
func (m *machine) fill(op byte) error {
	var items []any
	var err error
	if op == opAppends || op == opSetItems {
		items, err = m.popMark()
	} else {
		n := map[byte]int{opAppend: 1, opSetItem: 2}[op]
		if len(m.stack) < n {
			return malformed("byte %d: the stack is empty", m.at)
		}
		items = append(items, m.stack[len(m.stack)-n:]...)
		for range n {
			if _, err = m.pop(); err != nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	if op == opAppend || op == opAppends {
		l, err := top[*list](m, "a list")
		if err == nil {
			l.items = append(l.items, items...)
		}
		return err
	}
	d, err := top[*dict](m, "a dictionary")
	if err != nil {
		return err
	}
	return d.set(items)
}

// set adds pairs of key and value.
func (d *dict) set(pairs []any) error {
	if len(pairs)%2 != 0 {
		return malformed("a key without a value")
	}
	for i := 0; i < len(pairs); i += 2 {
		d.keys = append(d.keys, pairs[i])
		d.values = append(d.values, pairs[i+1])
	}
	return nil
}

// remember copies the top of the stack to the memo, or back.
func (m *machine) remember(op byte) error {
	n := uint64(len(m.memo))
	if op != opMemoize {
		var err error
		if n, err = m.number(map[byte]int{opBinGet: 1, opBinPut: 1, opLongBinGet: 4, opLongBinPut: 4}[op]); err != nil {
			return err
		}
	}
	if op == opBinGet || op == opLongBinGet {
		v, ok := m.memo[uint32(n)]
		if !ok {
			return malformed("byte %d: nothing is remembered as %d", m.at, n)
		}
		return m.push(v)
	}
	v, err := m.pop()
	if err != nil {
		return err
	}
	m.stack = append(m.stack, v)
	m.memo[uint32(n)] = v
	return m.spend(memoCost)
}
