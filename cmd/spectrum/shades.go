package main

import (
	"math"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/results"
)

// Characters of what has no score to show.
const (
	glyphNone      = "·"
	glyphFailed    = "!"
	glyphUncertain = "?"
	glyphZero      = "0"
	glyphSaturated = "∞"
)

// glyphMeanings says what these are, in the order of a legend.
func glyphMeanings() [][2]string {
	return [][2]string{
		{glyphSaturated, "saturated"}, {glyphUncertain, "no digit is certain"}, {glyphZero, "all zero"},
		{glyphFailed, "failed"}, {glyphNone, "none"},
	}
}

// scoreOf returns the median score of the rows that one place of a picture stands for, or
// the character that it has instead.
func scoreOf(rows []*results.Row) (score float64, glyph string) {
	if len(rows) == 0 {
		return math.NaN(), glyphNone
	}
	scores := make([]float64, len(rows))
	zero, uncertain := true, false
	for i, r := range rows {
		scores[i] = float64(r.SNR)
		if r.Error != "" || math.IsNaN(scores[i]) {
			return math.NaN(), glyphFailed
		}
		zero = zero && r.Zero
		uncertain = uncertain || math.IsInf(float64(r.SNRError), 1) && !r.Zero && !r.Saturated
	}
	slices.Sort(scores)
	score = scores[len(scores)/2]
	if len(scores)%2 == 0 {
		score = score/2 + scores[len(scores)/2-1]/2
	}
	switch {
	case zero:
		return score, glyphZero
	case uncertain:
		return score, glyphUncertain
	case math.IsInf(score, 1):
		return score, glyphSaturated
	}
	return score, ""
}

// pooled joins neighbours until there are no more than n places.
func pooled(places [][]*results.Row, n int) [][]*results.Row {
	each := perColumn(len(places), n)
	var all [][]*results.Row
	for part := range slices.Chunk(places, each) {
		all = append(all, slices.Concat(part...))
	}
	return all
}

// perColumn returns how many of all places share one of n columns.
func perColumn(all, n int) int { return max(1, (all+n-1)/max(1, n)) }

// sparkline draws the scores of places from the lowest to the highest of them.
func sparkline(places [][]*results.Row, width int) string {
	const bars = "▁▂▃▄▅▆▇█"
	places = pooled(places, width)
	low, high := math.Inf(1), math.Inf(-1)
	for _, rows := range places {
		if v, glyph := scoreOf(rows); glyph == "" {
			low, high = min(low, v), max(high, v)
		}
	}
	var b strings.Builder
	for _, rows := range places {
		v, glyph := scoreOf(rows)
		if glyph == "" {
			glyph = step(bars, (v-low)/(high-low))
		}
		b.WriteString(glyph)
	}
	return b.String()
}

// step returns the character of a share of 0 to 1 among those of a scale, the middle one
// where there is no share.
func step(scale string, share float64) string {
	runes := []rune(scale)
	if math.IsNaN(share) {
		share = 0.5 - 0.5/float64(len(runes))
	}
	return string(runes[max(0, min(len(runes)-1, int(share*float64(len(runes)))))])
}

// shade draws a score by its rank among all of its type, which are sorted: in four
// quarters, equal scores in one.
func shade(score float64, sorted []float64) string {
	below, _ := slices.BinarySearch(sorted, score)
	upTo := below
	for upTo < len(sorted) && sorted[upTo] == score {
		upTo++
	}
	return step("░▒▓█", float64(below+upTo)/2/float64(len(sorted)))
}
