package kernel

import "unsafe"

// Float is the arithmetic of a kernel.
type Float interface{ float32 | float64 }

// Eps32 and Eps64 are the unit roundoffs of float32 and float64.
const (
	Eps32 = 0x1p-24
	Eps64 = 0x1p-53
)

// Eps returns the unit roundoff of T.
func Eps[T Float]() float64 {
	if Single[T]() {
		return Eps32
	}
	return Eps64
}

// Single reports whether T is float32.
func Single[T Float]() bool { return unsafe.Sizeof(T(0)) == 4 }

// RoundUp returns the least multiple of unit that is at least n.
func RoundUp(n, unit int) int { return (n + unit - 1) / unit * unit }
