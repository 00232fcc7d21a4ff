package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/results"
)

// Bounds of what is drawn of spectra: so many layers have one all at once; where there are
// more, some have; and so many points there are in all, of each spectrum at most and least.
const (
	allSketches   = 2000
	someSketches  = 1000
	allPoints     = 280_000
	mostPoints    = 512
	fewestPoints  = 64
	sketchDensity = 2000 // steps of a factor of e between two values
)

// points returns the sketch of a row, nil where it has none that can be drawn.
func points(row *results.Row) []float64 {
	n := int(min(row.Rows, row.Cols))
	list := row.SpectrumSketch
	if len(row.SingularValues) > 0 {
		if list = nil; len(row.SingularValues) == n {
			list = results.Sketch(row.SingularValues)
		}
	}
	if len(list) != len(results.SketchRanks(n)) || len(list) == 0 || row.Error != "" {
		return nil
	}
	last := math.MaxFloat64
	for _, v := range list {
		if !(v >= 0 && v <= last) {
			return nil
		}
		last = v
	}
	return list
}

// thin returns the indices of p of k points: the first quarter, and of the others, evenly
// spaced, as many as there is room for.
func thin(k, p int) []int {
	list := make([]int, min(k, p))
	head := p / 4
	for i := range list {
		list[i] = i
		if k > p && i >= head {
			steps := p - 1 - head
			list[i] = head + (2*(i-head)*(k-1-head)+steps)/(2*steps)
		}
	}
	return list
}

// spectrumText writes points as steps down from the first, in logarithms: a digit for a
// short step, two for a longer one, five for any other. What is zero is left out at the end.
func spectrumText(list []float64) string {
	var b strings.Builder
	was := 0
	for _, v := range list {
		if v == 0 {
			break
		}
		code := int(math.Round((math.Log(list[0]) - math.Log(v)) * sketchDensity))
		switch d := code - was; {
		case d < 80:
			digits(&b, d, 1)
		case d < 80+8*base:
			digits(&b, 80*base+d-80, 2)
		default:
			digits(&b, base-1, 1)
			digits(&b, d, 4)
		}
		was = code
	}
	return b.String()
}

// sketched returns which rows are drawn: all that have a spectrum, if these are at most
// 2,000, and else 1,000: of each type the layers of the highest, the lowest and the median
// score, then those that are chosen, then others, each best first.
func sketched(rows []results.Row, chosen func(i int) bool) []int {
	var have []int
	for i := range rows {
		if points(&rows[i]) != nil {
			have = append(have, i)
		}
	}
	if len(have) <= allSketches {
		return have
	}
	slices.SortStableFunc(have, func(a, b int) int { return cmp.Compare(rows[b].SNR, rows[a].SNR) })
	byType := make(map[string][]int)
	for _, i := range have {
		byType[rows[i].Type] = append(byType[rows[i].Type], i)
	}
	class := make(map[int]int, len(have))
	for _, i := range have {
		class[i] = 2
		if chosen(i) {
			class[i] = 1
		}
	}
	for _, list := range byType {
		for _, i := range []int{list[0], list[len(list)/2], list[len(list)-1]} {
			class[i] = 0
		}
	}
	slices.SortStableFunc(have, func(a, b int) int { return class[a] - class[b] })
	have = have[:someSketches]
	slices.Sort(have)
	return have
}

// spectra enters the spectra of some rows.
func (m *model) spectra(rows []results.Row, which []int) {
	if len(which) == 0 {
		return
	}
	m.Points = min(mostPoints, max(fewestPoints, allPoints/len(which)))
	m.Sketches = make([]string, len(which))
	for j, i := range which {
		all := points(&rows[i])
		var list []float64
		for _, k := range thin(len(all), m.Points) {
			list = append(list, all[k])
		}
		m.Sketches[j] = spectrumText(list)
	}
	m.Sketched = integers(which)
}
