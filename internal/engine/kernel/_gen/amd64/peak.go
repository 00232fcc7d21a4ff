package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// peak emits independent multiply-adds on registers alone.
func (k kernel) peak() {
	name := "peak" + k.short + k.variant.name
	TEXT(name, NOSPLIT, fmt.Sprintf("func(rounds int, x, sum *%s)", k.element.name))
	Doc(fmt.Sprintf("%s makes %d multiply-adds a round in each of %d lanes.", name, size.PeakChains, k.lanes()))
	rounds := Load(Param("rounds"), GP64())
	xp, sum := Load(Param("x"), GP64()), Load(Param("sum"), GP64())
	x := k.vec()
	k.load(Mem{Base: xp}, x)
	chains := make([]reg.VecVirtual, size.PeakChains)
	for i := range chains {
		chains[i] = k.vec()
		if i == 0 {
			k.zero(chains[i])
		} else {
			k.add(chains[i-1], x, chains[i])
		}
	}
	Label(name + "_loop")
	for _, a := range chains {
		if k.size == 4 {
			VFMADD213PS(x, x, a)
		} else {
			VFMADD213PD(x, x, a)
		}
	}
	DECQ(rounds)
	JNE(LabelRef(name + "_loop"))
	for _, a := range chains[1:] {
		k.add(a, chains[0], chains[0])
	}
	k.store(chains[0], Mem{Base: sum})
	VZEROUPPER()
	RET()
}
