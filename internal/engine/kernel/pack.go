package kernel

import (
	"math"
	"unsafe"
)

// Matrix is a row-major matrix in one of the types weights are stored in.
type Matrix struct {
	Rows, Cols, Stride int

	// Exactly one of these holds the elements.
	F64  []float64
	F32  []float32
	F16  []uint16 // bits of IEEE binary16
	BF16 []uint16 // bits of bfloat16
}

// At returns element (i, j), exactly.
func (w *Matrix) At(i, j int) float64 {
	at := i*w.Stride + j
	switch {
	case w.F64 != nil:
		return w.F64[at]
	case w.F32 != nil:
		return float64(w.F32[at])
	case w.BF16 != nil:
		return bfloat[float64](w.BF16[at])
	}
	return half[float64](w.F16[at])
}

// packRows is the number of rows of W interleaved at a time: as many as make
// the scattered stores of a transposition worth their while.
const packRows = 4

// PackScratch holds converted rows that are about to be interleaved. It is
// passed around because it would not stay on the stack: the kernels that write
// to it are called through variables.
type PackScratch[T Float] [packRows][GramDepth]T

// Pack fills a panel nr wide and up to GramDepth deep: element (q, j) is
// scale·W(first+j, p+q) when the rows of W are the shorter side, and
// scale·W(p+q, first+j) when the columns are. Where first+j is beyond the shorter
// side the panel gets zeros; every p+q must be within the longer one.
func (k *Kernel[T]) Pack(panel []T, nr int, w *Matrix, scale T, first, p int, rows *PackScratch[T]) {
	depth := len(panel) / nr
	count := min(nr, min(w.Rows, w.Cols)-first)
	if count < nr {
		clear(panel)
	}
	if w.Rows > w.Cols {
		for q := range depth {
			k.convert(panel[q*nr:][:count], w, (p+q)*w.Stride+first, scale)
		}
		return
	}
	for j := 0; j < count; j += packRows {
		group := min(packRows, count-j)
		for i := range group {
			k.convert(rows[i][:depth], w, (first+j+i)*w.Stride+p, scale)
		}
		if group == packRows {
			interleave(panel, nr, j, depth, rows)
			continue
		}
		for i := range group {
			for q, v := range rows[i][:depth] {
				panel[q*nr+j+i] = v
			}
		}
	}
}

// interleave writes rows to columns j… of the panel.
func interleave[T Float](panel []T, nr, j, depth int, rows *PackScratch[T]) {
	a, b, c, d := rows[0][:depth], rows[1][:depth], rows[2][:depth], rows[3][:depth]
	for q := range a {
		out := (*[packRows]T)(panel[q*nr+j:])
		out[0], out[1], out[2], out[3] = a[q], b[q], c[q], d[q]
	}
}

// wideners convert n elements of a storage type, n a positive multiple of widenUnit,
// and multiply them by scale. One that is nil leaves it to the conversion in Go.
type wideners[T Float] struct {
	bf16, f16 func(dst *T, src *uint16, n int, scale T)
	f32       func(dst *T, src *float32, n int, scale T)
}

// convert converts len(dst) elements of w from index `from` on and scales them.
func (k *Kernel[T]) convert(dst []T, w *Matrix, from int, scale T) {
	to := from + len(dst)
	bulk := len(dst) / widenUnit * widenUnit
	switch {
	case w.F64 != nil:
		for i, v := range w.F64[from:to] {
			dst[i] = scale * T(v)
		}
	case w.F32 != nil:
		convertType(dst, w.F32[from:to], bulk, scale, k.widen.f32, func(v float32) T { return T(v) })
	case w.BF16 != nil:
		convertType(dst, w.BF16[from:to], bulk, scale, k.widen.bf16, bfloat[T])
	case w.F16 != nil:
		convertType(dst, w.F16[from:to], bulk, scale, k.widen.f16, half[T])
	}
}

func convertType[T Float, E any](dst []T, src []E, bulk int, scale T, widen func(*T, *E, int, T), one func(E) T) {
	if widen == nil {
		bulk = 0
	}
	if bulk > 0 {
		widen(&dst[0], &src[0], bulk, scale)
	}
	for i := bulk; i < len(src); i++ {
		dst[i] = scale * one(src[i])
	}
}

func bfloat[T Float](v uint16) T { return T(math.Float32frombits(uint32(v) << 16)) }

func half[T Float](v uint16) T { return T(Half(v)) }

func genericWideners[T Float]() wideners[T] {
	return wideners[T]{
		bf16: widenGeneric(bfloat[T]),
		f16:  widenGeneric(half[T]),
		f32:  widenGeneric(func(v float32) T { return T(v) }),
	}
}

func widenGeneric[T Float, E any](one func(E) T) func(*T, *E, int, T) {
	return func(dst *T, src *E, n int, scale T) {
		out := unsafe.Slice(dst, n)
		for i, v := range unsafe.Slice(src, n) {
			out[i] = scale * one(v)
		}
	}
}

// Half returns the value of an IEEE binary16 number, exactly.
func Half(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp, frac := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0: // zero or subnormal: frac · 2⁻²⁴
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*0x1p-24))
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}
