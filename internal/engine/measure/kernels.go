package measure

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// peakRounds take microseconds.
const peakRounds = 1000

// Peak is the most that the multiply-adds of k can do: they work on registers alone.
func Peak[T kernel.Float](k *kernel.Kernel[T]) Work {
	x, sum := Random[T](k.NR), make([]T, k.NR)
	return Work{Flops: k.Peak(peakRounds, x, sum), Run: func() { k.Peak(peakRounds, x, sum) }}
}

// PeakPairs is Peak for pairs of bfloat16 numbers, which k has.
func PeakPairs[T kernel.Float](k *kernel.Kernel[T]) Work {
	x, sum := make([]uint32, k.NR), make([]T, k.NR)
	return Work{Flops: k.PeakPairs(peakRounds, x, sum), Run: func() { k.PeakPairs(peakRounds, x, sum) }}
}

// Layout is a way to call Strip: on Rows rows, and with strides as its contract has them.
type Layout struct{ Depth, Rows, RS, CS, LDC int }

// GramLayout is that of a Gram matrix in blocks of the given order.
func GramLayout[T kernel.Float](k *kernel.Kernel[T], order int) Layout {
	return Layout{Depth: kernel.GramDepth, Rows: k.NR, RS: 1, CS: k.NR, LDC: order}
}

// Strip is one call of Strip, whose operands are in the cache.
func Strip[T kernel.Float](k *kernel.Kernel[T], l Layout) Work {
	a := Random[T]((l.Rows-1)*l.RS + (l.Depth-1)*l.CS + 1)
	panel, c := Random[T](l.Depth*k.NR), make([]T, (l.Rows-1)*l.LDC+k.NR)
	return Work{
		Flops: 2 * float64(l.Depth) * float64(l.Rows) * float64(k.NR),
		Run:   func() { k.Strip(l.Depth, l.Rows/k.MR, a, l.RS, l.CS, panel, c, l.LDC) },
	}
}

// Pairs is Strip in the layout of a Gram matrix for pairs of bfloat16 numbers, which k
// has.
func Pairs[T kernel.Float](k *kernel.Kernel[T], order int) Work {
	const one = 0x3f803f80 // twice 1
	a, c := slices.Repeat([]uint32{one}, kernel.PairDepth*k.NR), make([]T, (k.NR-1)*order+k.NR)
	return Work{
		Flops: 4 * kernel.PairDepth * float64(k.NR) * float64(k.NR),
		Run:   func() { k.Pairs(kernel.PairDepth, k.NR/k.MR, a, 1, k.NR, a, c, order) },
	}
}

// Gram returns the product that k sums Gram matrices with, in blocks of the given order,
// and the peak of the same instruction: pairs of bfloat16 numbers where k has them.
func Gram[T kernel.Float](k *kernel.Kernel[T], order int) (peak, product Work) {
	if k.HasPairs() {
		return PeakPairs(k), Pairs(k, order)
	}
	return Peak(k), Strip(k, GramLayout(k, order))
}

// Random returns n numbers between 0 and ½.
func Random[T kernel.Float](n int) []T {
	rnd := rand.New(rand.NewPCG(uint64(n), 1))
	s := make([]T, n)
	for i := range s {
		s[i] = T(rnd.Float64() / 2)
	}
	return s
}

// Kernel is a kernel of this module with its speeds in both arithmetics, which are zero
// where it does not run.
type Kernel struct {
	kernel.Known
	Float32, Float64 Speed
}

// Speed is that of one goroutine, in GFLOP/s, with the instruction that sums Gram
// matrices.
type Speed struct {
	Peak  float64 // on registers alone
	Strip float64 // in the packed product, from the cache
}

// Kernels returns every kernel there is, in the order of [kernel.AllKnown]. It measures
// each speed for about d, and none if d is 0.
func Kernels(d time.Duration) []Kernel {
	var all []Kernel
	for _, known := range kernel.AllKnown() {
		k := Kernel{Known: known}
		if d > 0 && len(k.Missing) == 0 {
			k.Float32 = speed(kernel.Named[float32](k.Name), d)
			k.Float64 = speed(kernel.Named[float64](k.Name), d)
		}
		all = append(all, k)
	}
	return all
}

func speed[T kernel.Float](k *kernel.Kernel[T], d time.Duration) Speed {
	peak, product := Gram(k, k.NR)
	return Speed{Peak: peak.RateOver(d), Strip: product.RateOver(d)}
}
