// Command amd64 writes the amd64 assembly of package kernel. It runs in the folder above:
//
//	go run ./amd64 -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg kernel
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/gospectrum/spectrum/internal/engine/kernel/_gen/sizes"
)

// size holds what package kernel fixes.
var size = sizes.MustRead()

const tag = "!noasm,!purego,gc"

func main() {
	ConstraintExpr(tag)
	declareMasks()
	for _, v := range []variant{
		{name: "AVX2", bytes: 32, mr: 4, vectors: 3},
		{name: "AVX512", bytes: 64, mr: 8, vectors: 3},
	} {
		for _, t := range []element{
			{name: "float32", short: "F32", size: 4},
			{name: "float64", short: "F64", size: 8},
		} {
			k := kernel{v, t}
			k.strip(product{name: "strip" + k.short + v.name, operand: t.name, multiply: k.fma, vec: func() reg.Register { return k.vec() }})
			if v.bytes == 64 && t.size == 4 {
				k.strip(bfloatPairs())
				peakPairs()
			}
			k.reflect()
			k.peak()
			if k.variant.name == "AVX2" { // wider ones would not be faster
				k.bandMul()
				k.bandMulT()
				k.bandRank2()
				k.bandSymMul()
				k.bandSymRank2()
				k.widen("BF16")
				k.widen("F16")
				k.widen("F32")
			}
		}
	}
	waves()
	Generate()
}

// variant is an instruction set with the register tile it is given: mr rows of
// `vectors` registers.
type variant struct {
	name    string
	bytes   int // width of a vector register
	mr      int
	vectors int
}

// element is the type of the numbers.
type element struct {
	name, short string
	size        int
}

type kernel struct {
	variant
	element
}

func (k kernel) vec() reg.VecVirtual {
	if k.bytes == 64 {
		return ZMM()
	}
	return YMM()
}

func (k kernel) nr() int { return k.vectors * k.bytes / k.size }

func (k kernel) broadcast(m Mem, v Op) {
	if k.size == 4 {
		VBROADCASTSS(m, v)
	} else {
		VBROADCASTSD(m, v)
	}
}

func (k kernel) load(m Mem, v Op) {
	if k.size == 4 {
		VMOVUPS(m, v)
	} else {
		VMOVUPD(m, v)
	}
}

func (k kernel) store(v Op, m Mem) {
	if k.size == 4 {
		VMOVUPS(v, m)
	} else {
		VMOVUPD(v, m)
	}
}

// fma adds a·b to acc.
func (k kernel) fma(a, b, acc Op) {
	if k.size == 4 {
		VFMADD231PS(a, b, acc)
	} else {
		VFMADD231PD(a, b, acc)
	}
}

// fnma subtracts a·b from acc.
func (k kernel) fnma(a, b, acc Op) {
	if k.size == 4 {
		VFNMADD231PS(a, b, acc)
	} else {
		VFNMADD231PD(a, b, acc)
	}
}

func (k kernel) add(m Op, a, dst Op) {
	if k.size == 4 {
		VADDPS(m, a, dst)
	} else {
		VADDPD(m, a, dst)
	}
}

func (k kernel) zero(v Op) {
	if k.bytes == 64 {
		VPXORD(v, v, v)
	} else {
		VXORPS(v, v, v)
	}
}

const unroll = 4

// product is how the terms of a strip are stored and multiplied.
type product struct {
	name     string
	operand  string // Go type of the elements of A and B
	multiply func(a, b, acc Op)
	vec      func() reg.Register
}

// strip emits C += A·B for `tiles` register tiles on top of each other: the
// contract is in the package documentation.
func (k kernel) strip(p product) {
	name := p.name
	TEXT(name, NOSPLIT, fmt.Sprintf("func(depth, tiles int, a *%[2]s, rs, cs int, b *%[2]s, c *%[1]s, ldc int)", k.element.name, p.operand))
	Doc(fmt.Sprintf("%s adds A·B to %d-row tiles of C, %d columns wide.", name, k.mr, k.nr()))
	depth, tiles := Load(Param("depth"), GP64()), Load(Param("tiles"), GP64())
	a := Load(Param("a"), GP64())
	rs, cs := Load(Param("rs"), GP64()), Load(Param("cs"), GP64())
	b := Load(Param("b"), GP64())
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	shift := uint8(2)
	if k.size == 8 {
		shift = 3
	}
	for _, stride := range []reg.Register{rs, cs, ldc} {
		SHLQ(U8(shift), stride)
	}
	rs3 := GP64()
	LEAQ(Mem{Base: rs, Index: rs, Scale: 2}, rs3)

	Label(name + "_tile")
	acc := make([][]reg.Register, k.mr)
	for i := range acc {
		for range k.vectors {
			v := p.vec()
			k.zero(v)
			acc[i] = append(acc[i], v)
		}
	}
	// C comes from L2 or beyond; fetch it while the sums are made.
	pc := GP64()
	MOVQ(c, pc)
	for range k.mr {
		for line := 0; line < k.vectors*k.bytes; line += 64 {
			PREFETCHT0(Mem{Base: pc, Disp: line})
		}
		ADDQ(ldc, pc)
	}
	pa, pb, n := GP64(), GP64(), GP64()
	MOVQ(a, pa)
	MOVQ(b, pb)
	MOVQ(depth, n)
	high := pa // rows 4… when there are more than four
	if k.mr > 4 {
		high = GP64()
		LEAQ(Mem{Base: a, Index: rs, Scale: 4}, high)
	}
	bv, x := make([]reg.Register, k.vectors), p.vec()
	for j := range bv {
		bv[j] = p.vec()
	}
	// A of the next tile comes from L2 or beyond, too. Whether its rows or its
	// columns are contiguous, one line of each row is fetched in time.
	ahead := GP64()
	LEAQ(Mem{Base: a, Index: rs, Scale: 4}, ahead)
	if k.mr > 4 {
		LEAQ(Mem{Base: ahead, Index: rs, Scale: 4}, ahead)
	}
	step := func(disp, u int) {
		for j := range bv {
			k.load(Mem{Base: pb, Disp: disp + j*k.bytes}, bv[j])
		}
		fetch := Mem{Base: ahead}
		switch u {
		case 1:
			fetch.Index, fetch.Scale = rs, 1
		case 2:
			fetch.Index, fetch.Scale = rs, 2
		case 3:
			fetch.Index, fetch.Scale = rs3, 1
		}
		PREFETCHT0(fetch)
		for i := range acc {
			base := pa
			if i >= 4 {
				base = high
			}
			m := Mem{Base: base}
			switch i % 4 {
			case 1:
				m.Index, m.Scale = rs, 1
			case 2:
				m.Index, m.Scale = rs, 2
			case 3:
				m.Index, m.Scale = rs3, 1
			}
			k.broadcast(m, x)
			for j := range bv {
				p.multiply(x, bv[j], acc[i][j])
			}
		}
		ADDQ(cs, pa)
		ADDQ(cs, ahead)
		if k.mr > 4 {
			ADDQ(cs, high)
		}
	}
	row := k.vectors * k.bytes
	SUBQ(U8(unroll), n)
	JL(LabelRef(name + "_rest"))
	Label(name + "_unrolled")
	for u := range unroll {
		step(u*row, u)
	}
	ADDQ(U32(uint32(unroll*row)), pb)
	SUBQ(U8(unroll), n)
	JGE(LabelRef(name + "_unrolled"))
	Label(name + "_rest")
	ADDQ(U8(unroll), n)
	JE(LabelRef(name + "_store"))
	Label(name + "_single")
	step(0, 0)
	ADDQ(U32(uint32(row)), pb)
	DECQ(n)
	JNE(LabelRef(name + "_single"))

	Label(name + "_store")
	for i := range acc {
		for j, v := range acc[i] {
			m := Mem{Base: c, Disp: j * k.bytes}
			k.add(m, v, v)
			k.store(v, m)
		}
		ADDQ(ldc, c)
	}
	for range k.mr / 4 {
		LEAQ(Mem{Base: a, Index: rs, Scale: 4}, a)
	}
	DECQ(tiles)
	JNE(LabelRef(name + "_tile"))
	VZEROUPPER()
	RET()
}

// reflect emits one fused step of the panel factorisation: the contract is in
// the package documentation.
func (k kernel) reflect() {
	name := "reflect" + k.short + k.variant.name
	TEXT(name, NOSPLIT, fmt.Sprintf("func(rows int, p *%[1]s, col, next int, w, sum *%[1]s)", k.element.name))
	Doc(fmt.Sprintf("%s applies a reflector to rows of a panel %d wide and sums for the next.", name, k.nr()))
	rows := Load(Param("rows"), GP64())
	p := Load(Param("p"), GP64())
	col, next := Load(Param("col"), GP64()), Load(Param("next"), GP64())
	wp := Load(Param("w"), GP64())
	sp := Load(Param("sum"), GP64())

	w := make([]reg.VecVirtual, k.vectors)
	for j := range w {
		w[j] = k.vec()
		k.load(Mem{Base: wp, Disp: j * k.bytes}, w[j])
	}
	const sets = 2
	var sum [sets][]reg.VecVirtual
	for s := range sum {
		for range k.vectors {
			v := k.vec()
			k.zero(v)
			sum[s] = append(sum[s], v)
		}
	}
	row := k.vectors * k.bytes
	step := func(disp int, sum []reg.VecVirtual) {
		x := k.vec()
		k.broadcast(Mem{Base: p, Disp: disp, Index: col, Scale: uint8(k.size)}, x)
		v := make([]reg.VecVirtual, k.vectors)
		for j := range v {
			v[j] = k.vec()
			k.load(Mem{Base: p, Disp: disp + j*k.bytes}, v[j])
			k.fnma(x, w[j], v[j])
			k.store(v[j], Mem{Base: p, Disp: disp + j*k.bytes})
		}
		y := k.vec()
		k.broadcast(Mem{Base: p, Disp: disp, Index: next, Scale: uint8(k.size)}, y)
		for j := range v {
			k.fma(y, v[j], sum[j])
		}
	}
	SUBQ(U8(sets), rows)
	JL(LabelRef(name + "_rest"))
	Label(name + "_unrolled")
	for s := range sets {
		step(s*row, sum[s])
	}
	ADDQ(U32(uint32(sets*row)), p)
	SUBQ(U8(sets), rows)
	JGE(LabelRef(name + "_unrolled"))
	Label(name + "_rest")
	ADDQ(U8(sets), rows)
	JE(LabelRef(name + "_store"))
	step(0, sum[0])
	Label(name + "_store")
	for j := range k.vectors {
		k.add(sum[1][j], sum[0][j], sum[0][j])
		k.store(sum[0][j], Mem{Base: sp, Disp: j * k.bytes})
	}
	VZEROUPPER()
	RET()
}
