package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/gospectrum/spectrum/internal/engine/kernel/_gen/sizes"
)

func waveHead(name string) (w, rows, d, e reg.Register) {
	TEXT(name, NOSPLIT, "func(w *float64, rows int, d, e *float64)")
	Doc(name + " takes rows through the wave.")
	w, rows = Load(Param("w"), GP64()), Load(Param("rows"), GP64())
	d, e = Load(Param("d"), GP64()), Load(Param("e"), GP64())
	// From the last row to the first.
	LEAQ(Mem{Base: d, Index: rows, Scale: 8, Disp: -8}, d)
	LEAQ(Mem{Base: e, Index: rows, Scale: 8, Disp: -8}, e)
	return w, rows, d, e
}

func waveNext(name string, rows, d, e reg.Register) {
	SUBQ(U8(8), d)
	SUBQ(U8(8), e)
	DECQ(rows)
	JNE(LabelRef(name + "_loop"))
}

// waveState is the state of eight sweeps, or of four of them, a lane for each sweep and
// a vector register for each field of kernel.wave.
type waveState struct {
	shift, p, c, s, gamma, d, e reg.VecVirtual
}

func (s *waveState) each(f func(v reg.VecVirtual, offset int)) {
	for i, v := range []reg.VecVirtual{s.shift, s.p, s.c, s.s, s.gamma, s.d, s.e} {
		f(v, size.Wave(i))
	}
}

func newWaveState(w reg.Register, at int, vec func() reg.VecVirtual) *waveState {
	s := &waveState{vec(), vec(), vec(), vec(), vec(), vec(), vec()}
	s.each(func(v reg.VecVirtual, offset int) { VMOVUPD(Mem{Base: w, Disp: offset + at}, v) })
	return s
}

func (s *waveState) save(w reg.Register, at int) {
	s.each(func(v reg.VecVirtual, offset int) { VMOVUPD(v, Mem{Base: w, Disp: offset + at}) })
}

// step gives the sweeps the rows in s.d and s.e and leaves there what they hand
// on. pick replaces p by zero in the lanes where c is not above the bound.
func (s *waveState) step(floor Op, vec func() reg.VecVirtual, pick func(c, zero, p reg.VecVirtual)) {
	r, grow, zero := vec(), vec(), vec()
	VADDPD(s.e, s.p, r)
	VDIVPD(s.p, r, grow)
	VMULPD(s.c, s.e, zero)
	VDIVPD(r, s.p, s.c)
	sine := vec()
	VDIVPD(r, s.e, sine)
	VMULPD(s.s, r, s.e) // with the s of the row before
	VMOVAPD(sine, s.s)
	x, y := vec(), vec()
	VSUBPD(s.shift, s.d, x)
	VMULPD(x, s.c, x)
	VMULPD(s.gamma, s.s, y)
	VSUBPD(y, x, x) // γ
	VSUBPD(x, s.d, s.d)
	VADDPD(s.d, s.gamma, s.d)
	VMOVAPD(x, s.gamma)
	VMULPD(x, x, x)
	VMULPD(grow, x, x)
	pick(s.c, zero, x)
	VMAXPD(floor, x, s.p)
}

func waveAVX512(floorAt, boundAt Mem) {
	const name = "waveAVX512"
	vec := func() reg.VecVirtual { return ZMM() }
	w, rows, d, e := waveHead(name)
	s := newWaveState(w, 0, vec)
	floor, bound := ZMM(), ZMM()
	VBROADCASTSD(floorAt, floor)
	VBROADCASTSD(boundAt, bound)
	first, low := K(), K()
	bit := GP32()
	MOVL(U32(1), bit)
	KMOVW(bit, first)
	Label(name + "_loop")
	for _, row := range []struct {
		v  reg.VecVirtual
		at reg.Register
	}{{s.d, d}, {s.e, e}} {
		// Each sweep gets the row of the one before; the last row leaves.
		VALIGNQ(U8(7), row.v, row.v, row.v)
		VMOVSD(row.v.AsX(), Mem{Base: row.at, Disp: 8 * size.WavePad})
		VBROADCASTSD(Mem{Base: row.at}, first, row.v)
	}
	s.step(floor, vec, func(c, zero, p reg.VecVirtual) {
		VCMPPD(U8(2), bound, c, low) // c ≤ bound
		VMOVAPD(zero, low, p)
	})
	waveNext(name, rows, d, e)
	s.save(w, 0)
	VZEROUPPER()
	RET()
}

// waveAVX2 has the sweeps in two registers.
func waveAVX2(floorAt, boundAt Mem) {
	const name = "waveAVX2"
	vec := func() reg.VecVirtual { return YMM() }
	w, rows, d, e := waveHead(name)
	floor, bound := YMM(), YMM()
	VBROADCASTSD(floorAt, floor)
	VBROADCASTSD(boundAt, bound)
	// Sixteen registers do not hold two states: they stay in memory.
	Label(name + "_loop")
	for _, row := range []struct {
		offset int
		at     reg.Register
	}{{size.Wave(sizes.WaveD), d}, {size.Wave(sizes.WaveE), e}} {
		low, high, in := YMM(), YMM(), YMM()
		VPERMPD(U8(0x93), Mem{Base: w, Disp: row.offset}, low)
		VPERMPD(U8(0x93), Mem{Base: w, Disp: row.offset + 32}, high)
		VMOVSD(high.AsX(), Mem{Base: row.at, Disp: 8 * size.WavePad})
		VBLENDPD(U8(1), low, high, high)
		VBROADCASTSD(Mem{Base: row.at}, in)
		VBLENDPD(U8(1), in, low, low)
		VMOVUPD(low, Mem{Base: w, Disp: row.offset})
		VMOVUPD(high, Mem{Base: w, Disp: row.offset + 32})
	}
	for _, at := range []int{0, 32} {
		s := newWaveState(w, at, vec)
		s.step(floor, vec, func(c, zero, p reg.VecVirtual) {
			low := YMM()
			VCMPPD(U8(2), bound, c, low)
			VBLENDVPD(low, zero, p, p)
		})
		s.save(w, at)
	}
	waveNext(name, rows, d, e)
	VZEROUPPER()
	RET()
}

// waves emits the wave for both instruction sets.
func waves() {
	floor, bound := waveConstant("waveFloor", size.WaveFloor), waveConstant("waveSmall", size.WaveSmall)
	waveAVX2(floor, bound)
	waveAVX512(floor, bound)
}

func waveConstant(name string, v float64) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	DATA(0, U64(math.Float64bits(v)))
	return m
}
