// Package yardstick knows singular values to more digits than the code under test: by
// one-sided Jacobi in some 106 bits ([SingularValues], [LongValues]) or in any number of
// bits ([Big]), or by construction ([Hadamard]).
package yardstick

import (
	"cmp"
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
func Error(n int) float64 { return float64(256*n) * Eps }

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
	straighten(&v, basis)
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

// straighten makes the columns of v, which are in basis too, orthogonal by a Newton–Schulz
// step: V + V·(I − VᵀV)/2. What is added is so small that float64 will do.
func straighten(v *mat.Dense, basis []vector) {
	n := len(basis)
	rest := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range i + 1 {
			d := basis[i].dot(basis[j]).neg()
			if i == j {
				d = double{1, 0}.add(d)
			}
			rest.Set(i, j, d.hi/2)
			rest.Set(j, i, d.hi/2)
		}
	}
	var change mat.Dense
	change.Mul(v, rest)
	for j, x := range basis {
		for i := range n {
			x.set(i, fastTwoSum(x.hi[i], change.At(i, j)))
		}
	}
}

const (
	// precise is what a value may be off by, of the largest, because its column is not quite
	// orthogonal to another.
	precise = 0x1p-100
	// vanished is the norm, beside the largest, of a column that counts as zero.
	vanished  = 0x1p-100
	maxSweeps = 60
)

// orthogonalise rotates the columns until they are orthogonal and returns their norms,
// descending.
func orthogonalise(columns []vector) []float64 {
	n := len(columns)
	squares := make([]double, n)
	for j, x := range columns {
		squares[j] = x.dot(x)
	}
	for range maxSweeps {
		order := make([]int, n)
		for j := range order {
			order[j] = j
		}
		slices.SortFunc(order, func(a, b int) int { // large first: fewer sweeps (de Rijk 1989)
			return cmp.Compare(squares[b].hi, squares[a].hi)
		})
		largest := squares[order[0]].hi
		rotated := false
		for p := range n {
			for q := p + 1; q < n; q++ {
				i, j := order[p], order[q]
				if squares[j].hi > largest*vanished*vanished && rotatePair(columns, squares, i, j, largest) {
					rotated = true
				}
			}
		}
		if !rotated {
			break
		}
	}
	values := make([]float64, n)
	for j, x := range squares {
		values[j] = x.sqrt().hi
	}
	slices.Sort(values)
	slices.Reverse(values)
	return values
}

// rotatePair makes columns i and j orthogonal; it reports whether they were not. Where
// their norms differ, what is left of their product γ moves the squares α and β of the
// norms by γ²/|α−β| only.
func rotatePair(columns []vector, squares []double, i, j int, largest float64) bool {
	x, y := columns[i], columns[j]
	gamma, alpha, beta := x.dot(y), squares[i], squares[j]
	small := math.Sqrt(min(alpha.hi, beta.hi))
	move := math.Abs(gamma.hi) // of a square, at most
	if gap := math.Abs(alpha.hi - beta.hi); gap > move {
		move *= move / gap
	}
	if move <= precise*small*math.Sqrt(largest) {
		return false
	}
	diff := beta.add(alpha.neg())
	zeta := diff.hi / (2 * gamma.hi)
	t := math.Copysign(1/(math.Abs(zeta)+math.Hypot(1, zeta)), zeta)
	// Any t will do that nearly annihilates; c and s must belong to one angle.
	c := double{1, 0}.div(twoSum(1, 0).add(twoProd(t, t)).sqrt())
	x.rotate(y, c, c.mul(double{t, 0}))
	squares[i], squares[j] = x.dot(x), y.dot(y)
	return true
}
