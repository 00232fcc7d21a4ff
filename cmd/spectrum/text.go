package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

// formatBytes writes n with a binary unit.
func formatBytes(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}

// formatCount writes n with thousands separated by commas.
func formatCount(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural writes a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "ix"); ok {
		return formatCount(int64(n)) + " " + stem + "ices"
	}
	return formatCount(int64(n)) + " " + noun + "s"
}

// list writes items with a word before the last: a, b or c.
func list(items []string, word string) string {
	last := len(items) - 1
	if last < 1 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:last], ", ") + " " + word + " " + items[last]
}

// formatNumber writes x with five significant digits.
func formatNumber[F ~float64](x F) string { return fmt.Sprintf("%.5g", float64(x)) }

// formatScore writes a score, with a question mark where the bound on its error says
// that no digit of it is certain.
func formatScore[F ~float64](snr F, bound float64) string {
	if math.IsInf(bound, 1) {
		return formatNumber(snr) + "?"
	}
	return formatNumber(snr)
}

// formatShape writes the dimensions of a tensor.
func formatShape(shape []int) string {
	if len(shape) == 0 {
		return "scalar"
	}
	text := strconv.Itoa(shape[0])
	for _, d := range shape[1:] {
		text += "×" + strconv.Itoa(d)
	}
	return text
}

// formula writes the score as it was computed.
func formula(o results.Settings) string {
	f := "Σ(signal)/Σ(noise)"
	switch o.Ratio {
	case "count":
		f = "#(signal)/#(noise)"
	case "energy":
		f = "Σ(signal²)/Σ(noise²)"
	}
	switch o.Divisor {
	case "none":
		return f
	case "edge":
		return f + " / (s_max/t)"
	}
	return f + " / s_max"
}

// columns writes a line of a table whose columns a tabwriter aligns.
func columns(w io.Writer, cells ...string) {
	for i, c := range cells {
		if i > 0 {
			escape.Fprintf(w, "\t")
		}
		escape.Fprintf(w, "%s", c)
	}
	escape.Fprintf(w, "\n")
}
