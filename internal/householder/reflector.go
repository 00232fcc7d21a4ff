package householder

import "github.com/gospectrum/spectrum/internal/kernel"

// Vec is a vector as long as the band is wide.
type Vec[T kernel.Float] = [Band]T

// Reflector is the Householder reflector I − Tau·V·Vᵀ. V[0] is 1, and Tau stays in
// float64: rounding it would err in the same direction everywhere.
type Reflector[T kernel.Float] struct {
	V   Vec[T]
	Tau float64
}

// Eliminate sets r to the reflector that maps x to a multiple of the first
// unit vector, and x to that.
func (r *Reflector[T]) Eliminate(x *Vec[T]) {
	var norm2 float64
	for _, v := range x[1:] {
		norm2 += float64(v) * float64(v)
	}
	alpha := float64(x[0])
	scale := tailScale(alpha, norm2)
	vv, vx := 1.0, alpha
	for i, v := range x[1:] {
		u := T(float64(v) * scale)
		r.V[i+1] = u
		vv += float64(u) * float64(u)
		vx += float64(u) * float64(v)
	}
	r.V[0], r.Tau = 1, 0
	if scale != 0 {
		r.Tau = 2 / vv
	}
	clear(x[1:])
	x[0] = T(alpha - r.Tau*vx)
}

// Dot returns xᵀ·y, summed in float64.
func Dot[T kernel.Float](x, y *Vec[T]) float64 {
	var s float64
	for i, v := range x {
		s += float64(v) * float64(y[i])
	}
	return s
}
