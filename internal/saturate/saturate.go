// Package saturate counts what files announce: a sum or product that passes the range of
// int64 stays at its end instead of turning negative.
package saturate

import "math"

// Sum returns a + b.
func Sum(a, b int64) int64 {
	switch {
	case a > 0 && b > math.MaxInt64-a:
		return math.MaxInt64
	case a < 0 && b < math.MinInt64-a:
		return math.MinInt64
	}
	return a + b
}

// Product returns the product of the sizes, 1 of none, and 0 where one is not positive.
func Product(sizes ...int64) int64 {
	product := int64(1)
	for _, s := range sizes {
		switch {
		case s <= 0:
			return 0
		case product > math.MaxInt64/s:
			product = math.MaxInt64
		default:
			product *= s
		}
	}
	return product
}
