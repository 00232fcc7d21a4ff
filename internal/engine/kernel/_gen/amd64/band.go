package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func (k kernel) lanes() int { return k.bytes / k.size }

// perColumn is the number of vectors in a column of a window.
func (k kernel) perColumn() int { return size.Band / k.lanes() }

func (k kernel) bandFunc(name, args string) (string, []reg.GPVirtual) {
	name += k.short + k.variant.name
	TEXT(name, NOSPLIT, fmt.Sprintf("func(%s)", strings.ReplaceAll(args, "*T", "*"+k.element.name)))
	Doc(name + " works on a window of a band matrix.")
	var regs []reg.GPVirtual
	for _, word := range strings.FieldsFunc(args, func(r rune) bool { return r == ',' || r == ' ' }) {
		if word != "*T" && word != "int" {
			regs = append(regs, Load(Param(word), GP64()).(reg.GPVirtual))
		}
	}
	return name, regs
}

// columns addresses neighbouring columns of a window.
type columns func(c, v int) Mem

// apart returns the columns at h that are ld elements apart, up to four, and
// moves ld to bytes; next must be called to move on.
func (k kernel) apart(h, ld reg.GPVirtual, count int) (at columns, next func()) {
	shift := map[int]uint8{4: 2, 8: 3}[k.size]
	SHLQ(U8(shift), ld)
	index := []reg.Register{nil, ld, ld, ld}
	scale := []uint8{0, 1, 2, 1}
	if count > 3 {
		ld3 := GP64()
		LEAQ(Mem{Base: ld, Index: ld, Scale: 2}, ld3)
		index[3] = ld3
	}
	at = func(c, v int) Mem { return Mem{Base: h, Index: index[c], Scale: scale[c], Disp: v * k.bytes} }
	next = func() {
		switch count {
		case 1:
			ADDQ(ld, h)
		case 2, 4:
			LEAQ(Mem{Base: h, Index: ld, Scale: uint8(count)}, h)
		default:
			panic("apart: count")
		}
	}
	return at, next
}

// dense returns the columns of a window of a symmetric band matrix at h.
func (k kernel) dense(h reg.Register) columns {
	return func(c, v int) Mem { return Mem{Base: h, Disp: c*size.SymStride*k.size + v*k.bytes} }
}

func (k kernel) bandMul() {
	name, r := k.bandFunc("mul", "h *T, ld int, x, y *T")
	h, ld, x, y := r[0], r[1], r[2], r[3]
	// Enough accumulators to hide the latency of the sum.
	sets := max(1, 12/k.perColumn())
	acc := make([][]reg.VecVirtual, sets)
	for s := range acc {
		for range k.perColumn() {
			v := k.vec()
			k.zero(v)
			acc[s] = append(acc[s], v)
		}
	}
	at, next := k.apart(h, ld, sets)
	n := GP64()
	MOVQ(U32(uint32(size.Band/sets)), n)
	Label(name + "_loop")
	for s := range acc {
		xc := k.vec()
		k.broadcast(Mem{Base: x, Disp: s * k.size}, xc)
		for v := range acc[s] {
			k.fma(at(s, v), xc, acc[s][v])
		}
	}
	next()
	ADDQ(U32(uint32(sets*k.size)), x)
	DECQ(n)
	JNE(LabelRef(name + "_loop"))
	for v := range acc[0] {
		for s := 1; s < sets; s++ {
			k.add(acc[s][v], acc[0][v], acc[0][v])
		}
		k.store(acc[0][v], Mem{Base: y, Disp: v * k.bytes})
	}
	VZEROUPPER()
	RET()
}

func (k kernel) bandMulT() {
	name, r := k.bandFunc("mulT", "h *T, ld int, x, y *T")
	h, ld, x, y := r[0], r[1], r[2], r[3]
	xs := make([]reg.VecVirtual, k.perColumn())
	for v := range xs {
		xs[v] = k.vec()
		k.load(Mem{Base: x, Disp: v * k.bytes}, xs[v])
	}
	const columns = 2
	at, next := k.apart(h, ld, columns)
	n := GP64()
	MOVQ(U32(uint32(size.Band/columns)), n)
	Label(name + "_loop")
	var acc [columns]reg.VecVirtual
	for c := range acc {
		acc[c] = k.vec()
		k.zero(acc[c])
	}
	for v := range xs {
		for c := range acc {
			k.fma(at(c, v), xs[v], acc[c])
		}
	}
	for c := range acc {
		k.sumTo(acc[c], Mem{Base: y, Disp: c * k.size})
	}
	next()
	ADDQ(U8(uint8(columns*k.size)), y)
	DECQ(n)
	JNE(LabelRef(name + "_loop"))
	VZEROUPPER()
	RET()
}

// sumTo stores the sum of the lanes of v, which it overwrites.
func (k kernel) sumTo(v reg.VecVirtual, m Mem) {
	low, high := v.AsX(), XMM()
	VEXTRACTF128(U8(1), v, high)
	if k.size == 8 {
		VADDPD(low, high, low)
		VHADDPD(low, low, low)
		VMOVSD(low, m)
		return
	}
	VADDPS(low, high, low)
	VHADDPS(low, low, low)
	VHADDPS(low, low, low)
	VMOVSS(low, m)
}

const rankColumns = 4

// rankStep updates rankColumns columns, the first of which has the given number,
// from vector `from` on.
func (k kernel) rankStep(at columns, x, a, y, b reg.Register, column, from int) {
	var as, bs [rankColumns]reg.VecVirtual
	for c := range rankColumns {
		as[c], bs[c] = k.vec(), k.vec()
		k.broadcast(Mem{Base: a, Disp: (column + c) * k.size}, as[c])
		k.broadcast(Mem{Base: b, Disp: (column + c) * k.size}, bs[c])
	}
	for v := from; v < k.perColumn(); v++ {
		xv, yv := k.vec(), k.vec()
		k.load(Mem{Base: x, Disp: v * k.bytes}, xv)
		k.load(Mem{Base: y, Disp: v * k.bytes}, yv)
		for c := range rankColumns {
			m := at(c, v)
			t := k.vec()
			k.load(m, t)
			k.fnma(as[c], xv, t)
			k.fnma(bs[c], yv, t)
			k.store(t, m)
		}
	}
}

func (k kernel) bandRank2() {
	name, r := k.bandFunc("rank2", "h *T, ld int, x, a, y, b *T")
	h, ld, x, a, y, b := r[0], r[1], r[2], r[3], r[4], r[5]
	at, next := k.apart(h, ld, rankColumns)
	n := GP64()
	MOVQ(U32(uint32(size.Band/rankColumns)), n)
	Label(name + "_loop")
	k.rankStep(at, x, a, y, b, 0, 0)
	next()
	ADDQ(U8(uint8(rankColumns*k.size)), a)
	ADDQ(U8(uint8(rankColumns*k.size)), b)
	DECQ(n)
	JNE(LabelRef(name + "_loop"))
	VZEROUPPER()
	RET()
}

func (k kernel) bandSymRank2() {
	_, r := k.bandFunc("symRank2", "d, x, y *T")
	h, x, y := r[0], r[1], r[2]
	for c := 0; c < size.Band; c += rankColumns {
		at := func(i, v int) Mem { return k.dense(h)(c+i, v) }
		k.rankStep(at, x, y, y, x, c, c/k.lanes())
	}
	VZEROUPPER()
	RET()
}

// bandSymMul keeps y in registers. Column c adds to y below the diagonal, and
// its dot product with x below the diagonal to y[c]; the sums of the latter
// wait on the stack.
func (k kernel) bandSymMul() {
	_, r := k.bandFunc("symMul", "d, x, y *T")
	h, x, y := r[0], r[1], r[2]
	at := k.dense(h)
	dots := AllocLocal(size.Band * k.size)
	acc := make([]reg.VecVirtual, k.perColumn())
	for v := range acc {
		acc[v] = k.vec()
		k.zero(acc[v])
	}
	for c := range size.Band {
		s, lane := c/k.lanes(), c%k.lanes()
		xc, t, dot := k.vec(), k.vec(), k.vec()
		k.broadcast(Mem{Base: x, Disp: c * k.size}, xc)
		// Lanes from the diagonal on for y, below it for the dot product.
		k.load(at(c, s), t)
		k.and(k.mask(lane), t)
		k.fma(t, xc, acc[s])
		k.and(k.mask(lane+1), t)
		k.multiply(Mem{Base: x, Disp: s * k.bytes}, t, dot)
		for v := s + 1; v < k.perColumn(); v++ {
			u := k.vec()
			k.load(at(c, v), u)
			k.fma(u, xc, acc[v])
			k.fma(Mem{Base: x, Disp: v * k.bytes}, u, dot)
		}
		k.sumTo(dot, dots.Offset(c*k.size))
	}
	for v := range acc {
		k.add(dots.Offset(v*k.bytes), acc[v], acc[v])
		k.store(acc[v], Mem{Base: y, Disp: v * k.bytes})
	}
	VZEROUPPER()
	RET()
}

func (k kernel) and(m Mem, v reg.VecVirtual) {
	if k.size == 4 {
		VANDPS(m, v, v)
	} else {
		VANDPD(m, v, v)
	}
}

func (k kernel) multiply(m Mem, v, dst reg.VecVirtual) {
	if k.size == 4 {
		VMULPS(m, v, dst)
	} else {
		VMULPD(m, v, dst)
	}
}

var masks map[int]Mem

// mask is a vector whose first n lanes are zero and whose others are ones.
func (k kernel) mask(n int) Mem {
	return masks[k.size].Offset((size.MaxLanes - n) * k.size)
}

// declareMasks emits, for each element size, the zeros and the ones of the widest vector.
func declareMasks() {
	masks = make(map[int]Mem)
	for _, bytes := range []int{4, 8} {
		m := GLOBL(fmt.Sprintf("mask%d", bytes), RODATA|NOPTR)
		for i := range 2 * size.MaxLanes {
			v := uint64(0)
			if i >= size.MaxLanes {
				v = ^v
			}
			if bytes == 4 {
				DATA(i*bytes, U32(uint32(v)))
			} else {
				DATA(i*bytes, U64(v))
			}
		}
		masks[bytes] = m
	}
}
