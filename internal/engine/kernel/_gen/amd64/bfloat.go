package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bfloatPairs is a product of pairs of bfloat16 numbers, accumulated in float32.
// It names its registers itself, because its instruction is written in bytes.
func bfloatPairs() product {
	all := []reg.Register{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
		reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
		reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}
	number := make(map[reg.Register]uint32, len(all))
	for i, r := range all {
		number[r] = uint32(i)
	}
	next := 0
	return product{
		name: "stripBF16AVX512", operand: "uint32",
		vec: func() reg.Register {
			next++
			return all[next-1]
		},
		multiply: func(a, b, acc Op) {
			vdpbf16ps(number[a.(reg.Register)], number[b.(reg.Register)], number[acc.(reg.Register)])
		},
	}
}

// peakPairs emits independent products of pairs on registers alone.
func peakPairs() {
	const name = "peakBF16AVX512"
	TEXT(name, NOSPLIT, "func(rounds int, x *uint32, sum *float32)")
	Doc(fmt.Sprintf("%s makes %d multiply-adds of pairs a round in each of 16 lanes.", name, size.PeakChains))
	rounds := Load(Param("rounds"), GP64())
	xp, sum := Load(Param("x"), GP64()), Load(Param("sum"), GP64())
	x := reg.Z0
	VMOVUPS(Mem{Base: xp}, x)
	chains := []reg.Register{
		reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12,
	}[:size.PeakChains]
	for _, a := range chains {
		VPXORD(a, a, a)
	}
	Label(name + "_loop")
	for i := range chains {
		vdpbf16ps(0, 0, uint32(i+1))
	}
	DECQ(rounds)
	JNE(LabelRef(name + "_loop"))
	for _, a := range chains[1:] {
		VADDPS(a, chains[0], chains[0])
	}
	VMOVUPS(chains[0], Mem{Base: sum})
	VZEROUPPER()
	RET()
}

// vdpbf16ps emits VDPBF16PS, which neither avo nor Go's assembler knows, for
// three 512-bit registers: EVEX.512.F3.0F38.W0 52 /r.
func vdpbf16ps(a, b, acc uint32) {
	not := func(x, bit uint32) uint32 { return ^x >> bit & 1 }
	p0 := not(acc, 3)<<7 | not(b, 4)<<6 | not(b, 3)<<5 | not(acc, 4)<<4 | 2
	p1 := (^a&15)<<3 | 4 | 2
	p2 := 2<<5 | not(a, 4)<<3
	Instruction(&ir.Instruction{Opcode: "LONG", Operands: []Op{U32(0x62 | p0<<8 | p1<<16 | p2<<24)}})
	Instruction(&ir.Instruction{Opcode: "WORD", Operands: []Op{U16(0x52 | (0xc0|acc&7<<3|b&7)<<8)}})
}
