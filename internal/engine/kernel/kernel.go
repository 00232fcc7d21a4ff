// Package kernel holds the inner loops of the native engine: register-tile
// micro-kernels in assembly and Go behind one type, chosen by CPU features, and
// the packing that lays out what they read. Package block builds matrices and their
// products on it.
//
// # Storage
//
// Everything is row-major. A panel is NR columns wide and contiguous: element
// (p, j) of a k×NR panel is at p·NR + j. A matrix with more columns is a row of
// panels. Rows and columns that do not exist are zeros, so no kernel has edges:
// callers round sizes up to MR and NR. Which size divides which stands at [Band].
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

import "fmt"

//go:generate go run -C _gen ./amd64 -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg kernel
//go:generate go run -C _gen ./arm64 -out ../kernel_arm64.s -stubs ../stubs_arm64.go

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

// Strip adds A·B to C, see the contract in the package documentation.
func (k *Kernel[T]) Strip(depth, tiles int, a []T, rs, cs int, b, c []T, ldc int) {
	if !k.fits(depth, tiles, len(a), rs, cs, len(b), len(c), ldc) {
		panic(k.misfit("Strip", depth, tiles, len(a), rs, cs, len(b), len(c), ldc))
	}
	k.strip(depth, tiles, &a[0], rs, cs, &b[0], &c[0], ldc)
}

// Pairs adds A·B to C, see the contract in the package documentation.
func (k *Kernel[T]) Pairs(depth, tiles int, a []uint32, rs, cs int, b []uint32, c []T, ldc int) {
	if !k.fits(depth, tiles, len(a), rs, cs, len(b), len(c), ldc) {
		panic(k.misfit("Pairs", depth, tiles, len(a), rs, cs, len(b), len(c), ldc))
	}
	k.pairs(depth, tiles, &a[0], rs, cs, &b[0], &c[0], ldc)
}

// HasPairs reports whether Pairs may be called.
func (k *Kernel[T]) HasPairs() bool { return k.pairs != nil }

// fits reports whether slices of the given lengths hold the operands of Strip.
func (k *Kernel[T]) fits(depth, tiles, lenA, rs, cs, lenB, lenC, ldc int) bool {
	rows := tiles * k.MR
	return depth >= 1 && tiles >= 1 && rs >= 0 && cs >= 0 && ldc >= k.NR &&
		lenA > (rows-1)*rs+(depth-1)*cs && lenB >= depth*k.NR && lenC >= (rows-1)*ldc+k.NR
}

func (k *Kernel[T]) misfit(name string, depth, tiles, lenA, rs, cs, lenB, lenC, ldc int) string {
	return fmt.Sprintf("kernel: %s of %s: %d tiles of %d×%d and depth %d do not fit A of %d elements with strides %d and %d, B of %d and C of %d with rows %d apart",
		name, k.Name, tiles, k.MR, k.NR, depth, lenA, rs, cs, lenB, lenC, ldc)
}

// Reflect makes one pass over a panel, see the contract in the package
// documentation.
func (k *Kernel[T]) Reflect(rows int, p []T, col, next int, w, sum []T) {
	if rows < 0 || uint(col) >= uint(k.NR) || uint(next) >= uint(k.NR) ||
		len(p) < rows*k.NR || len(w) < k.NR || len(sum) < k.NR {
		panic(fmt.Sprintf("kernel: Reflect of %s: %d rows of %d and columns %d and %d do not fit a panel of %d elements, w of %d and sum of %d",
			k.Name, rows, k.NR, col, next, len(p), len(w), len(sum)))
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
	if rounds < 1 || lenX < k.NR || lenSum < k.NR {
		panic(fmt.Sprintf("kernel: Peak of %s: %d rounds, on %d and %d elements where %d are needed", k.Name, rounds, lenX, lenSum, k.NR))
	}
}
