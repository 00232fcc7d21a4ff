package householder

import "github.com/gospectrum/spectrum/internal/engine/kernel"

// Sweep is the reflector that a sweep is about to apply, with scratch.
type Sweep[T kernel.Float] struct {
	Reflector[T]
	// What kernels are given must not live in a stack frame, which would be
	// allocated anew for each window.
	z, d, old, head Vec[T]
}

// Columns applies r from the right to the window h of a band matrix, columns ld
// apart, and then, from the left, the reflector that eliminates its first column,
// which r becomes.
//
// Both make one update of rank two: with z = τ·H·v, u and τ' the new reflector and
// d = τ'·(Hᵀ·u − (uᵀ·z)·v), H ← H − z·vᵀ − u·dᵀ.
func (r *Sweep[T]) Columns(k *kernel.Kernel[T], h []T, ld int) {
	k.Mul(h, ld, &r.V, &r.z)
	r.old = r.V
	first := (*Vec[T])(h)
	r.head = *first
	for i, z := range r.z {
		r.z[i] = T(r.Tau * float64(z))
		r.head[i] -= r.z[i] // v[0] is 1
	}
	r.Eliminate(&r.head)
	k.MulT(h, ld, &r.V, &r.d)
	r.scale()
	k.Rank2(h, ld, &r.z, &r.old, &r.V, &r.d)
	*first = r.head
}

// Rows is Columns for the transpose of h: it applies r from the left, and then
// the reflector that eliminates the first row from the right.
func (r *Sweep[T]) Rows(k *kernel.Kernel[T], h []T, ld int) {
	k.MulT(h, ld, &r.V, &r.z)
	r.old = r.V
	for i, z := range r.z {
		r.z[i] = T(r.Tau * float64(z))
		r.head[i] = h[i*ld] - r.z[i]
	}
	r.Eliminate(&r.head)
	k.Mul(h, ld, &r.V, &r.d)
	r.scale()
	k.Rank2(h, ld, &r.old, &r.z, &r.d, &r.V)
	for i, v := range r.head {
		h[i*ld] = v
	}
}

// scale turns d = Hᵀ·u into τ'·(Hᵀ·u − (uᵀ·z)·v), v the old reflector.
func (r *Sweep[T]) scale() {
	uz := Dot(&r.V, &r.z)
	for i, x := range r.d {
		r.d[i] = T(r.Tau * (float64(x) - uz*float64(r.old[i])))
	}
}
