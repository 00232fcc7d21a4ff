package main

import (
	"fmt"
	"strings"
)

// perColumn is the number of vectors in a column of a window.
func (e element) perColumn() int { return size.Band / e.lanes() }

// bandFunc begins a kernel and loads its arguments into R0, R1 …
func (a *asm) bandFunc(e element, name, args string) string {
	name += e.short + "NEON"
	var names []string
	for _, word := range strings.FieldsFunc(args, func(r rune) bool { return r == ',' || r == ' ' }) {
		if word != "*T" && word != "int" {
			names = append(names, word)
		}
	}
	a.fn(name, "works on a window of a band matrix.", strings.ReplaceAll(args, "*T", "*"+e.name), len(names))
	for i, n := range names {
		a.arg(n, i, i)
	}
	return name
}

func (a *asm) bandMul(e element) {
	name := a.bandFunc(e, "mul", "h *T, ld int, x, y *T")
	const h, ld, x, y, n = 0, 1, 2, 3, 4
	a.line("LSL $%d, R%d", e.shift(), ld)
	for v := range e.perColumn() {
		a.zero(v)
	}
	a.line("MOVD $%d, R%d", size.Band, n)
	a.label(name + "_loop")
	a.scalar(e, 31, fmt.Sprintf("(R%d)", x))
	for v := range e.perColumn() {
		a.load(24+v%7, h, 16*v)
		a.fmlaLane(e, v, 24+v%7, 31, 0)
	}
	a.line("ADD R%d, R%d", ld, h)
	a.line("ADD $%d, R%d", e.size, x)
	a.line("SUB $1, R%d", n)
	a.line("CBNZ R%d, %s_loop", n, name)
	for v := range e.perColumn() {
		a.store(v, y, 16*v)
	}
	a.line("RET")
}

// columns is the number of columns of a window that are taken at once.
const columns = 4

// apart emits pointers to columns that are ld apart: R8 to R11.
func (a *asm) apart(h, ld int) {
	a.line("MOVD R%d, R8", h)
	for c := 1; c < columns; c++ {
		a.line("ADD R%d, R%d, R%d", ld, 7+c, 8+c)
	}
}

func (a *asm) bandMulT(e element) {
	name := a.bandFunc(e, "mulT", "h *T, ld int, x, y *T")
	const h, ld, x, y, n = 0, 1, 2, 3, 4
	a.line("LSL $%d, R%d", e.shift(), ld)
	for v := range e.perColumn() {
		a.load(v, x, 16*v)
	}
	a.line("MOVD $%d, R%d", size.Band/columns, n)
	a.label(name + "_loop")
	a.apart(h, ld)
	for c := range columns {
		a.zero(24 + c)
	}
	for v := range e.perColumn() {
		for c := range columns {
			a.load(28+c, 8+c, 16*v)
			a.fmla(e, 24+c, 28+c, v)
		}
	}
	// Sums of pairs, and of pairs of those.
	a.faddp(e, 24, 24, 25)
	a.faddp(e, 26, 26, 27)
	if e.size == 4 {
		a.faddp(e, 24, 24, 26)
		a.store(24, y, 0)
	} else {
		a.store(24, y, 0)
		a.store(26, y, 16)
	}
	a.line("ADD R%d<<2, R%d, R%d", ld, h, h)
	a.line("ADD $%d, R%d", columns*e.size, y)
	a.line("SUB $1, R%d", n)
	a.line("CBNZ R%d, %s_loop", n, name)
	a.line("RET")
}

// factors loads the elements of `columns` columns, the first of which is at disp,
// into V0 and V1 from a and V2 and V3 from b.
func (a *asm) factors(e element, ra, rb, disp int) {
	for i := range columns / e.lanes() {
		a.load(i, ra, disp+16*i)
		a.load(2+i, rb, disp+16*i)
	}
}

// rankStep updates vector v of the first count columns, which are at the given
// register and displacement; x and y are the registers of the vectors.
func (a *asm) rankStep(e element, x, y, v, count int, at func(c int) (base, disp int)) {
	xv, yv := 4+v%2*2, 5+v%2*2
	a.load(xv, x, 16*v)
	a.load(yv, y, 16*v)
	for c := range count {
		base, disp := at(c)
		t := 8 + v%4*columns + c
		a.load(t, base, disp)
		a.fmlsLane(e, t, xv, c/e.lanes(), c%e.lanes())
		a.fmlsLane(e, t, yv, 2+c/e.lanes(), c%e.lanes())
		a.store(t, base, disp)
	}
}

func (a *asm) bandRank2(e element) {
	name := a.bandFunc(e, "rank2", "h *T, ld int, x, a, y, b *T")
	const h, ld, x, ra, y, rb, n = 0, 1, 2, 3, 4, 5, 6
	a.line("LSL $%d, R%d", e.shift(), ld)
	a.line("MOVD $%d, R%d", size.Band/columns, n)
	a.label(name + "_loop")
	a.apart(h, ld)
	a.factors(e, ra, rb, 0)
	for v := range e.perColumn() {
		a.rankStep(e, x, y, v, columns, func(c int) (int, int) { return 8 + c, 16 * v })
	}
	a.line("ADD R%d<<2, R%d, R%d", ld, h, h)
	a.line("ADD $%d, R%d", columns*e.size, ra)
	a.line("ADD $%d, R%d", columns*e.size, rb)
	a.line("SUB $1, R%d", n)
	a.line("CBNZ R%d, %s_loop", n, name)
	a.line("RET")
}

func (a *asm) bandSymRank2(e element) {
	a.bandFunc(e, "symRank2", "d, x, y *T")
	const d, x, y = 0, 1, 2
	for first := 0; first < size.Band; first += columns {
		a.factors(e, y, x, first*e.size)
		for v := first / e.lanes(); v < e.perColumn(); v++ {
			a.rankStep(e, x, y, v, min(columns, (v+1)*e.lanes()-first), func(c int) (int, int) {
				return d, (first+c)*size.SymStride*e.size + 16*v
			})
		}
	}
	a.line("RET")
}

// masks emits a vector of zeros followed by one of ones.
func (a *asm) masks() {
	for i := range 4 {
		v := "$0"
		if i >= 2 {
			v = "$-1"
		}
		fmt.Fprintf(&a.text, "DATA neonMasks<>+%d(SB)/8, %s\n", 8*i, v)
	}
	a.text.WriteString("GLOBL neonMasks<>(SB), RODATA|NOPTR, $32\n")
}

// bandSymMul keeps y in registers. Column c adds to y below the diagonal, and
// its dot product with x below the diagonal to y[c]; those sums wait in y.
func (a *asm) bandSymMul(e element) {
	a.bandFunc(e, "symMul", "d, x, y *T")
	const d, x, y, masks = 0, 1, 2, 3
	const xc, t, dot, u, xv, mask = 24, 25, 26, 27, 28, 29
	a.line("MOVD $neonMasks<>(SB), R%d", masks)
	for v := range e.perColumn() {
		a.zero(v)
	}
	for c := range size.Band {
		s, lane := c/e.lanes(), c%e.lanes()
		at := func(v int) int { return c*size.SymStride*e.size + 16*v }
		a.scalar(e, xc, fmt.Sprintf("%d(R%d)", c*e.size, x))
		// Lanes from the diagonal on for y, below it for the dot product.
		a.load(t, d, at(s))
		if lane > 0 {
			a.load(mask, masks, 16-lane*e.size)
			a.and(t, t, mask)
		}
		a.fmlaLane(e, s, t, xc, 0)
		a.load(mask, masks, 16-(lane+1)*e.size)
		a.and(t, t, mask)
		a.load(xv, x, 16*s)
		a.fmul(e, dot, t, xv)
		for v := s + 1; v < e.perColumn(); v++ {
			a.load(u, d, at(v))
			a.fmlaLane(e, v, u, xc, 0)
			a.load(xv, x, 16*v)
			a.fmla(e, dot, u, xv)
		}
		a.faddp(e, dot, dot, dot)
		if e.size == 4 {
			a.faddp(e, dot, dot, dot)
		}
		a.storeScalar(e, dot, fmt.Sprintf("%d(R%d)", c*e.size, y))
	}
	for v := range e.perColumn() {
		a.load(t, y, 16*v)
		a.fadd(e, v, v, t)
		a.store(v, y, 16*v)
	}
	a.line("RET")
}
