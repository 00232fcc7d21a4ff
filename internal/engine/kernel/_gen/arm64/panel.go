package main

import "fmt"

const (
	rows    = 4 // of the register tile
	vectors = 6 // registers of a row of the tile, and of a panel
	width   = 16 * vectors
)

// strip emits C += A·B for `tiles` register tiles on top of each other: the
// contract is in the documentation of package kernel. Accumulators are V0 to V23,
// B is in V24 to V29, A in V30 and V31 by turns.
func (a *asm) strip(e element) {
	name := "strip" + e.short + "NEON"
	a.fn(name, fmt.Sprintf("adds A·B to %d-row tiles of C, %d columns wide.", rows, vectors*e.lanes()),
		fmt.Sprintf("depth, tiles int, a *%[1]s, rs, cs int, b, c *%[1]s, ldc int", e.name), 8)
	const depth, tiles, pa, rs, cs, pb, pc, ldc = 0, 1, 2, 3, 4, 5, 6, 7
	for i, arg := range []string{"depth", "tiles", "a", "rs", "cs", "b", "c", "ldc"} {
		a.arg(arg, i, i)
	}
	for _, r := range []int{rs, cs, ldc} {
		a.line("LSL $%d, R%d", e.shift(), r)
	}
	const row0, at, panel, n = 8, 12, 13, 14 // row pointers are R8 to R11
	a.label(name + "_tile")
	for v := range rows * vectors {
		a.zero(v)
	}
	a.line("MOVD R%d, R%d", pa, row0)
	for i := 1; i < rows; i++ {
		a.line("ADD R%d, R%d, R%d", rs, row0+i-1, row0+i)
	}
	a.line("MOVD ZR, R%d", at)
	a.line("MOVD R%d, R%d", pb, panel)
	a.line("MOVD R%d, R%d", depth, n)
	a.label(name + "_loop")
	a.loadSix(24, panel)
	for i := range rows {
		x := 30 + i%2
		a.scalar(e, x, fmt.Sprintf("(R%d)(R%d)", row0+i, at))
		for j := range vectors {
			a.fmlaLane(e, i*vectors+j, 24+j, x, 0)
		}
	}
	a.line("ADD R%d, R%d", cs, at)
	a.line("SUB $1, R%d", n)
	a.line("CBNZ R%d, %s_loop", n, name)
	for i := range rows {
		for j := range vectors {
			a.load(24+j, pc, 16*j)
		}
		for j := range vectors {
			a.fadd(e, 24+j, 24+j, i*vectors+j)
			a.store(24+j, pc, 16*j)
		}
		a.line("ADD R%d, R%d", ldc, pc)
	}
	a.line("ADD R%d<<2, R%d, R%d", rs, pa, pa)
	a.line("SUB $1, R%d", tiles)
	a.line("CBNZ R%d, %s_tile", tiles, name)
	a.line("RET")
}

// loadSix loads a row of a panel into v… and moves on.
func (a *asm) loadSix(v, base int) {
	a.line("VLD1.P 64(R%d), [V%d.B16, V%d.B16, V%d.B16, V%d.B16]", base, v, v+1, v+2, v+3)
	a.line("VLD1.P 32(R%d), [V%d.B16, V%d.B16]", base, v+4, v+5)
}

// reflect emits one fused step of the panel factorisation. w is in V0 to V5, two
// sets of sums in V6 to V17.
func (a *asm) reflect(e element) {
	name := "reflect" + e.short + "NEON"
	a.fn(name, fmt.Sprintf("applies a reflector to rows of a panel %d wide and sums for the next.", vectors*e.lanes()),
		fmt.Sprintf("rows int, p *%[1]s, col, next int, w, sum *%[1]s", e.name), 6)
	const n, p, col, next, w, sum = 0, 1, 2, 3, 4, 5
	for i, arg := range []string{"rows", "p", "col", "next", "w", "sum"} {
		a.arg(arg, i, i)
	}
	a.line("LSL $%d, R%d", e.shift(), col)
	a.line("LSL $%d, R%d", e.shift(), next)
	for j := range vectors {
		a.load(j, w, 16*j)
	}
	for v := vectors; v < 3*vectors; v++ {
		a.zero(v)
	}
	step := func(sums int) {
		a.scalar(e, 24, fmt.Sprintf("(R%d)(R%d)", p, col))
		for j := range vectors {
			a.load(18+j, p, 16*j)
		}
		for j := range vectors {
			a.fmlsLane(e, 18+j, j, 24, 0)
			a.store(18+j, p, 16*j)
		}
		a.scalar(e, 25, fmt.Sprintf("(R%d)(R%d)", p, next))
		for j := range vectors {
			a.fmlaLane(e, sums+j, 18+j, 25, 0)
		}
		a.line("ADD $%d, R%d", width, p)
	}
	a.line("TBZ $0, R%d, %s_even", n, name)
	step(vectors)
	a.label(name + "_even")
	a.line("LSR $1, R%d", n)
	a.line("CBZ R%d, %s_store", n, name)
	a.label(name + "_loop")
	step(vectors)
	step(2 * vectors)
	a.line("SUB $1, R%d", n)
	a.line("CBNZ R%d, %s_loop", n, name)
	a.label(name + "_store")
	for j := range vectors {
		a.fadd(e, vectors+j, vectors+j, 2*vectors+j)
		a.store(vectors+j, sum, 16*j)
	}
	a.line("RET")
}

// peak emits independent multiply-adds on registers alone. FMLA overwrites the
// addend, so each needs a copy of x, which CPUs make by renaming a register.
func (a *asm) peak(e element) {
	name := "peak" + e.short + "NEON"
	a.fn(name, fmt.Sprintf("makes %d multiply-adds a round in each of %d lanes.", size.PeakChains, e.lanes()),
		fmt.Sprintf("rounds int, x, sum *%s", e.name), 3)
	a.arg("rounds", 0, 0)
	a.arg("x", 1, 1)
	a.arg("sum", 2, 2)
	const x = 31
	a.load(x, 1, 0)
	a.zero(0)
	for c := 1; c < size.PeakChains; c++ {
		a.fadd(e, c, c-1, x)
	}
	// Two rounds leave every chain where it was, so a round is made on its own first.
	round := func(from, to int) {
		for c := range size.PeakChains {
			a.move(to+c, x)
			a.fmla(e, to+c, from+c, x)
		}
	}
	a.line("TBZ $0, R0, %s_even", name)
	round(0, size.PeakChains)
	for c := range size.PeakChains {
		a.move(c, size.PeakChains+c)
	}
	a.label(name + "_even")
	a.line("LSR $1, R0")
	a.line("CBZ R0, %s_store", name)
	a.label(name + "_loop")
	round(0, size.PeakChains)
	round(size.PeakChains, 0)
	a.line("SUB $1, R0")
	a.line("CBNZ R0, %s_loop", name)
	a.label(name + "_store")
	for c := 1; c < size.PeakChains; c++ {
		a.fadd(e, 0, 0, c)
	}
	a.store(0, 2, 0)
	a.line("RET")
}

// widen emits the conversion of n stored elements, n a positive multiple of
// 16, to e, multiplied by scale.
func (a *asm) widen(e element, from string) {
	name := "widen" + from + e.short + "NEON"
	source := map[string]string{"BF16": "uint16", "F16": "uint16", "F32": "float32"}[from]
	// A float32 is half a word, but the last argument.
	words, args := 4, fmt.Sprintf("dst *%s, src *%s, n int, scale %s", e.name, source, e.name)
	fmt.Fprintf(&a.text, "\n// func %s(%s)\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", name, args, name, 8*(words-1)+e.size)
	fmt.Fprintf(&a.stubs, "\n// %s converts a multiple of 16 elements and scales them.\n//\n//go:noescape\nfunc %s(%s)\n", name, name, args)
	a.arg("dst", 0, 0)
	a.arg("src", 1, 1)
	a.arg("n", 2, 2)
	const scale, zero = 31, 30
	a.scalar(e, scale, "scale+24(FP)")
	a.zero(zero)
	a.label(name + "_loop")
	// V0 to V3 are the stored elements as float32, V4 to V11 those as float64.
	switch from {
	case "F32":
		a.line("VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16]")
	case "BF16":
		a.line("VLD1.P 32(R1), [V4.B16, V5.B16]")
		for i := range 2 { // zeros below each number are a shift
			a.line("VZIP1 V%d.H8, V%d.H8, V%d.H8", 4+i, zero, 2*i)
			a.line("VZIP2 V%d.H8, V%d.H8, V%d.H8", 4+i, zero, 2*i+1)
		}
	case "F16":
		a.line("VLD1.P 32(R1), [V4.B16, V5.B16]")
		for i := range 2 {
			a.widenHalf(float32s, 2*i, 4+i, false)
			a.widenHalf(float32s, 2*i+1, 4+i, true)
		}
	}
	first, count := 0, 4
	if e.size == 8 {
		for i := range 4 {
			a.widenHalf(e, 4+2*i, i, false)
			a.widenHalf(e, 5+2*i, i, true)
		}
		first, count = 4, 8
	}
	for v := first; v < first+count; v++ {
		a.fmulLane(e, v, v, scale, 0)
	}
	for v := first; v < first+count; v += 4 {
		a.line("VST1.P [V%d.B16, V%d.B16, V%d.B16, V%d.B16], 64(R0)", v, v+1, v+2, v+3)
	}
	a.line("SUB $%d, R2", size.WidenUnit)
	a.line("CBNZ R2, %s_loop", name)
	a.line("RET")
}
