package yardstick

import (
	"math"
	"math/bits"
	"slices"
)

// Hadamard returns element (i, j) of Sylvester's matrix of signs, whose leading block of
// order 2ᵏ has orthogonal rows.
func Hadamard(i, j int) float64 {
	if bits.OnesCount(uint(i&j))%2 == 1 {
		return -1
	}
	return 1
}

// HadamardSquares returns the squares of the singular values of the leading n×n block
// of [Hadamard], descending: powers of two.
//
// With N = 2ᵏ the least power that is at least n, the trailing block of order N−n is the
// leading one with signs on its rows and columns. By the CS decomposition of the orthogonal
// matrix H/√N, complementary blocks share their singular values but for those that are √N.
func HadamardSquares(n int) []float64 {
	if n == 0 {
		return nil
	}
	order := 1 << bits.Len(uint(n-1))
	all := HadamardSquares(order - n)
	for range 2*n - order {
		all = append(all, float64(order))
	}
	slices.Sort(all)
	slices.Reverse(all)
	return all
}

// HadamardValues returns the singular values of x times that block.
func HadamardValues(n int, x float64) []float64 {
	s := HadamardSquares(n)
	for i, v := range s {
		s[i] = math.Abs(x) * math.Sqrt(v)
	}
	return s
}
