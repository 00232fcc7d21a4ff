package kernel

import "math"

// Matrix is a row-major matrix in one of the types weights are stored in.
type Matrix struct {
	Rows, Cols, Stride int

	// Exactly one of these holds the elements.
	F64  []float64
	F32  []float32
	F16  []uint16 // bits of IEEE binary16
	BF16 []uint16 // bits of bfloat16
}

// pack fills a panel of depth rows: element (q, j) is scale·W(first+j, p+q)
// when the rows of W are the shorter side, and scale·W(p+q, first+j) when the
// columns are. What lies outside W is zero.
func pack[T Float](panel []T, nr int, w *Matrix, scale T, first, p int) {
	depth := len(panel) / nr
	wide := w.Rows <= w.Cols
	count := min(nr, min(w.Rows, w.Cols)-first)
	if count < nr {
		clear(panel)
	}
	switch {
	case w.F64 != nil:
		packType(panel, nr, w.F64, w.Stride, wide, scale, first, p, count, depth, func(v float64) T { return T(v) })
	case w.F32 != nil:
		packType(panel, nr, w.F32, w.Stride, wide, scale, first, p, count, depth, func(v float32) T { return T(v) })
	case w.BF16 != nil:
		packType(panel, nr, w.BF16, w.Stride, wide, scale, first, p, count, depth, func(v uint16) T {
			return T(math.Float32frombits(uint32(v) << 16))
		})
	case w.F16 != nil:
		packType(panel, nr, w.F16, w.Stride, wide, scale, first, p, count, depth, func(v uint16) T { return T(Half(v)) })
	}
}

func packType[T Float, E any](panel []T, nr int, data []E, stride int, wide bool, scale T, first, p, count, depth int, convert func(E) T) {
	if wide {
		for j := range count {
			row := data[(first+j)*stride+p:][:depth]
			at := j
			for _, v := range row {
				panel[at] = scale * convert(v)
				at += nr
			}
		}
		return
	}
	for q := range depth {
		row := data[(p+q)*stride+first:][:count]
		out := panel[q*nr:][:count]
		for j, v := range row {
			out[j] = scale * convert(v)
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
