package gguf

import (
	"fmt"
	"math"
	"math/bits"
)

// Type is how the elements of a tensor are stored, by ggml's number.
type Type uint32

// The types this package knows by name.
const (
	F32   Type = 0
	F16   Type = 1
	Q4_0  Type = 2
	Q4_1  Type = 3
	Q5_0  Type = 6
	Q5_1  Type = 7
	Q8_0  Type = 8
	Q2K   Type = 10
	Q3K   Type = 11
	Q4K   Type = 12
	Q5K   Type = 13
	Q6K   Type = 14
	F64   Type = 28
	BF16  Type = 30
	MXFP4 Type = 39
)

// layout is the name of a type, and how many elements a block has and bytes it
// takes.
type layout struct {
	name            string
	elements, bytes int64
}

// layout returns the zero layout for a type that is not known.
func (t Type) layout() layout {
	switch t {
	case F32:
		return layout{"F32", 1, 4}
	case F16:
		return layout{"F16", 1, 2}
	case F64:
		return layout{"F64", 1, 8}
	case BF16:
		return layout{"BF16", 1, 2}
	case Q4_0:
		return layout{"Q4_0", 32, 18}
	case Q4_1:
		return layout{"Q4_1", 32, 20}
	case Q5_0:
		return layout{"Q5_0", 32, 22}
	case Q5_1:
		return layout{"Q5_1", 32, 24}
	case Q8_0:
		return layout{"Q8_0", 32, 34}
	case Q2K:
		return layout{"Q2_K", 256, 84}
	case Q3K:
		return layout{"Q3_K", 256, 110}
	case Q4K:
		return layout{"Q4_K", 256, 144}
	case Q5K:
		return layout{"Q5_K", 256, 176}
	case Q6K:
		return layout{"Q6_K", 256, 210}
	case MXFP4:
		return layout{"MXFP4", 32, 17}
	}
	return t.other()
}

// other returns the layout of the types that are only recognised. Where the numbers
// of ggml and of its forks have meant different things, no size is given: the name
// is ggml's, and the length of such a tensor is not checked.
func (t Type) other() layout {
	switch t {
	case 9:
		return layout{"Q8_1", 32, 36}
	case 15:
		return layout{"Q8_K", 256, 292}
	case 16:
		return layout{"IQ2_XXS", 256, 66}
	case 17:
		return layout{"IQ2_XS", 256, 74}
	case 18:
		return layout{"IQ3_XXS", 256, 98}
	case 19:
		return layout{"IQ1_S", 256, 50}
	case 20:
		return layout{"IQ4_NL", 32, 18}
	case 21:
		return layout{"IQ3_S", 256, 110}
	case 22:
		return layout{"IQ2_S", 256, 82}
	case 23:
		return layout{"IQ4_XS", 256, 136}
	case 24:
		return layout{"I8", 1, 1}
	case 25:
		return layout{"I16", 1, 2}
	case 26:
		return layout{"I32", 1, 4}
	case 27:
		return layout{"I64", 1, 8}
	case 29:
		return layout{"IQ1_M", 256, 56}
	case 34:
		return layout{"TQ1_0", 256, 54}
	case 35:
		return layout{"TQ2_0", 256, 66}
	case 40:
		return layout{name: "NVFP4"}
	case 41:
		return layout{name: "Q1_0"}
	case 42:
		return layout{name: "Q2_0"}
	}
	return t.removed()
}

// removed names the types that ggml has had and given up, which old files may have.
func (t Type) removed() layout {
	switch t {
	case 4:
		return layout{name: "Q4_2"}
	case 5:
		return layout{name: "Q4_3"}
	case 31:
		return layout{name: "Q4_0_4_4"}
	case 32:
		return layout{name: "Q4_0_4_8"}
	case 33:
		return layout{name: "Q4_0_8_8"}
	case 36:
		return layout{name: "IQ4_NL_4_4"}
	case 37:
		return layout{name: "IQ4_NL_4_8"}
	case 38:
		return layout{name: "IQ4_NL_8_8"}
	}
	return layout{}
}

// String returns ggml's name of the type, or its number.
func (t Type) String() string {
	if l := t.layout(); l.name != "" {
		return l.name
	}
	return fmt.Sprintf("ggml type %d", uint32(t))
}

// Quantised reports whether [Type.Dequantise] reads the type.
func (t Type) Quantised() bool { return t.block() != nil }

// size returns the length in bytes of a tensor; 0 for a type whose length nothing says.
func (t Type) size(shape []int64) (int64, error) {
	n := uint64(1)
	for _, d := range shape {
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, malformed("shape: number of elements overflows")
		}
		n = lo
	}
	l := t.layout()
	if l.elements == 0 {
		return 0, nil
	}
	row := int64(1)
	if len(shape) > 0 {
		row = shape[len(shape)-1]
	}
	if row%l.elements != 0 {
		return 0, malformed("shape: rows of %d elements, blocks of %s have %d", row, l.name, l.elements)
	}
	hi, lo := bits.Mul64(n/uint64(l.elements), uint64(l.bytes))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, malformed("shape: size overflows")
	}
	return int64(lo), nil
}
