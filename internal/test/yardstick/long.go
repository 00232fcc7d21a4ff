package yardstick

import "math"

// longChunk is the number of columns that are held at a time.
const longChunk = 4096

// LongValues returns the singular values of a matrix with n rows of length m, few and
// long, descending, and bounds on their errors, from its Gram matrix in 106 bits. fill
// sets dst to the elements of row i from column p on.
func LongValues(n, m int, fill func(dst []float64, i, p int)) (values, errs []float64) {
	rows, g := make([][]float64, n), make([]vector, n)
	for i := range rows {
		rows[i], g[i] = make([]float64, longChunk), newVector(n)
	}
	for p := 0; p < m; p += longChunk {
		for i := range rows {
			rows[i] = rows[i][:min(longChunk, m-p)]
			fill(rows[i], i, p)
			for j := range i + 1 {
				g[i].set(j, g[i].at(j).add(plainDot(rows[i], rows[j])))
			}
		}
	}
	for i := range g {
		for j := range i {
			g[j].set(i, g[i].at(j))
		}
	}
	values, errs = orthogonalise(g), make([]float64, n)
	delta := values[0] * Eps * float64(longChunk+m/longChunk+64*n)
	for i, l := range values {
		s := math.Sqrt(l)
		values[i], errs[i] = s, math.Sqrt(delta)
		if l > delta {
			errs[i] = s - math.Sqrt(l-delta)
		}
		errs[i] += 0x1p-52 * s
	}
	return values, errs
}

// plainDot is dot for vectors without lower parts.
func plainDot(x, y []float64) double {
	var sum double
	y = y[:len(x)]
	for i, a := range x {
		b := y[i]
		p := a * b
		rest := math.FMA(a, b, -p)
		s := sum.hi + p
		t := s - sum.hi
		sum = double{s, sum.lo + (((sum.hi - (s - t)) + (p - t)) + rest)}
	}
	return fastTwoSum(sum.hi, sum.lo)
}
