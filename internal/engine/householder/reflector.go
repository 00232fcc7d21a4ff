package householder

import "github.com/gospectrum/spectrum/internal/engine/kernel"

// Vec is a vector as long as the band is wide.
type Vec[T kernel.Float] = [kernel.Band]T

// Reflector is the Householder reflector I − Tau·V·Vᵀ. V[0] is 1, and Tau stays in
// float64: rounding it would err in the same direction everywhere.
type Reflector[T kernel.Float] struct {
	V   Vec[T]
	Tau float64
}

// Eliminate sets r to the reflector that maps x to a multiple of the first
// unit vector, and x to that.
func (r *Reflector[T]) Eliminate(x *Vec[T]) {
	alpha := float64(x[0])
	x[0] = 0
	scale := tailScale[T](alpha, Dot(x, x))
	for i, v := range x {
		r.V[i] = T(float64(v) * scale)
	}
	vv, vx := 1+Dot(&r.V, &r.V), alpha+Dot(&r.V, x)
	r.V[0], r.Tau = 1, 0
	if scale != 0 {
		r.Tau = 2 / vv
	}
	*x = Vec[T]{T(alpha - r.Tau*vx)}
}

// Dot returns xᵀy, in four sums that do not wait for each other.
func Dot[T kernel.Float](x, y *Vec[T]) float64 {
	var a, b, c, d float64
	for i := 0; i < kernel.Band; i += 4 {
		a += float64(x[i]) * float64(y[i])
		b += float64(x[i+1]) * float64(y[i+1])
		c += float64(x[i+2]) * float64(y[i+2])
		d += float64(x[i+3]) * float64(y[i+3])
	}
	return (a + b) + (c + d)
}
