package results

import (
	"math"
	"strconv"
)

// A sketch has at most so many points, and of these so many are the largest values, each:
// what is above the noise is among them, and between the others little happens.
const (
	sketchPoints = 512
	sketchHead   = 64
)

// SketchRanks returns the ranks, from 0 for the largest, of the points of a sketch of n
// singular values. There are min(n, 512). Of up to 512 values all are points; of more the
// 64 largest, and 448 from the 65th to the smallest, evenly spaced by rank: point
// 64+i has the rank 64 + i·(n−65)/447, rounded to the nearest, a half up. The first is
// always the largest value, and the last the smallest.
func SketchRanks(n int) []int {
	ranks := make([]int, max(0, min(n, sketchPoints)))
	for i := range ranks {
		ranks[i] = i
		if n > sketchPoints && i >= sketchHead {
			const steps = sketchPoints - sketchHead - 1
			step, d := i-sketchHead, n-1-sketchHead // as quotient and rest, which overflow for no n
			ranks[i] = sketchHead + step*(d/steps) + (2*step*(d%steps)+steps)/(2*steps)
		}
	}
	return ranks
}

// Sketch returns a sketch of singular values, which are descending: those of the ranks of
// [SketchRanks], with 4 significant digits. It is nil without any.
func Sketch(values []float64) []float64 {
	ranks := SketchRanks(len(values))
	if len(ranks) == 0 {
		return nil
	}
	points := make([]float64, len(ranks))
	for i, r := range ranks {
		points[i] = fourDigits(values[r])
	}
	return points
}

// fourDigits rounds to 4 significant digits.
func fourDigits(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 3, 64), 64)
	if err != nil || math.IsInf(r, 0) { // the largest numbers would become infinite
		return v
	}
	return r
}
