package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/results"
)

// mostTypes is how many types a summary has room for: a model without blocks may have one
// for each tensor.
const mostTypes = 100

// writeSummary shows a result at a glance: what there is of each type, where in the model
// the scores are high, what was chosen, and the commands that go on from here. Nothing in
// it is wider than the screen.
func writeSummary(w io.Writer, res *results.Result, total int64, next []words, s screen) error {
	if res.Kind != "" {
		return writeTable(w, res, total, s)
	}
	b, flush := s.writer(w)
	writeHead(b, res, total)
	writeBody(b, res, s)
	writeNext(b, next, s)
	return flush()
}

// writeBody is what a summary says of the rows.
func writeBody(b *bufio.Writer, res *results.Result, s screen) {
	candidates := candidatesOf(res)
	chosen := chosenRows(res.Chosen, candidates)
	types, blocks := typesOf(res.Rows)
	shown := types[:min(len(types), mostTypes)]
	writeTypes(b, shown, res.Chosen != nil, chosen, s)
	if n := len(types) - len(shown); n > 0 {
		escape.Fprintf(b, "  and %s more; --all lists them\n", plural(n, "type"))
	}
	writeMap(b, shown, blocks, chosen, s)
	writeApart(b, types, res.Provenance.Settings)
	writeNotes(b, res)
	writeTop(b, res.Chosen)
	writeChosen(b, res.Chosen, candidates)
	writeCuts(b, res, chosen)
}

// writeTypes has a line a type: how many layers, how many of them chosen, from which score
// to which, and how that goes over the depth of the model.
func writeTypes(b *bufio.Writer, types []*typeRows, anyChosen bool, chosen map[string]bool, s screen) {
	if len(types) == 0 {
		return
	}
	lines := [][]string{{"n", "*", "SNR", "to"}}
	for _, t := range types {
		n := 0
		for _, r := range t.rows {
			if chosen[r.Name] {
				n++
			}
		}
		low, high := t.extremes(s)
		lines = append(lines, []string{fmt.Sprint(len(t.rows)), fmt.Sprint(n), low, high})
	}
	if !anyChosen {
		for i := range lines {
			lines[i] = slices.Delete(lines[i], 1, 2)
		}
	}
	widths := make([]int, len(lines[0]))
	width := s.labels(typeNames(types))
	room := s.width - 2 - width - 2
	for i := range widths {
		for _, cells := range lines {
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[i]))
		}
		room -= widths[i] + 2
	}
	if room < 0 && s.cut {
		width = max(4, width+room)
	}
	escape.Fprintf(b, "\n")
	for i, cells := range lines {
		name, spark := "type", "over depth"
		if i > 0 {
			name, spark = types[i-1].name, sparkline(types[i-1].depth(), max(room, 1))
		}
		if room < 4 {
			spark = ""
		}
		if i == 0 {
			spark, _ = within(spark, room)
		}
		escape.Fprintf(b, "%s\n", strings.TrimRight("  "+s.label(name, width)+rightAligned(cells, widths)+"  "+spark, " "))
	}
}

// rightAligned joins the cells of a line.
func rightAligned(cells []string, widths []int) string {
	var line strings.Builder
	for i, c := range cells {
		line.WriteString(strings.Repeat(" ", 2+widths[i]-utf8.RuneCountInString(c)) + c)
	}
	return line.String()
}

// extremes are the least and the greatest score of a type, as text.
func (t *typeRows) extremes(s screen) (low, high string) {
	if len(t.scores) == 0 {
		return "failed", "failed"
	}
	least, most := t.scores[0], t.scores[len(t.scores)-1]
	return s.number(least) + t.doubt(least), s.number(most) + t.doubt(most)
}

// doubt is a question mark if no digit of a score is certain.
func (t *typeRows) doubt(score float64) string {
	if slices.ContainsFunc(t.rows, func(r *results.Row) bool {
		return float64(r.SNR) == score && !r.Zero && !r.Saturated && math.IsInf(float64(r.SNRError), 1)
	}) {
		return glyphUncertain
	}
	return ""
}

// shortNumber writes x with three significant digits.
func shortNumber(x float64) string {
	if math.IsInf(x, 1) {
		return glyphSaturated
	}
	return fmt.Sprintf("%.3g", x)
}

// number writes x with two digits where there is little room.
func (s screen) number(x float64) string {
	if s.cut && s.width < 60 && !math.IsInf(x, 0) {
		return fmt.Sprintf("%.2g", x)
	}
	return shortNumber(x)
}

// writeChosen lists what was chosen by type: the numbers of blocks, and names outside them.
func writeChosen(b *bufio.Writer, c *results.Chosen, candidates []results.Candidate) {
	if c == nil {
		return
	}
	typeOf := make(map[string]string, len(candidates))
	for _, x := range candidates {
		typeOf[x.Name] = x.Type
	}
	var types []string
	layers := make(map[string][]string)
	for _, name := range c.Layers {
		t, known := typeOf[name]
		if !known { // results of earlier versions have the names of rows
			t = names.Type(name)
		}
		if layers[t] == nil {
			types = append(types, t)
		}
		layers[t] = append(layers[t], name)
	}
	for _, t := range types[:min(len(types), mostTypes)] {
		escape.Fprintf(b, "  %s\n", inBlocks(t, layers[t]))
	}
	if n := len(types) - mostTypes; n > 0 {
		escape.Fprintf(b, "  and of %s more\n", plural(n, "type"))
	}
}

// inBlocks writes layers of a type in short.
func inBlocks(t string, layers []string) string {
	var numbers, others []string
	for _, name := range layers {
		if _, n, _ := names.InBlock(name); n != "" {
			numbers = append(numbers, n)
		} else {
			others = append(others, name)
		}
	}
	if len(numbers) == 0 {
		return firstFew(others)
	}
	slices.SortFunc(numbers, names.Compare)
	distinct := slices.Compact(slices.Clone(numbers))
	text := t + ": " + ranges(distinct)
	if len(distinct) < len(numbers) {
		text += fmt.Sprintf(" (%s)", plural(len(numbers), "layer"))
	}
	if len(others) > 0 {
		text += "; " + firstFew(others)
	}
	return text
}

// writeCuts says of which types a tie decided what was selected.
func writeCuts(b *bufio.Writer, res *results.Result, chosen map[string]bool) {
	if res.Chosen == nil {
		return
	}
	said := 0
	for _, group := range byType(res.Rows) {
		if cut := tieAtCut(group, chosen); cut != "" {
			if said++; said <= mostBlind {
				escape.Fprintf(b, "  %s: %s\n", group[0].Type, cut)
			}
		}
	}
	if said > mostBlind {
		escape.Fprintf(b, "  and so in %s more\n", plural(said-mostBlind, "type"))
	}
}
