package main

import (
	"bufio"
	"fmt"
	"math"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

// otherColumns are columns that may differ where scores do not. None depends on the scale
// of the weights.
func otherColumns() []string {
	return []string{"stable_rank", "effective_rank", "hill_alpha", "alpha", "condition"}
}

// mostBlind is of how many types it is said what would tell their layers apart.
const mostBlind = 10

// writeApart says of types whose score cannot rank what would, as far as the result itself
// shows it.
func writeApart(b *bufio.Writer, types []*typeRows, settings results.Settings) {
	said := 0
	for _, t := range types {
		why := blind(t.rows)
		if why == "" {
			continue
		}
		if said++; said == 1 {
			escape.Fprintf(b, "\nthe score does not tell these layers apart:\n")
		}
		if said <= mostBlind {
			escape.Fprintf(b, "  %s: %s%s%s\n", t.name, why, byColumn(t.rows), bySpikes(t.rows, settings))
		}
	}
	if said > mostBlind {
		escape.Fprintf(b, "  and %s more\n", plural(said-mostBlind, "type"))
	}
}

// blind says why the scores of a type cannot rank its layers, "" if they can.
func blind(rows []*results.Row) string {
	if len(rows) < 2 {
		return ""
	}
	saturated, same := 0, true
	for _, r := range rows {
		same = same && r.Error == "" && r.SNR == rows[0].SNR
		if r.Saturated {
			saturated++
		}
	}
	switch {
	case 2*saturated > len(rows):
		return fmt.Sprintf("%d of %d saturated", saturated, len(rows))
	case same:
		return fmt.Sprintf("all %d have the score %s", len(rows), formatNumber(rows[0].SNR))
	}
	return ""
}

// byColumn names the first column in which no two rows are the same, with its range.
func byColumn(rows []*results.Row) string {
	for _, name := range otherColumns() {
		of, _ := results.Column(name)
		values := make([]float64, len(rows))
		for i, r := range rows {
			values[i] = float64(of(r))
		}
		slices.Sort(values) // NaN first
		if math.IsNaN(values[0]) || math.IsInf(values[len(values)-1], 0) || len(slices.Compact(slices.Clone(values))) < len(values) {
			continue
		}
		return fmt.Sprintf("; select --by %s has no ties, %s", name, span(values[0], values[len(values)-1]))
	}
	return "; no other column of this result has a different value for each"
}

// bySpikes says what the spikes show of a scan with the noise scale that they are found
// by: it saturates where all values are spikes or what is none is zero, and there alone.
func bySpikes(rows []*results.Row, settings results.Settings) string {
	if settings.Noise == spectrum.NoiseKritchmanNadler.String() {
		return ""
	}
	least, most := math.Inf(1), 0.
	for _, r := range rows {
		n := float64(r.Spikes)
		if !(n > 0 && n < float64(min(r.Rows, r.Cols)) && r.SMin > 0) || r.RanksUncertain {
			return ""
		}
		least, most = min(least, n), max(most, n)
	}
	return fmt.Sprintf("; scan --noise kn would saturate none, by their spikes, %s", span(least, most))
}

// span writes a range of numbers.
func span(least, most float64) string {
	if least == most {
		return shortNumber(least) + " each"
	}
	return shortNumber(least) + " to " + shortNumber(most)
}
