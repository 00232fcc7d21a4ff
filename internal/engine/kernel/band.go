package kernel

import "fmt"

// bandKernels work on Band×Band windows of a band matrix and on vectors of Band
// elements. The columns of a window are ld apart, SymStride for the last two.
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

// Mul sets y to H·x for a window H of a band matrix, its columns ld apart; x and
// y have Band elements.
func (k *Kernel[T]) Mul(h []T, ld int, x, y *[Band]T) {
	k.band.mul(window(h, ld), ld, &x[0], &y[0])
}

// MulT sets y to Hᵀ·x.
func (k *Kernel[T]) MulT(h []T, ld int, x, y *[Band]T) {
	k.band.mulT(window(h, ld), ld, &x[0], &y[0])
}

// Rank2 subtracts x·aᵀ + y·bᵀ from H.
func (k *Kernel[T]) Rank2(h []T, ld int, x, a, y, b *[Band]T) {
	k.band.rank2(window(h, ld), ld, &x[0], &a[0], &y[0], &b[0])
}

// SymMul sets y to D·x for a window D on the diagonal of a symmetric band matrix,
// its columns SymStride apart.
func (k *Kernel[T]) SymMul(d []T, x, y *[Band]T) { k.band.symMul(window(d, SymStride), &x[0], &y[0]) }

// SymRank2 subtracts x·yᵀ + y·xᵀ from D.
func (k *Kernel[T]) SymRank2(d []T, x, y *[Band]T) {
	k.band.symRank2(window(d, SymStride), &x[0], &y[0])
}

func window[T Float](h []T, ld int) *T {
	if ld < Band || len(h) < (Band-1)*ld+Band {
		panic(shortWindow{len(h), ld})
	}
	return &h[0]
}

// shortWindow is what band kernels panic with. A value, unlike a text with numbers, lets
// the compiler inline window.
type shortWindow struct{ elements, ld int }

func (w shortWindow) Error() string {
	return fmt.Sprintf("kernel: %d elements do not hold a window of a band matrix with columns %d apart", w.elements, w.ld)
}
