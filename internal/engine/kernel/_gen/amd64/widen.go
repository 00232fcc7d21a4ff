package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// widen emits the conversion of n stored elements, n a positive multiple of
// 16, to the kernel's type, multiplied by scale.
func (k kernel) widen(from string) {
	name := "widen" + from + k.short + k.variant.name
	source := map[string]string{"BF16": "uint16", "F16": "uint16", "F32": "float32"}[from]
	TEXT(name, NOSPLIT, fmt.Sprintf("func(dst *%s, src *%s, n int, scale %s)", k.element.name, source, k.element.name))
	Doc(name + " converts a multiple of 16 elements and scales them.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	n := Load(Param("n"), GP64())
	scale := YMM()
	m, err := Param("scale").Resolve()
	if err != nil {
		panic(err)
	}
	k.broadcast(m.Addr, scale)
	Label(name + "_loop")
	half := size.WidenUnit / 2
	for h := range 2 {
		f := YMM() // eight float32
		switch from {
		case "BF16":
			VPMOVZXWD(Mem{Base: src, Disp: h * half * 2}, f)
			VPSLLD(U8(16), f, f)
		case "F16":
			VCVTPH2PS(Mem{Base: src, Disp: h * half * 2}, f)
		case "F32":
			VMOVUPS(Mem{Base: src, Disp: h * half * 4}, f)
		}
		if k.size == 4 {
			VMULPS(scale, f, f)
			VMOVUPS(f, Mem{Base: dst, Disp: h * half * 4})
			continue
		}
		high, low, up := XMM(), YMM(), YMM()
		VEXTRACTF128(U8(1), f, high)
		VCVTPS2PD(f.AsX(), low)
		VCVTPS2PD(high, up)
		VMULPD(scale, low, low)
		VMULPD(scale, up, up)
		VMOVUPD(low, Mem{Base: dst, Disp: h * half * 8})
		VMOVUPD(up, Mem{Base: dst, Disp: h*half*8 + 32})
	}
	ADDQ(U32(uint32(size.WidenUnit*k.size)), dst)
	bytes := 2
	if from == "F32" {
		bytes = 4
	}
	ADDQ(U32(uint32(size.WidenUnit*bytes)), src)
	SUBQ(U8(uint8(size.WidenUnit)), n)
	JNE(LabelRef(name + "_loop"))
	VZEROUPPER()
	RET()
}
