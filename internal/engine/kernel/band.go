package kernel

import (
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/hugepage"
)

// Band is the number of subdiagonals, or superdiagonals, of a [BandMatrix], and
// the order of the windows that the band kernels work on.
const Band = 48

const (
	// symStride makes room in a column for the diagonal, Band elements below it,
	// Band−1 of a bulge, and a gap as wide as the widest vector register, so that
	// a store which starts above the diagonal hits nothing.
	symStride = 2*Band + 16
	// upperStride makes room for 2·Band−1 elements above the diagonal, bulge
	// included, the diagonal, and Band−1 of the bulge below it.
	upperStride = 3 * Band
)

// BandMatrix is a square band matrix with room for the bulges of its reduction
// to two diagonals: the lower half of a symmetric one, or an upper triangular
// one. Element (i, j) is at j·Stride + i, counted from the first, so every window
// is a dense column-major matrix with that leading dimension.
type BandMatrix[T Float] struct {
	N      int
	Stride int
	first  int // index of element (0, 0)
	data   []T
}

// NewSymBand returns a zero symmetric matrix of order n, of which the lower half
// is stored. It is padded with zeros, so that windows may start in any row.
func NewSymBand[T Float](n int) *BandMatrix[T] {
	// Band elements stand before, for the stores above the diagonal.
	return &BandMatrix[T]{N: n, Stride: symStride, first: Band, data: hugepage.Make[T](SymBandLen(n))}
}

// Clone returns a copy of b.
func (b *BandMatrix[T]) Clone() *BandMatrix[T] {
	c := *b
	c.data = slices.Clone(b.data)
	return &c
}

// SymBandLen returns the number of elements [NewSymBand] allocates.
func SymBandLen(n int) int { return (n+2*Band)*symStride + n + 4*Band }

// NewUpperBand returns a zero upper triangular matrix of order n, padded with
// zeros, so that windows on the diagonal and beside it may start in any row.
func NewUpperBand[T Float](n int) *BandMatrix[T] {
	return &BandMatrix[T]{N: n, Stride: upperStride, first: 2 * Band, data: hugepage.Make[T](UpperBandLen(n))}
}

// UpperBandLen returns the number of elements [NewUpperBand] allocates.
func UpperBandLen(n int) int { return (n+2*Band)*upperStride + n + 4*Band }

// At returns element (i, j).
func (b *BandMatrix[T]) At(i, j int) T { return b.data[j*b.Stride+i+b.first] }

// Set sets element (i, j).
func (b *BandMatrix[T]) Set(i, j int, v T) { b.data[j*b.Stride+i+b.first] = v }

// Window returns the Band×Band window whose first element is (i, j).
func (b *BandMatrix[T]) Window(i, j int) []T {
	at := j*b.Stride + i + b.first
	return b.data[at : at+(Band-1)*b.Stride+Band]
}

// bandKernels work on Band×Band windows of a BandMatrix and on vectors of Band
// elements. The columns of a window are ld apart, symStride for the last two.
//
//	mul       y = H·x
//	mulT      y = Hᵀ·x
//	rank2     H −= x·aᵀ + y·bᵀ
//	symMul    y = D·x, D symmetric, its lower half stored
//	symRank2  D −= x·yᵀ + y·xᵀ, lower half; up to one vector register above the
//	          diagonal may be overwritten in each column
type bandKernels[T Float] struct {
	mul, mulT        func(h *T, ld int, x, y *T)
	rank2            func(h *T, ld int, x, a, y, b *T)
	symMul, symRank2 func(d, x, y *T)
}

type vector[T Float] = [Band]T

// column returns column c of the window at h.
func column[T Float](h []T, ld, c int) *vector[T] { return (*vector[T])(h[c*ld:]) }
