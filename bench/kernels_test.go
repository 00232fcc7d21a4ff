package bench

import (
	"testing"
	"time"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/measure"
)

// BenchmarkKernel sets each kernel beside the peak of its instructions, both
// for a fraction of a millisecond in turn, so that the clock of the CPU cancels
// out. All data are in the L1 or L2 cache.
func BenchmarkKernel(b *testing.B) {
	eachKernel(b, benchmarkKernel[float32], benchmarkKernel[float64])
}

func benchmarkKernel[T kernel.Float](b *testing.B, k *kernel.Kernel[T]) {
	for _, l := range layouts(k) {
		b.Run("strip/"+l.name, func(b *testing.B) { besidePeak(b, measure.Peak(k), measure.Strip(k, l.Layout)) })
	}
	if k.HasPairs() {
		b.Run("pairs/gram", func(b *testing.B) { besidePeak(b, measure.PeakPairs(k), measure.Pairs(k, k.NR)) })
	}
	for _, w := range vectorKernels(k) {
		b.Run(w.name, func(b *testing.B) { besidePeak(b, measure.Peak(k), w.Work) })
	}
}

func besidePeak(b *testing.B, p, w measure.Work) {
	const turn = 200 * time.Microsecond
	p, w = p.Lasting(turn), w.Lasting(turn)
	s := samples{}
	for b.Loop() {
		top, rate := p.Rate(), w.Rate()
		s.add("GFLOP/s", rate)
		s.add("%peak", 100*rate/top)
	}
	s.report(b)
}

// layout is one way the engine calls Strip.
type layout struct {
	name string
	measure.Layout
}

// layouts are those of large matrices. The ones of the panel factorisation
// are like inner and outer, but shorter.
func layouts[T kernel.Float](k *kernel.Kernel[T]) []layout {
	b := block.Size(4096)
	return []layout{
		{"gram", measure.GramLayout(k, b)},
		{"product", measure.Layout{Depth: b, Rows: b, RS: b, CS: 1, LDC: k.NR}},                         // A₂₂·V, from a stored block
		{"transposed", measure.Layout{Depth: b, Rows: b, RS: 1, CS: b, LDC: k.NR}},                      // and from its transpose
		{"inner", measure.Layout{Depth: b, Rows: k.NR, RS: 1, CS: k.NR, LDC: kernel.Band}},              // Vᵀ·X
		{"outer", measure.Layout{Depth: k.NR, Rows: b, RS: k.NR, CS: 1, LDC: 2 * kernel.Band}},          // X·T and V·M
		{"update", measure.Layout{Depth: 2 * kernel.Band, Rows: b, RS: 2 * kernel.Band, CS: 1, LDC: b}}, // A₂₂ − V·Wᵀ − W·Vᵀ
	}
}

// vectorKernels are the kernels that do few flops for each number they fetch.
// Zeros among the operands keep the numbers from growing.
func vectorKernels[T kernel.Float](k *kernel.Kernel[T]) []namedWork {
	const rows, order = 128, kernel.Band
	p, zeros, sum := measure.Random[T](rows*k.NR), make([]T, k.NR), make([]T, k.NR)
	m := block.NewSymBand[T](4 * order)
	h, d := m.Window(2*order, order), m.Window(order, order)
	x, y, z := [order]T(measure.Random[T](order)), [order]T{}, [order]T{}
	return []namedWork{
		{"reflect", measure.Work{Flops: 4 * rows * float64(k.NR), Run: func() { k.Reflect(rows, p, 0, 1, zeros, sum) }}},
		{"mul", measure.Work{Flops: 2 * order * order, Run: func() { k.Mul(h, m.Stride, &x, &y) }}},
		{"mulT", measure.Work{Flops: 2 * order * order, Run: func() { k.MulT(h, m.Stride, &x, &y) }}},
		{"rank2", measure.Work{Flops: 4 * order * order, Run: func() { k.Rank2(h, m.Stride, &x, &z, &x, &z) }}},
		{"symMul", measure.Work{Flops: 2 * order * order, Run: func() { k.SymMul(d, &x, &y) }}},
		{"symRank2", measure.Work{Flops: 2 * order * order, Run: func() { k.SymRank2(d, &x, &z) }}},
	}
}

type namedWork struct {
	name string
	measure.Work
}
