package safetensors

import (
	"fmt"
	"math"
	"math/bits"
)

// Bits returns the width of one element of a type that the format defines, in
// bits, and 0 for any other name. Types narrower than a byte are packed.
func Bits(dtype string) int {
	switch dtype {
	case "F4":
		return 4
	case "F6_E2M3", "F6_E3M2":
		return 6
	case "BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0":
		return 8
	case "I16", "U16", "F16", "BF16":
		return 16
	case "I32", "U32", "F32":
		return 32
	case "I64", "U64", "F64", "C64":
		return 64
	}
	return 0
}

// Elements returns the product of the dimensions, 1 for a scalar. It reports
// false when the product of some leading dimensions overflows, as the reference
// implementation does, also when a later one is 0.
func Elements(shape []int64) (n int64, ok bool) {
	n = 1
	for _, d := range shape {
		if n, ok = mul(n, d); !ok {
			return 0, false
		}
	}
	return n, true
}

// checkSize holds the length in bytes against shape and type.
func (l *Layout) checkSize() error {
	n, ok := Elements(l.Shape)
	if !ok {
		return fmt.Errorf("shape: number of elements overflows")
	}
	width := Bits(l.DType)
	if width == 0 {
		return nil
	}
	want, ok := mul(n, int64(width))
	switch {
	case !ok:
		return fmt.Errorf("shape: size overflows")
	case want%8 != 0:
		return fmt.Errorf("shape: %d elements of %s do not fill whole bytes", n, l.DType)
	case want/8 != l.Size:
		return fmt.Errorf("data_offsets: %d bytes, %d elements of %s take %d", l.Size, n, l.DType, want/8)
	}
	return nil
}

// mul multiplies two numbers that are not negative; ok is false on overflow.
func mul(a, b int64) (product int64, ok bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if a < 0 || b < 0 || hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	return int64(lo), true
}
