// Package sturm corrects approximate eigenvalues or singular values by bisection,
// given a function that counts how many lie below a number: what LAPACK's dstebz does
// with dlaebz, from approximations instead of from intervals. The inverse of a law's
// distribution function is another matter, and package law/bisect's.
package sturm

import (
	"context"
	"math"

	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// Lanes is the number of counts made at once: enough to hide the latency of a
// division.
const Lanes = 4

// Counter returns how many values are less than each x.
type Counter func(x *[Lanes]float64) [Lanes]int

// Refine overwrites ascending approximations s by values that are off by width at
// most, and what count is off by. The result does not depend on workers.
func Refine(ctx context.Context, s []float64, width float64, workers int, count Counter) error {
	n := len(s)
	return parallel.For(ctx, workers, (n+Lanes-1)/Lanes, func(g int) {
		var b [Lanes]bracket
		for l := range b {
			i := min(g*Lanes+l, n-1)
			b[l] = bracket{mid: s[i], below: i, lo: math.Inf(-1), hi: math.Inf(1), step: 4 * width}
		}
		for more := true; more && ctx.Err() == nil; {
			var x [Lanes]float64
			for l := range b {
				x[l] = b[l].next()
			}
			more = false
			for l, c := range count(&x) {
				if b[l].hi-b[l].lo > 2*width {
					b[l].learn(x[l], c)
				}
				more = more || b[l].hi-b[l].lo > 2*width
			}
		}
		for l := range min(Lanes, n-g*Lanes) {
			s[g*Lanes+l] = (b[l].lo + b[l].hi) / 2
		}
	})
}

// bracket closes in on one value from an approximation.
type bracket struct {
	mid    float64 // the approximation
	below  int     // number of values below the one sought
	lo, hi float64 // it is at least lo and less than hi
	step   float64 // distance from mid of the next trial while they are unknown
}

// next returns where to count next.
func (b *bracket) next() float64 {
	switch {
	case math.IsInf(b.hi, 1):
		return b.mid + b.step
	case math.IsInf(b.lo, -1):
		return b.mid - b.step
	}
	return (b.lo + b.hi) / 2
}

// learn takes note of the number of values below x.
func (b *bracket) learn(x float64, count int) {
	switch above := count <= b.below; {
	case above:
		if b.lo = x; math.IsInf(b.hi, 1) {
			b.step *= 4
		}
	default:
		if b.hi = x; x < b.mid {
			b.step *= 4
		}
	}
}
