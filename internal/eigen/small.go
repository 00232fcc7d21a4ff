package eigen

import (
	"github.com/gospectrum/spectrum/internal/householder"
	"github.com/gospectrum/spectrum/internal/kernel"
)

// smallWork holds the Band×Band matrices of one panel that the two-sided update
// needs, in float64 where it costs nothing.
type smallWork[T kernel.Float] struct {
	z, y []float64 // Band×Band
	m    householder.Square[T]
}

func newSmallWork[T kernel.Float](nr int) smallWork[T] {
	square := func() []float64 { return make([]float64, Band*Band) }
	return smallWork[T]{z: square(), y: square(), m: householder.NewSquare[T](nr)}
}

// correction sums the shares of Vᵀ·X and sets m to −½·Tᵀ·(Vᵀ·X)·T; tri is T.
func (s *smallWork[T]) correction(shares [][]T, tri []float64) {
	clear(s.z)
	for _, share := range shares {
		for i, v := range share {
			s.z[i] += float64(v)
		}
	}
	for i := range Band { // y = z·T
		clear(s.y[i*Band : (i+1)*Band])
		for l := range Band {
			x, row := s.z[i*Band+l], tri[l*Band:(l+1)*Band]
			for j := l; j < Band; j++ {
				s.y[i*Band+j] += x * row[j]
			}
		}
	}
	clear(s.z) // z = Tᵀ·y
	for l := range Band {
		row := s.y[l*Band : (l+1)*Band]
		for i := l; i < Band; i++ {
			x, out := tri[l*Band+i], s.z[i*Band:(i+1)*Band]
			for j, v := range row {
				out[j] += x * v
			}
		}
	}
	s.m.Set(s.z, -0.5)
}
