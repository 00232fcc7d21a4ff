package native

import (
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// # Numbers that repeat
//
// The rounding errors of a long sum cancel as if they were random as long as its terms
// have nothing in common. Where the same few magnitudes are added over and over, as in
// matrices of signs, of constants, or of few levels, each is rounded by the same amount
// every time, and the errors of different sums make the same patterns as the sums. Such
// errors add up: over L terms to as much as 0.22·L·ε of the sum. So before it sums, the
// engine looks at a sample of the numbers, and where they repeat it rotates rows and columns
// by angles at random (see package block), after which they no longer do.
//
// What is sampled are magnitudes along lines of a matrix, because sums go along them. The
// measure is the share of pairs that coincide: 1/L when L levels are equally frequent. It
// is 1/565 for normal numbers in bfloat16, 1/128 for uniform ones within an octave, 1/70 for
// eight bits, and 0 for anything in float32. Zeros do not count: adding them is exact.
const (
	sampledLines = 16 // of a matrix
	enough       = 64 // nonzero numbers of a line
	runLength    = 16 // neighbours, which share cache lines
	leastSample  = 32 // nonzero numbers, below which sums are too short to matter

	// weightLevels and gramLevels are the numbers of levels below which weights, and elements
	// of a Gram matrix, repeat. Few-digit weights repeat a little, and rotated ones take
	// longer to multiply where the CPU has products of bfloat16 pairs; the elements of a
	// Gram matrix hardly ever repeat, and rotating it costs little.
	weightLevels = 32
	gramLevels   = 500
)

// weightsRepeat reports whether elements of w repeat, along its rows or along its columns:
// the terms of one sum, or those of different sums in the same place.
func weightsRepeat(w *kernel.Matrix) bool {
	return repeat(w.Rows, w.Cols, weightLevels, w.At) ||
		repeat(w.Cols, w.Rows, weightLevels, func(i, j int) float64 { return w.At(j, i) })
}

// gramRepeats reports whether elements of g off its diagonal repeat.
func gramRepeats[T kernel.Float](g *block.Sym[T]) bool {
	return repeat(g.N, g.N, gramLevels, func(i, j int) float64 {
		if i == j {
			return 0
		}
		return float64(g.Get(i, j))
	})
}

// repeat reports whether the lines of a matrix hold, on average over a sample, fewer than
// the given number of levels.
func repeat(lines, length int, levels float64, at func(i, j int) float64) bool {
	var sum float64
	measured, count := 0, min(lines, sampledLines)
	for l := range count {
		i := (2*l + 1) * lines / (2 * count)
		if share, ok := coincidence(sample(l, length, func(j int) float64 { return at(i, j) })); ok {
			sum += share
			measured++
		}
	}
	return sum*levels > float64(measured)
}

// sample returns the magnitudes of nonzero elements of a line, enough of them if there are
// as many: runs of neighbours, in an order that differs from line to line.
func sample(line, length int, at func(j int) float64) []float64 {
	run, runs := min(runLength, length), max(1, length/runLength)
	if length <= 2*enough {
		run, runs = length, 1
	}
	step := int(0.618 * float64(runs)) // neighbouring multiples of it are far apart
	for ; gcd(step, runs) > 1; step++ {
	}
	all := make([]float64, 0, enough+run)
	for r := 0; r < runs && len(all) < enough; r++ {
		from := (line*7919 + r*step) % runs * run
		for j := range run {
			if v := math.Abs(at(from + j)); v != 0 {
				all = append(all, v)
			}
		}
	}
	return all
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// coincidence returns the share of pairs of numbers that are equal. It reports whether there
// are enough of them.
func coincidence(all []float64) (share float64, ok bool) {
	slices.Sort(all)
	n, equal := len(all), 0
	for i, same := 1, 0; i < n; i++ {
		if all[i] != all[i-1] {
			same = 0
			continue
		}
		same++ // of those before are equal to this one
		equal += same
	}
	return float64(equal) / float64(n*(n-1)/2), n >= leastSample
}
