package kernel

import "slices"

// Band is the number of subdiagonals of a [BandMatrix], and the order of the
// windows that the band kernels work on.
const Band = 48

// bandStride is the distance between neighbours in a row of the band: element
// (i, j) is at j·bandStride + i, so every window is a dense column-major matrix
// with that leading dimension. A column holds the diagonal, Band elements
// below it, Band−1 of a bulge, and a gap as wide as the widest vector register,
// so that a store which starts above the diagonal hits nothing.
const bandStride = 2*Band + 16

// BandMatrix is the lower half of a symmetric band matrix with room for the
// bulges of the reduction to tridiagonal form.
type BandMatrix[T Float] struct {
	N    int
	data []T
}

// NewBandMatrix returns a zero matrix of order n. It is padded with zeros, so
// that windows may start in any row.
func NewBandMatrix[T Float](n int) *BandMatrix[T] {
	return &BandMatrix[T]{N: n, data: make([]T, BandLen(n))}
}

// Clone returns a copy of b.
func (b *BandMatrix[T]) Clone() *BandMatrix[T] {
	return &BandMatrix[T]{N: b.N, data: slices.Clone(b.data)}
}

// BandLen returns the number of elements stored for a matrix of order n.
func BandLen(n int) int { return (n+2*Band)*bandStride + n + 4*Band }

// At returns element (i, j) of the lower half.
func (b *BandMatrix[T]) At(i, j int) T { return b.data[j*bandStride+i+Band] }

// Set sets element (i, j) of the lower half.
func (b *BandMatrix[T]) Set(i, j int, v T) { b.data[j*bandStride+i+Band] = v }

// Window returns the Band×Band window whose first element is (i, j).
func (b *BandMatrix[T]) Window(i, j int) []T {
	at := j*bandStride + i + Band // Band elements stand before, for the stores above the diagonal
	return b.data[at : at+(Band-1)*bandStride+Band]
}

// bandKernels work on Band×Band windows of a BandMatrix and on vectors of Band
// elements.
//
//	mul       y = H·x
//	mulT      y = Hᵀ·x
//	rank2     H −= x·aᵀ + y·bᵀ
//	symMul    y = D·x, D symmetric, its lower half stored
//	symRank2  D −= x·yᵀ + y·xᵀ, lower half; up to one vector register above the
//	          diagonal may be overwritten in each column
type bandKernels[T Float] struct {
	mul, mulT, symMul func(h, x, y *T)
	rank2             func(h, x, a, y, b *T)
	symRank2          func(d, x, y *T)
}

type vector[T Float] = [Band]T

// column returns column c of the window at h.
func column[T Float](h []T, c int) *vector[T] { return (*vector[T])(h[c*bandStride:]) }
