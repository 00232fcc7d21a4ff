// Package yardstick knows singular values to more digits than the code under test: by
// one-sided Jacobi in some 106 bits ([SingularValues], [LongValues]) or in any number of
// bits ([Big]), or by construction ([Hadamard]).
package yardstick

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// SingularValues returns those of the row-major r×c matrix a, descending, off by less
// than [Error] times the largest.
//
// It is Hestenes' one-sided Jacobi method: columns are rotated until all are
// orthogonal; their norms are the singular values. A singular value decomposition in
// float64 leaves them nearly so, and one or two sweeps to do.
func SingularValues(a []float64, r, c int) []float64 {
	m, n := max(r, c), min(r, c)
	columns := make([]vector, n)
	for j := range columns {
		columns[j] = newVector(m)
		for i := range m {
			if r >= c {
				columns[j].hi[i] = a[i*c+j]
			} else {
				columns[j].hi[i] = a[j*c+i]
			}
		}
	}
	if n > 2 {
		columns = turned(columns)
	}
	return orthogonalise(columns)
}

// Error bounds the error of [SingularValues], of the largest of n values.
func Error(n int) float64 { return float64(64*n) * Eps }

// turned returns columns·V, with V the right singular vectors in float64, made
// orthogonal to the last digit here.
func turned(columns []vector) []vector {
	m, n := len(columns[0].hi), len(columns)
	dense := mat.NewDense(m, n, nil)
	for j, x := range columns {
		dense.SetCol(j, x.hi)
	}
	var svd mat.SVD
	if !svd.Factorize(dense, mat.SVDThin) {
		return columns
	}
	var v mat.Dense
	svd.VTo(&v)
	basis := make([]vector, n)
	for j := range basis {
		basis[j] = newVector(n)
		mat.Col(basis[j].hi, j, &v)
	}
	// Gram–Schmidt, twice: the basis was orthogonal to float64.
	for range 2 {
		for j, x := range basis {
			for _, y := range basis[:j] {
				f := x.dot(y).neg()
				for i := range n {
					x.set(i, x.at(i).add(f.mul(y.at(i))))
				}
			}
			f := double{1, 0}.div(x.dot(x).sqrt())
			for i := range n {
				x.set(i, x.at(i).mul(f))
			}
		}
	}
	rows := make([]vector, m)
	for i := range rows {
		rows[i] = newVector(n)
		for j, x := range columns {
			rows[i].set(j, x.at(i))
		}
	}
	out := make([]vector, n)
	for j := range out {
		out[j] = newVector(m)
		for i, row := range rows {
			out[j].set(i, row.dot(basis[j]))
		}
	}
	return out
}

const (
	// orthogonal is the cosine of columns that count as orthogonal: what is left moves no
	// value by more than that relatively.
	orthogonal = 0x1p-98
	// vanished is the norm, beside the largest, of a column that counts as zero.
	vanished  = 0x1p-100
	maxSweeps = 60
)

// orthogonalise rotates the columns until they are orthogonal and returns their norms,
// descending.
func orthogonalise(columns []vector) []float64 {
	n := len(columns)
	squares := make([]float64, n)
	for range maxSweeps {
		for j, x := range columns {
			squares[j] = x.dot(x).hi
		}
		order := make([]int, n)
		for j := range order {
			order[j] = j
		}
		slices.SortFunc(order, func(a, b int) int { // large first: fewer sweeps (de Rijk 1989)
			if squares[a] > squares[b] {
				return -1
			}
			return 1
		})
		floor := squares[order[0]] * vanished * vanished
		rotated := false
		for p := range n {
			for q := p + 1; q < n; q++ {
				i, j := order[p], order[q]
				if squares[j] > floor && rotatePair(columns[i], columns[j]) {
					rotated = true
				}
			}
		}
		if !rotated {
			break
		}
	}
	for j, x := range columns {
		squares[j] = x.dot(x).sqrt().hi
	}
	slices.Sort(squares)
	slices.Reverse(squares)
	return squares
}

// rotatePair makes x and y orthogonal; it reports whether they were not.
func rotatePair(x, y vector) bool {
	gamma := x.dot(y)
	alpha, beta := x.dot(x), y.dot(y)
	if math.Abs(gamma.hi) <= orthogonal*math.Sqrt(alpha.hi)*math.Sqrt(beta.hi) {
		return false
	}
	diff := beta.add(alpha.neg())
	zeta := diff.hi / (2 * gamma.hi)
	t := math.Copysign(1/(math.Abs(zeta)+math.Hypot(1, zeta)), zeta)
	// Any t will do that nearly annihilates; c and s must belong to one angle.
	c := double{1, 0}.div(twoSum(1, 0).add(twoProd(t, t)).sqrt())
	x.rotate(y, c, c.mul(double{t, 0}))
	return true
}
