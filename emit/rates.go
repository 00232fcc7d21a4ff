package emit

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/selection"
)

func learningRates() trainer {
	return trainer{
		format:   LearningRates,
		about:    "CSV of learning-rate multipliers, for optimisers with parameter groups",
		matching: "exact names",
		write:    writeRates,
		read:     readCSV,
		names:    printableNames,
	}
}

func writeRates(sel *selection.Selection, _ Training) (string, error) {
	factors, err := strengths(sel)
	if err != nil {
		return "", err
	}
	rows := [][]string{{"name", "type", cmp.Or(sel.By, "snr"), "lr_multiplier"}}
	for _, l := range sel.Layers() {
		rows = append(rows, []string{escape.Cell(l.Name), escape.Cell(l.Type), score(l.SNR).String(), fmt.Sprintf("%.4g", factors[l.Name])})
	}
	var b strings.Builder
	err = csv.NewWriter(&b).WriteAll(rows)
	return b.String(), err
}

// strengths returns, for every chosen layer by name, its SNR over the median of
// those chosen of its type, between ½ and 2. An infinite score gives 2 if the
// median is finite, a missing one, or none to compare with, 1. What the layers were ranked
// by may be something else than the SNR, but no proportion can be had of values below zero,
// or where the lowest is the best.
func strengths(sel *selection.Selection) (map[string]float64, error) {
	out := make(map[string]float64)
	if sel.Ascending {
		return nil, fmt.Errorf("in proportion to %s, of which less is better", sel.By)
	}
	for _, g := range sel.Groups {
		var scores []float64
		for _, l := range g.Chosen {
			if l.SNR < 0 {
				return nil, fmt.Errorf("in proportion to %s, which is below zero for %s", cmp.Or(sel.By, "the SNR"), l.Name)
			}
			if !math.IsNaN(l.SNR) {
				scores = append(scores, l.SNR)
			}
		}
		slices.Sort(scores)
		for _, l := range g.Chosen {
			out[l.Name] = 1
			if n := len(scores); n > 0 {
				if x := l.SNR / (scores[(n-1)/2]/2 + scores[n/2]/2); !math.IsNaN(x) {
					out[l.Name] = min(max(x, 0.5), 2)
				}
			}
		}
	}
	return out, nil
}

// even returns 1 for every chosen layer.
func even(sel *selection.Selection) map[string]float64 {
	out := make(map[string]float64)
	for _, l := range sel.Layers() {
		out[l.Name] = 1
	}
	return out
}
