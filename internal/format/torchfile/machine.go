package torchfile

import (
	"fmt"
	"math"
)

// machine runs a pickle: it builds values and calls nothing.
type machine struct {
	*window
	*budget
	storages storages
	stack    []any
	pair     [2]any // what an instruction adds to a list or dictionary
	high     int    // the most that was on the stack
	marks    []int  // positions in the stack
	memo     map[uint32]any
	globals  map[global]any // those asked for, by what the pickle calls them
}

// storages finds the storages that a pickle refers to.
type storages interface {
	// open returns the storage of this key, with n elements.
	open(key, dtype string, n int64) (*storage, error)
}

// run executes the pickle and returns what it left on the stack.
func (m *machine) run() (any, error) {
	m.memo = make(map[uint32]any)
	m.globals = make(map[global]any)
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

// position is the offset in the pickle, for messages.
func (m *machine) position() int64 { return m.at - m.start }

func (m *machine) malformed(format string, args ...any) error {
	return malformed("byte %d: %w", m.position(), fmt.Errorf(format, args...))
}

func (m *machine) push(v any) error {
	m.stack = append(doubled(m.stack, 1), v)
	if len(m.stack) <= m.high {
		return nil
	}
	m.high = len(m.stack)
	return m.spend(slotCost)
}

// pushNew pushes a value that takes memory of its own.
func (m *machine) pushNew(v any, cost int) error {
	if err := m.spend(cost); err != nil {
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
		return nil, m.malformed("the stack is empty")
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	return v, nil
}

// popTwo takes the top of the stack and what is below it.
func (m *machine) popTwo() (below, top any, err error) {
	if top, err = m.pop(); err == nil {
		below, err = m.pop()
	}
	return below, top, err
}

// popMark takes everything above the last mark, and the mark. The result is
// valid until the next push.
func (m *machine) popMark() ([]any, error) {
	n := len(m.marks)
	if n == 0 {
		return nil, m.malformed("no mark")
	}
	items := m.stack[m.marks[n-1]:]
	m.stack = m.stack[:m.marks[n-1]]
	m.marks = m.marks[:n-1]
	return items, nil
}

// top returns the top of the stack and leaves it there.
func (m *machine) top() (any, error) {
	v, err := m.pop()
	if err == nil {
		m.stack = append(m.stack, v)
	}
	return v, err
}

func (m *machine) step(op byte) error {
	switch op {
	case opProto, opFrame:
		return m.header(op)
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return m.spend(markCost)
	case opPop:
		return m.drop()
	case opPopMark:
		_, err := m.popMark()
		return err
	case opDup:
		v, err := m.top()
		if err != nil {
			return err
		}
		return m.push(v)
	case opNone:
		return m.push(nil)
	case opNewTrue, opNewFalse:
		return m.push(op == opNewTrue)
	case opBinInt, opBinInt1, opBinInt2, opLong1, opLong4, opBinFloat, opInt, opLong, opFloat:
		return m.scalar(op)
	case opShortBinString, opShortBinBytes, opShortUnicode, opBinString, opBinUnicode, opBinBytes,
		opBinUnicode8, opBinBytes8, opByteArray8, opString, opUnicode:
		return m.text(op)
	case opEmptyDict, opDict:
		return m.dict(op)
	case opEmptyList, opEmptySet, opList, opFrozenSet:
		return m.list(op)
	case opEmptyTuple, opTuple, opTuple1, opTuple2, opTuple3:
		return m.tuple(op)
	case opAppend, opAppends, opAddItems, opSetItem, opSetItems:
		return m.fill(op)
	case opGet, opBinGet, opLongBinGet:
		return m.recall(op)
	case opPut, opBinPut, opLongBinPut, opMemoize:
		return m.remember(op)
	case opGlobal, opStackGlobal:
		return m.global(op)
	case opBinPersid:
		return m.persistent()
	case opReduce, opNewObj, opNewObjEx, opInst, opObj:
		return m.construct(op)
	case opBuild:
		return m.build()
	}
	return refused("byte %d: pickle instruction %q, which PyTorch does not read", m.position()-1, op)
}

func (m *machine) header(op byte) error {
	if op == opFrame {
		return m.skip(8)
	}
	version, err := m.number(1)
	if err == nil && version > 5 {
		err = m.malformed("pickle protocol %d", version)
	}
	return err
}

// drop takes the top of the stack, which may be a mark.
func (m *machine) drop() error {
	if n := len(m.marks); n > 0 && m.marks[n-1] == len(m.stack) {
		m.marks = m.marks[:n-1]
		return nil
	}
	_, err := m.pop()
	return err
}

// index reads the number of a place in the memo.
func (m *machine) index(op byte) (uint32, error) {
	switch op {
	case opGet, opPut:
		n, err := m.decimal()
		if err == nil && (n < 0 || n > math.MaxUint32) {
			err = m.malformed("place %d of the memo", n)
		}
		return uint32(n), err
	case opMemoize:
		return uint32(len(m.memo)), nil
	case opBinGet, opBinPut:
		n, err := m.number(1)
		return uint32(n), err
	}
	n, err := m.number(4)
	return uint32(n), err
}

// recall pushes a value from the memo.
func (m *machine) recall(op byte) error {
	n, err := m.index(op)
	if err != nil {
		return err
	}
	v, ok := m.memo[n]
	if !ok {
		return m.malformed("nothing is remembered as %d", n)
	}
	return m.push(v)
}

// remember copies the top of the stack to the memo.
func (m *machine) remember(op byte) error {
	n, err := m.index(op)
	if err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	m.memo[n] = v
	return m.spend(memoCost)
}
