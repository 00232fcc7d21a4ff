package main

import (
	"fmt"
	"strings"
)

// asm collects assembly. Vector instructions are written as their encodings,
// with the instruction in a comment: Go's assembler knows neither multiply-adds
// by element nor most other vector arithmetic. The encodings are those of the Arm
// Architecture Reference Manual, section C4.1.96.
type asm struct {
	text, stubs strings.Builder
}

func (a *asm) line(format string, args ...any) { fmt.Fprintf(&a.text, "\t"+format+"\n", args...) }

func (a *asm) label(name string) { fmt.Fprintf(&a.text, "%s:\n", name) }

// fn begins a function; args are as in Go, each one word.
func (a *asm) fn(name, doc, args string, words int) {
	fmt.Fprintf(&a.text, "\n// func %s(%s)\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", name, args, name, 8*words)
	fmt.Fprintf(&a.stubs, "\n// %s %s\n//\n//go:noescape\nfunc %s(%s)\n", name, doc, name, args)
}

// arg loads an argument into general register r.
func (a *asm) arg(name string, index, r int) { a.line("MOVD %s+%d(FP), R%d", name, 8*index, r) }

func (a *asm) word(encoding uint32, format string, args ...any) {
	a.line("WORD $0x%08x // %s", encoding, fmt.Sprintf(format, args...))
}

// element is the type of the numbers.
type element struct {
	name, short string
	size        int
}

var (
	float32s = element{"float32", "F32", 4}
	float64s = element{"float64", "F64", 8}
)

func (e element) lanes() int { return 16 / e.size }

func (e element) shift() int {
	if e.size == 8 {
		return 3
	}
	return 2
}

// sz is the bit that tells float64 from float32.
func (e element) sz() uint32 {
	if e.size == 8 {
		return 1 << 22
	}
	return 0
}

func (e element) arrangement() string {
	if e.size == 8 {
		return "2d"
	}
	return "4s"
}

func reg3(d, n, m int) uint32 { return uint32(d) | uint32(n)<<5 | uint32(m)<<16 }

// three emits an instruction of three vector registers.
func (a *asm) three(e element, op uint32, name string, d, n, m int) {
	t := e.arrangement()
	a.word(op|e.sz()|reg3(d, n, m), "%s v%d.%s, v%d.%s, v%d.%s", name, d, t, n, t, m, t)
}

func (a *asm) fadd(e element, d, n, m int)  { a.three(e, 0x4e20d400, "fadd", d, n, m) }
func (a *asm) fsub(e element, d, n, m int)  { a.three(e, 0x4ea0d400, "fsub", d, n, m) }
func (a *asm) fmul(e element, d, n, m int)  { a.three(e, 0x6e20dc00, "fmul", d, n, m) }
func (a *asm) fdiv(e element, d, n, m int)  { a.three(e, 0x6e20fc00, "fdiv", d, n, m) }
func (a *asm) fmax(e element, d, n, m int)  { a.three(e, 0x4e20f400, "fmax", d, n, m) }
func (a *asm) fmla(e element, d, n, m int)  { a.three(e, 0x4e20cc00, "fmla", d, n, m) }
func (a *asm) faddp(e element, d, n, m int) { a.three(e, 0x6e20d400, "faddp", d, n, m) }
func (a *asm) fcmge(e element, d, n, m int) { a.three(e, 0x6e20e400, "fcmge", d, n, m) }

// byElement emits d ± n·m[lane].
func (a *asm) byElement(e element, op uint32, name string, d, n, m, lane int) {
	w := op | e.sz() | reg3(d, n, m)
	if e.size == 8 {
		w |= uint32(lane) << 11
	} else {
		w |= uint32(lane&1)<<21 | uint32(lane>>1)<<11
	}
	t := e.arrangement()
	a.word(w, "%s v%d.%s, v%d.%s, v%d.%c[%d]", name, d, t, n, t, m, t[1], lane)
}

func (a *asm) fmlaLane(e element, d, n, m, lane int) {
	a.byElement(e, 0x4f801000, "fmla", d, n, m, lane)
}

func (a *asm) fmlsLane(e element, d, n, m, lane int) {
	a.byElement(e, 0x4f805000, "fmls", d, n, m, lane)
}

func (a *asm) fmulLane(e element, d, n, m, lane int) {
	a.byElement(e, 0x4f809000, "fmul", d, n, m, lane)
}

// widenHalf emits FCVTL, or FCVTL2 for the upper half of n: elements of half the
// size of e to e.
func (a *asm) widenHalf(e element, d, n int, upper bool) {
	w, name := uint32(0x0e217800)|e.sz()|reg3(d, n, 0), "fcvtl"
	from := map[int]string{4: "4h", 8: "2s"}[e.size]
	if upper {
		w, name = w|1<<30, "fcvtl2"
		from = map[int]string{4: "8h", 8: "4s"}[e.size]
	}
	a.word(w, "%s v%d.%s, v%d.%s", name, d, e.arrangement(), n, from)
}

func (a *asm) zero(v int) { a.line("VEOR V%d.B16, V%[1]d.B16, V%[1]d.B16", v) }

func (a *asm) move(d, n int) { a.line("VMOV V%d.B16, V%d.B16", n, d) }

func (a *asm) and(d, n, m int) { a.line("VAND V%d.B16, V%d.B16, V%d.B16", m, n, d) }

// load and store move a whole vector register.
func (a *asm) load(v, base, disp int) { a.line("FMOVQ %d(R%d), F%d", disp, base, v) }

func (a *asm) store(v, base, disp int) { a.line("FMOVQ F%d, %d(R%d)", v, disp, base) }

// scalar loads one element into lane 0.
func (a *asm) scalar(e element, v int, address string) {
	a.line("FMOV%s %s, F%d", map[int]string{4: "S", 8: "D"}[e.size], address, v)
}

func (a *asm) storeScalar(e element, v int, address string) {
	a.line("FMOV%s F%d, %s", map[int]string{4: "S", 8: "D"}[e.size], v, address)
}
