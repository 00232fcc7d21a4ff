package block

import (
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/hugepage"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// upperStride makes room in a column for 2·Band−1 elements above the diagonal, bulge
// included, the diagonal, and Band−1 of the bulge below it.
const upperStride = 3 * kernel.Band

// BandMatrix is a square band matrix with room for the bulges of its reduction
// to two diagonals: the lower half of a symmetric one, or an upper triangular
// one. Element (i, j) is at j·Stride + i, counted from the first, so every window
// is a dense column-major matrix with that leading dimension.
type BandMatrix[T kernel.Float] struct {
	N      int
	Stride int
	first  int // index of element (0, 0)
	data   []T
}

// NewSymBand returns a zero symmetric matrix of order n, of which the lower half
// is stored. It is padded with zeros, so that windows may start in any row.
func NewSymBand[T kernel.Float](n int) *BandMatrix[T] {
	// Band elements stand before, for the stores above the diagonal.
	return &BandMatrix[T]{N: n, Stride: kernel.SymStride, first: kernel.Band, data: hugepage.Make[T](SymBandLen(n))}
}

// SymBandLen returns the number of elements [NewSymBand] allocates.
func SymBandLen(n int) int { return bandLen(n, kernel.SymStride) }

// NewUpperBand returns a zero upper triangular matrix of order n, padded with
// zeros, so that windows on the diagonal and beside it may start in any row.
func NewUpperBand[T kernel.Float](n int) *BandMatrix[T] {
	return &BandMatrix[T]{N: n, Stride: upperStride, first: 2 * kernel.Band, data: hugepage.Make[T](UpperBandLen(n))}
}

// UpperBandLen returns the number of elements [NewUpperBand] allocates.
func UpperBandLen(n int) int { return bandLen(n, upperStride) }

// bandLen leaves room for windows that start in the last row or column.
func bandLen(n, stride int) int { return (n+2*kernel.Band)*stride + n + 4*kernel.Band }

// Clone returns a copy of b.
func (b *BandMatrix[T]) Clone() *BandMatrix[T] {
	c := *b
	c.data = slices.Clone(b.data)
	return &c
}

// At returns element (i, j).
func (b *BandMatrix[T]) At(i, j int) T { return b.data[j*b.Stride+i+b.first] }

// Set sets element (i, j).
func (b *BandMatrix[T]) Set(i, j int, v T) { b.data[j*b.Stride+i+b.first] = v }

// Window returns the Band×Band window whose first element is (i, j).
func (b *BandMatrix[T]) Window(i, j int) []T {
	at := j*b.Stride + i + b.first
	return b.data[at : at+(kernel.Band-1)*b.Stride+kernel.Band]
}
