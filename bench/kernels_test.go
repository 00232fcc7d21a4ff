package bench

import (
	"slices"
	"testing"
	"time"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// BenchmarkKernel sets each kernel beside the peak of its instructions, both
// for a fraction of a millisecond in turn, so that the clock of the CPU cancels
// out. All data are in the L1 or L2 cache.
func BenchmarkKernel(b *testing.B) {
	eachKernel(b, benchmarkKernel[float32], benchmarkKernel[float64])
}

func benchmarkKernel[T kernel.Float](b *testing.B, k *kernel.Kernel[T]) {
	for _, l := range layouts(k) {
		b.Run("strip/"+l.name, func(b *testing.B) { besidePeak(b, peak(k), strip(k, l)) })
	}
	if k.HasPairs() {
		b.Run("pairs/gram", func(b *testing.B) { besidePeak(b, peakPairs(k), pairs(k)) })
	}
	for _, w := range vectorKernels(k) {
		b.Run(w.name, func(b *testing.B) { besidePeak(b, peak(k), w.work) })
	}
}

func besidePeak(b *testing.B, p, w work) {
	const turn = 200 * time.Microsecond
	p, w = p.lasting(turn), w.lasting(turn)
	s := samples{}
	for b.Loop() {
		top, rate := p.rate(), w.rate()
		s.add("GFLOP/s", rate)
		s.add("%peak", 100*rate/top)
	}
	s.report(b)
}

// layout is one way the engine calls Strip.
type layout struct {
	name                     string
	depth, rows, rs, cs, ldc int
}

// layouts are those of large matrices. The ones of the panel factorisation
// are like inner and outer, but shorter.
func layouts[T kernel.Float](k *kernel.Kernel[T]) []layout {
	block := block.Size(4096)
	return []layout{
		{"gram", kernel.GramDepth, k.NR, 1, k.NR, block},
		{"product", block, block, block, 1, k.NR},                     // A₂₂·V, from a stored block
		{"transposed", block, block, 1, block, k.NR},                  // and from its transpose
		{"inner", block, k.NR, 1, k.NR, kernel.Band},                  // Vᵀ·X
		{"outer", k.NR, block, k.NR, 1, 2 * kernel.Band},              // X·T and V·M
		{"update", 2 * kernel.Band, block, 2 * kernel.Band, 1, block}, // A₂₂ − V·Wᵀ − W·Vᵀ
	}
}

func strip[T kernel.Float](k *kernel.Kernel[T], l layout) work {
	a := random[T]((l.rows-1)*l.rs + (l.depth-1)*l.cs + 1)
	panel, c := random[T](l.depth*k.NR), make([]T, (l.rows-1)*l.ldc+k.NR)
	return work{
		flops: 2 * float64(l.depth) * float64(l.rows) * float64(k.NR),
		run:   func() { k.Strip(l.depth, l.rows/k.MR, a, l.rs, l.cs, panel, c, l.ldc) },
	}
}

// pairs is strip in the layout of the Gram matrix, for pairs of bfloat16 numbers.
func pairs[T kernel.Float](k *kernel.Kernel[T]) work {
	const one = 0x3f803f80 // twice 1
	a, c := slices.Repeat([]uint32{one}, kernel.PairDepth*k.NR), make([]T, k.NR*k.NR)
	return work{
		flops: 4 * kernel.PairDepth * float64(k.NR) * float64(k.NR),
		run:   func() { k.Pairs(kernel.PairDepth, k.NR/k.MR, a, 1, k.NR, a, c, k.NR) },
	}
}

// vectorKernels are the kernels that do few flops for each number they fetch.
// Zeros among the operands keep the numbers from growing.
func vectorKernels[T kernel.Float](k *kernel.Kernel[T]) []namedWork {
	const rows, order = 128, kernel.Band
	p, zeros, sum := random[T](rows*k.NR), make([]T, k.NR), make([]T, k.NR)
	m := block.NewSymBand[T](4 * order)
	h, d := m.Window(2*order, order), m.Window(order, order)
	x, y, z := [order]T(random[T](order)), [order]T{}, [order]T{}
	return []namedWork{
		{"reflect", work{4 * rows * float64(k.NR), func() { k.Reflect(rows, p, 0, 1, zeros, sum) }}},
		{"mul", work{2 * order * order, func() { k.Mul(h, m.Stride, &x, &y) }}},
		{"mulT", work{2 * order * order, func() { k.MulT(h, m.Stride, &x, &y) }}},
		{"rank2", work{4 * order * order, func() { k.Rank2(h, m.Stride, &x, &z, &x, &z) }}},
		{"symMul", work{2 * order * order, func() { k.SymMul(d, &x, &y) }}},
		{"symRank2", work{2 * order * order, func() { k.SymRank2(d, &x, &z) }}},
	}
}

type namedWork struct {
	name string
	work
}
