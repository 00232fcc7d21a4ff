package main

import (
	"fmt"
	"math"

	"github.com/gospectrum/spectrum/internal/engine/kernel/_gen/sizes"
)

// wave emits the wave of package kernel: eight float64 lanes, a sweep in each. d is in
// V0 to V3 and e in V4 to V7; the rest of the state stays in memory.
func (a *asm) wave() {
	const name = "waveNEON"
	a.fn(name, "takes rows through the wave.", "w *float64, rows int, d, e *float64", 4)
	const w, n, d, e, tmp = 0, 1, 2, 3, 4
	const floor, bound, in = 30, 31, 29
	for i, arg := range []string{"w", "rows", "d", "e"} {
		a.arg(arg, i, i)
	}
	a.constant(floor, tmp, size.WaveFloor)
	a.constant(bound, tmp, size.WaveSmall)
	// From the last row to the first.
	for _, r := range []int{d, e} {
		a.line("ADD R%d<<3, R%d, R%d", n, r, r)
		a.line("SUB $8, R%d", r)
	}
	for i := range 4 {
		a.load(i, w, size.Wave(sizes.WaveD)+16*i)
		a.load(4+i, w, size.Wave(sizes.WaveE)+16*i)
	}
	a.label(name + "_loop")
	for i, at := range []int{d, e} {
		v := 4 * i
		// Each sweep gets the row of the one before; the last row leaves.
		a.line("VMOV V%d.D[1], R%d", v+3, tmp)
		a.line("MOVD R%d, %d(R%d)", tmp, 8*size.WavePad, at)
		for k := 3; k > 0; k-- {
			a.line("VEXT $8, V%d.B16, V%d.B16, V%d.B16", v+k, v+k-1, v+k)
		}
		a.scalar(float64s, in, fmt.Sprintf("(R%d)", at))
		a.line("VZIP1 V%d.D2, V%d.D2, V%d.D2", v, in, v)
	}
	for pair := range 4 {
		a.waveStep(w, pair, floor, bound)
	}
	a.line("SUB $8, R%d", d)
	a.line("SUB $8, R%d", e)
	a.line("SUB $1, R%d", n)
	a.line("CBNZ R%d, %s_loop", n, name)
	for i := range 4 {
		a.store(i, w, size.Wave(sizes.WaveD)+16*i)
		a.store(4+i, w, size.Wave(sizes.WaveE)+16*i)
	}
	a.line("RET")
}

// constant sets both lanes of v to a power of two.
func (a *asm) constant(v, tmp int, power float64) {
	a.line("MOVD $0x%x, R%d // 2^%d", math.Float64bits(power), tmp, math.Ilogb(power))
	a.line("VDUP R%d, V%d.D2", tmp, v)
}

// waveStep gives two sweeps the rows in d and e and leaves there what they hand on.
func (a *asm) waveStep(w, pair, floor, bound int) {
	f, d, e := float64s, pair, 4+pair
	const shift, p, c, s, gamma, r, grow, zero, sine, x, y, low = 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19
	state := func(field int) int { return size.Wave(field) + 16*pair }
	a.load(shift, w, state(sizes.WaveShift))
	a.load(p, w, state(sizes.WaveP))
	a.load(c, w, state(sizes.WaveC))
	a.load(s, w, state(sizes.WaveS))
	a.load(gamma, w, state(sizes.WaveGamma))
	a.fadd(f, r, p, e)
	a.fdiv(f, grow, r, p)
	a.fmul(f, zero, c, e)
	a.fdiv(f, c, p, r)
	a.fdiv(f, sine, e, r)
	a.fmul(f, e, s, r) // with the s of the row before
	a.fsub(f, x, d, shift)
	a.fmul(f, x, x, c)
	a.fmul(f, y, sine, gamma)
	a.fsub(f, x, x, y) // γ
	a.fsub(f, d, d, x)
	a.fadd(f, d, gamma, d)
	a.store(c, w, state(sizes.WaveC))
	a.store(sine, w, state(sizes.WaveS))
	a.store(x, w, state(sizes.WaveGamma))
	a.fmul(f, x, x, x)
	a.fmul(f, x, x, grow)
	a.fcmge(f, low, bound, c)
	a.line("VBIT V%d.B16, V%d.B16, V%d.B16", low, zero, x)
	a.fmax(f, p, x, floor)
	a.store(p, w, state(sizes.WaveP))
}
