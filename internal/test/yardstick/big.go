package yardstick

import (
	"math/big"
	"slices"
)

// Big returns the singular values of the r×c matrix with the elements at, by one-sided
// Jacobi in arithmetic of prec bits, rounded to float64, descending. It is for small
// matrices: a number takes a tenth of a microsecond and more.
func Big(r, c int, prec uint, at func(i, j int) *big.Float) []float64 {
	m, n := max(r, c), min(r, c)
	b := bigField{prec}
	columns := make([][]*big.Float, n)
	for j := range columns {
		columns[j] = make([]*big.Float, m)
		for i := range columns[j] {
			if r >= c {
				columns[j][i] = b.new().Set(at(i, j))
			} else {
				columns[j][i] = b.new().Set(at(j, i))
			}
		}
	}
	floor := b.new() // the square of a norm that counts as zero
	for _, x := range columns {
		floor.Add(floor, b.dot(x, x))
	}
	floor.SetMantExp(floor, 40-2*int(prec))
	for rotated := true; rotated; {
		rotated = false
		for p := range n {
			for q := p + 1; q < n; q++ {
				if b.rotatePair(columns[p], columns[q], floor) {
					rotated = true
				}
			}
		}
	}
	values := make([]float64, n)
	for j, x := range columns {
		values[j], _ = b.new().Sqrt(b.dot(x, x)).Float64()
	}
	slices.Sort(values)
	slices.Reverse(values)
	return values
}

// bigField makes numbers of prec bits.
type bigField struct{ prec uint }

func (b bigField) new() *big.Float { return new(big.Float).SetPrec(b.prec) }

func (b bigField) dot(x, y []*big.Float) *big.Float {
	sum, p := b.new(), b.new()
	for i := range x {
		sum.Add(sum, p.Mul(x[i], y[i]))
	}
	return sum
}

// rotatePair makes x and y orthogonal; it reports whether they were not to all but the
// last 20 bits. One whose square is below floor is left alone.
func (b bigField) rotatePair(x, y []*big.Float, floor *big.Float) bool {
	alpha, beta, gamma := b.dot(x, x), b.dot(y, y), b.dot(x, y)
	if alpha.Cmp(floor) <= 0 || beta.Cmp(floor) <= 0 {
		return false
	}
	limit := b.new().Mul(alpha, beta)
	limit.Sqrt(limit)
	limit.SetMantExp(limit, 20-int(b.prec))
	if gamma.Sign() == 0 || new(big.Float).Abs(gamma).Cmp(limit) <= 0 {
		return false
	}
	one := b.new().SetInt64(1)
	// ζ = (β−α)/2γ, t = sign(ζ)/(|ζ|+√(1+ζ²)), c = 1/√(1+t²), s = c·t
	zeta := b.new().Sub(beta, alpha)
	zeta.Quo(zeta, b.new().Add(gamma, gamma))
	t := b.new().Mul(zeta, zeta)
	t.Sqrt(t.Add(t, one))
	t.Add(t, b.new().Abs(zeta))
	t.Quo(one, t)
	if zeta.Sign() < 0 {
		t.Neg(t)
	}
	c := b.new().Mul(t, t)
	c.Sqrt(c.Add(c, one))
	c.Quo(one, c)
	s := b.new().Mul(c, t)
	for i := range x {
		u, v := b.new().Mul(c, x[i]), b.new().Mul(s, x[i])
		u.Sub(u, b.new().Mul(s, y[i]))
		v.Add(v, b.new().Mul(c, y[i]))
		x[i], y[i] = u, v
	}
	return true
}
