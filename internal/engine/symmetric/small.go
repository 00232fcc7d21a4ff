package symmetric

import (
	"github.com/gospectrum/spectrum/internal/engine/householder"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// smallWork holds the Band×Band matrices of one panel that the two-sided update
// needs, in float64 where it costs nothing.
type smallWork[T kernel.Float] struct {
	z, y []float64 // Band×Band
	m    householder.Square[T]
	mul  *householder.Multiplier
}

func newSmallWork[T kernel.Float](k *kernel.Kernel[T]) smallWork[T] {
	square := func() []float64 { return make([]float64, kernel.Band*kernel.Band) }
	return smallWork[T]{z: square(), y: square(), m: householder.NewSquare[T](k.NR), mul: householder.NewMultiplier(k.Name)}
}

// correction sums the shares of Vᵀ·X and sets m to −½·Tᵀ·(Vᵀ·X)·T; tri is T.
func (s *smallWork[T]) correction(shares [][]T, tri []float64) {
	clear(s.z)
	for _, share := range shares {
		for i, v := range share {
			s.z[i] += float64(v)
		}
	}
	s.mul.Product(s.z, kernel.Band, 1, tri, s.y) // y = z·T
	s.mul.Product(tri, 1, kernel.Band, s.y, s.z) // z = Tᵀ·y
	s.m.Set(s.z, -0.5)
}
