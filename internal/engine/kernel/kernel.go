// Package kernel holds the inner loops of the native engine: register-tile
// micro-kernels in assembly and Go behind one type, chosen by CPU features, and
// the packed matrix products built on them.
//
// # Storage
//
// Everything is row-major. A panel is NR columns wide and contiguous: element
// (p, j) of a k×NR panel is at p·NR + j. A matrix with more columns is a row of
// panels. Rows and columns that do not exist are zeros, so no kernel has edges:
// callers round sizes up to MR and NR.
//
// # The contract of a micro-kernel
//
// Strip adds A·B to C, where
//
//	C is tiles·MR × NR, element (i, j) at c[i·ldc + j];
//	A is tiles·MR × depth, element (i, p) at a[i·rs + p·cs];
//	B is a depth×NR panel at b.
//
// depth and tiles are at least 1, rs and cs at least 0, and no alignment is
// assumed. C overlaps neither A nor B. The sum over p runs from 0 to depth−1 in
// one accumulator per element, which is then added to C once: the result does
// not depend on how the caller cuts C. B should stay in the L1 cache and A in
// L2. A call takes tiles·depth·MR·NR·2 flops and must not exceed some tens of
// microseconds, because assembly cannot be preempted.
//
// Pairs is Strip for elements of A and B that are two bfloat16 numbers, the
// first in the lower half: their products are exact, and those of the upper
// halves are added before those of the lower. It reads subnormal numbers as zeros
// and rounds subnormal sums to zero, as the instruction does.
//
// Reflect makes one pass over the rows×NR panel at p and does, for each row x,
//
//	x −= x[col]·w      (x[col] as it was)
//	sum += x[next]·x   (x as it is now)
//
// With w = τ·s·(vᵀP) and w[col] = 1−s it applies a Householder reflector whose
// vector is s times column col to the panel, scales that column to the vector,
// and sums what the next reflector needs. sum is overwritten. rows may be 0.
//
// Peak takes the vectors 0, x, 2·x … (peakChains of them, of lanes elements)
// through
//
//	a ← a·x + x
//
// rounds times without touching memory, which is the most that the multiply-adds
// of Strip can do; sum is the total of the vectors. x and sum have lanes elements.
// PeakPairs is its twin for Pairs: from 0, each vector becomes
//
//	a ← a + x₁·x₁ + x₀·x₀
//
// The assembly clobbers what the Go ABI lets it and leaves the upper halves of
// the vector registers clean. It neither allocates nor calls anything.
package kernel

import "strings"

//go:generate go run -C _gen . -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg kernel
//go:generate go run -C _gen ./neon -out ../kernel_arm64.s -stubs ../stubs_arm64.go

// Float is the arithmetic of a kernel.
type Float interface{ float32 | float64 }

// Kernel is a micro-kernel with the sizes that suit it.
type Kernel[T Float] struct {
	Name   string
	MR, NR int // rows and columns of the register tile
	lanes  int // elements of a vector register
	// OneStage is the order up to which a square matrix is sooner bidiagonalised in
	// one stage than in two, in float64.
	OneStage int

	strip   func(depth, tiles int, a *T, rs, cs int, b, c *T, ldc int)
	reflect func(rows int, p *T, col, next int, w, sum *T)
	peak    func(rounds int, x, sum *T)
	band    bandKernels[T]
	widen   wideners[T]
	wave    func(w *float64, rows int, d, e *float64)

	// strip and peak for pairs of bfloat16 numbers; nil where the CPU has none
	pairs     func(depth, tiles int, a *uint32, rs, cs int, b *uint32, c *T, ldc int)
	peakPairs func(rounds int, x *uint32, sum *T)
}

// peakChains is the number of independent multiply-adds that hide each other's
// latency in Peak.
const peakChains = 12

// Strip adds A·B to C, see the contract in the package documentation.
func (k *Kernel[T]) Strip(depth, tiles int, a []T, rs, cs int, b, c []T, ldc int) {
	k.checkStrip(depth, tiles, len(a), rs, cs, len(b), len(c), ldc)
	k.strip(depth, tiles, &a[0], rs, cs, &b[0], &c[0], ldc)
}

// Pairs adds A·B to C, see the contract in the package documentation.
func (k *Kernel[T]) Pairs(depth, tiles int, a []uint32, rs, cs int, b []uint32, c []T, ldc int) {
	k.checkStrip(depth, tiles, len(a), rs, cs, len(b), len(c), ldc)
	k.pairs(depth, tiles, &a[0], rs, cs, &b[0], &c[0], ldc)
}

func (k *Kernel[T]) checkStrip(depth, tiles, lenA, rs, cs, lenB, lenC, ldc int) {
	rows := tiles * k.MR
	if depth < 1 || tiles < 1 || rs < 0 || cs < 0 || ldc < k.NR {
		panic("kernel: Strip called with a bad size")
	}
	if lenA <= (rows-1)*rs+(depth-1)*cs || lenB < depth*k.NR || lenC < (rows-1)*ldc+k.NR {
		panic("kernel: Strip called with a short slice")
	}
}

// Reflect makes one pass over a panel, see the contract in the package
// documentation.
func (k *Kernel[T]) Reflect(rows int, p []T, col, next int, w, sum []T) {
	if rows < 0 || uint(col) >= uint(k.NR) || uint(next) >= uint(k.NR) {
		panic("kernel: Reflect called with a bad size")
	}
	if len(p) < rows*k.NR || len(w) < k.NR || len(sum) < k.NR {
		panic("kernel: Reflect called with a short slice")
	}
	if rows == 0 {
		clear(sum[:k.NR])
		return
	}
	k.reflect(rows, &p[0], col, next, &w[0], &sum[0])
}

// Peak runs the multiply-adds of Strip as fast as the CPU can, for benchmarks to
// compare with, and returns the number of flops made. See the contract in the
// package documentation; x and sum have at least NR elements.
func (k *Kernel[T]) Peak(rounds int, x, sum []T) (flops float64) {
	k.checkPeak(rounds, len(x), len(sum))
	k.peak(rounds, &x[0], &sum[0])
	return 2 * peakChains * float64(k.lanes) * float64(rounds)
}

// PeakPairs is Peak for the multiply-adds of Pairs.
func (k *Kernel[T]) PeakPairs(rounds int, x []uint32, sum []T) (flops float64) {
	k.checkPeak(rounds, len(x), len(sum))
	k.peakPairs(rounds, &x[0], &sum[0])
	return 4 * peakChains * float64(k.lanes) * float64(rounds)
}

func (k *Kernel[T]) checkPeak(rounds, lenX, lenSum int) {
	if rounds < 1 {
		panic("kernel: Peak called with a bad size")
	}
	if lenX < k.NR || lenSum < k.NR {
		panic("kernel: Peak called with a short slice")
	}
}

// All returns the kernels this machine can run, the best first; the last is the
// generic one.
func All[T Float]() []Kernel[T] {
	var all any = kernels64()
	if _, ok := all.([]Kernel[T]); !ok {
		all = kernels32()
	}
	return all.([]Kernel[T])
}

// bf16 marks the names of kernels that multiply bfloat16 pairs.
const bf16 = "bf16"

// Named returns the kernel called name, which is one of those that All returns
// for float32. float64 has no use for bfloat16 pairs and gets the kernel without.
func Named[T Float](name string) *Kernel[T] {
	if _, ok := any(T(0)).(float64); ok {
		name = strings.TrimSuffix(name, bf16)
	}
	for _, k := range All[T]() {
		if k.Name == name {
			return &k
		}
	}
	panic("kernel: unknown name")
}

// Mul sets y to H·x for a window H of a band matrix, its columns ld apart; x and
// y have Band elements.
func (k *Kernel[T]) Mul(h []T, ld int, x, y *[Band]T) {
	k.band.mul(window(h, ld), ld, &x[0], &y[0])
}

// MulT sets y to Hᵀ·x.
func (k *Kernel[T]) MulT(h []T, ld int, x, y *[Band]T) {
	k.band.mulT(window(h, ld), ld, &x[0], &y[0])
}

// Rank2 subtracts x·aᵀ + y·bᵀ from H.
func (k *Kernel[T]) Rank2(h []T, ld int, x, a, y, b *[Band]T) {
	k.band.rank2(window(h, ld), ld, &x[0], &a[0], &y[0], &b[0])
}

// SymMul sets y to D·x for a window D on the diagonal of a symmetric band matrix.
func (k *Kernel[T]) SymMul(d []T, x, y *[Band]T) { k.band.symMul(window(d, symStride), &x[0], &y[0]) }

// SymRank2 subtracts x·yᵀ + y·xᵀ from D.
func (k *Kernel[T]) SymRank2(d []T, x, y *[Band]T) {
	k.band.symRank2(window(d, symStride), &x[0], &y[0])
}

func window[T Float](h []T, ld int) *T {
	if ld < Band || len(h) < (Band-1)*ld+Band {
		panic("kernel: band kernel called with a short window")
	}
	return &h[0]
}
