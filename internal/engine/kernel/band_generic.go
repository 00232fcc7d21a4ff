package kernel

import "unsafe"

// windowSlice is the memory of the window at h.
func windowSlice[T Float](h *T, ld int) []T { return unsafe.Slice(h, (Band-1)*ld+Band) }

type vector[T Float] = [Band]T

// column returns column c of the window at h.
func column[T Float](h []T, ld, c int) *vector[T] { return (*vector[T])(h[c*ld:]) }

func asVector[T Float](x *T) *vector[T] { return (*vector[T])(unsafe.Pointer(x)) }

func genericBand[T Float]() bandKernels[T] {
	return bandKernels[T]{
		mul: mulGeneric[T], mulT: mulTGeneric[T], rank2: rank2Generic[T],
		symMul: symMulGeneric[T], symRank2: symRank2Generic[T],
	}
}

func mulGeneric[T Float](h *T, ld int, x, y *T) {
	hs, xs, ys := windowSlice(h, ld), asVector(x), asVector(y)
	*ys = vector[T]{}
	for c := 0; c < Band; c += 2 {
		a, b, x0, x1 := column(hs, ld, c), column(hs, ld, c+1), xs[c], xs[c+1]
		for i := range ys {
			ys[i] += a[i]*x0 + b[i]*x1
		}
	}
}

func mulTGeneric[T Float](h *T, ld int, x, y *T) {
	hs, xs, ys := windowSlice(h, ld), asVector(x), asVector(y)
	for c := 0; c < Band; c += 2 {
		a, b := column(hs, ld, c), column(hs, ld, c+1)
		var s, t T
		for i, v := range xs {
			s += a[i] * v
			t += b[i] * v
		}
		ys[c], ys[c+1] = s, t
	}
}

func rank2Generic[T Float](h *T, ld int, x, a, y, b *T) {
	hs, xs, ys, as, bs := windowSlice(h, ld), asVector(x), asVector(y), asVector(a), asVector(b)
	for c := range Band {
		col, ac, bc := column(hs, ld, c), as[c], bs[c]
		for i := range col {
			col[i] -= xs[i]*ac + ys[i]*bc
		}
	}
}

func symMulGeneric[T Float](d, x, y *T) {
	ds, xs, ys := windowSlice(d, SymStride), asVector(x), asVector(y)
	*ys = vector[T]{}
	for c := range Band {
		col, xc := column(ds, SymStride, c), xs[c]
		s := col[c] * xc
		for i := c + 1; i < Band; i++ {
			ys[i] += col[i] * xc
			s += col[i] * xs[i]
		}
		ys[c] += s
	}
}

func symRank2Generic[T Float](d, x, y *T) {
	ds, xs, ys := windowSlice(d, SymStride), asVector(x), asVector(y)
	for c := range Band {
		col, xc, yc := column(ds, SymStride, c), xs[c], ys[c]
		for i := c; i < Band; i++ {
			col[i] -= xs[i]*yc + ys[i]*xc
		}
	}
}
