package main

import (
	"bufio"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/results"
)

// typeRows are the ranked rows of a type, in their order in the model.
type typeRows struct {
	name   string
	rows   []*results.Row
	blocks [][]*results.Row // of each block of the model; nil outside blocks
	scores []float64        // sorted, failed ones apart
}

// typesOf groups the ranked rows, and returns the numbers of their blocks.
func typesOf(rows []results.Row) (types []*typeRows, numbers []string) {
	index := make(map[string]*typeRows)
	seen := make(map[string]int)
	for i := range rows {
		r := &rows[i]
		if !r.Ranked {
			continue
		}
		t := index[r.Type]
		if t == nil {
			t = &typeRows{name: r.Type}
			index[r.Type] = t
			types = append(types, t)
		}
		t.rows = append(t.rows, r)
		if r.Error == "" && !math.IsNaN(float64(r.SNR)) {
			t.scores = append(t.scores, float64(r.SNR))
		}
		if _, n, _ := names.InBlock(r.Name); n != "" {
			seen[n] = 0
		}
	}
	numbers = slices.SortedFunc(maps.Keys(seen), names.Compare)
	for i, n := range numbers {
		seen[n] = i
	}
	for _, t := range types {
		slices.Sort(t.scores)
		t.place(seen, len(numbers))
	}
	return types, numbers
}

// place sorts the rows into blocks.
func (t *typeRows) place(at map[string]int, n int) {
	for _, r := range t.rows {
		_, number, _ := names.InBlock(r.Name)
		if number == "" {
			continue
		}
		if t.blocks == nil {
			t.blocks = make([][]*results.Row, n)
		}
		i := at[number]
		t.blocks[i] = append(t.blocks[i], r)
	}
}

// depth returns what a sparkline shows: the blocks that the type is in, or its rows.
func (t *typeRows) depth() (places [][]*results.Row) {
	for _, rows := range t.blocks {
		if len(rows) > 0 {
			places = append(places, rows)
		}
	}
	if places == nil {
		for _, r := range t.rows {
			places = append(places, []*results.Row{r})
		}
	}
	return places
}

// writeMap draws the scores of types by blocks. A column is two characters wide: the shade
// and the mark of what was chosen.
func writeMap(b *bufio.Writer, types []*typeRows, blocks []string, chosen map[string]bool, s screen) {
	types = slices.DeleteFunc(slices.Clone(types), func(t *typeRows) bool { return t.blocks == nil })
	if len(types) == 0 || len(blocks) < 2 {
		return
	}
	width := s.labels(typeNames(types))
	room := max(4, (s.width-width-3)/2)
	each := perColumn(len(blocks), room)
	escape.Fprintf(b, "\n%s\n", mapTitle(blocks, each))
	escape.Fprintf(b, "  %s %s\n", s.label("", width), ruler(blocks, each))
	met := make(map[string]bool)
	for _, t := range types {
		var line strings.Builder
		for rows := range slices.Values(pooled(t.blocks, room)) {
			score, glyph := scoreOf(rows)
			met[glyph] = true
			if glyph == "" {
				glyph = shade(score, t.scores)
			}
			mark := chosenMark(rows, chosen)
			met[mark] = true
			line.WriteString(glyph + mark)
		}
		escape.Fprintf(b, "  %s %s\n", s.label(t.name, width), strings.TrimRight(line.String(), " "))
	}
	escape.Fprintf(b, "%s\n", legend(met))
}

// typeNames lists the names of types.
func typeNames(types []*typeRows) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, t := range types {
			if !yield(t.name) {
				return
			}
		}
	}
}

// mapTitle says what the columns are.
func mapTitle(blocks []string, each int) string {
	title := fmt.Sprintf("by type and block, %s to %s", blocks[0], blocks[len(blocks)-1])
	if each > 1 {
		title += fmt.Sprintf(", the median of %d blocks a column", each)
	}
	return title
}

// ruler has the numbers of every fifth column, if they fit between their neighbours.
func ruler(blocks []string, each int) string {
	var b strings.Builder
	used, end := 0, 2*((len(blocks)+each-1)/each)
	for i, at := 0, 0; i < len(blocks); i, at = i+5*each, at+10 {
		if n := uniseg.StringWidth(blocks[i]); at >= used && at+n <= end {
			b.WriteString(strings.Repeat(" ", at-max(0, used-1)) + blocks[i])
			used = at + n + 1
		}
	}
	return b.String()
}

// chosenMark is the mark of rows all of which, or some of which, were chosen.
func chosenMark(rows []*results.Row, chosen map[string]bool) string {
	n := 0
	for _, r := range rows {
		if chosen[r.Name] {
			n++
		}
	}
	switch n {
	case 0:
		return " "
	case len(rows):
		return "*"
	}
	return "+"
}

// legend says what those characters mean that were met.
func legend(met map[string]bool) string {
	parts := []string{"░▒▓█ quarters of the type, the highest full"}
	for _, m := range append([][2]string{{"*", "selected"}, {"+", "some selected"}}, glyphMeanings()...) {
		if met[m[0]] {
			parts = append(parts, m[0]+" "+m[1])
		}
	}
	return strings.Join(parts, "; ")
}

// ranges writes numbers of blocks in short: 1, 2, 7-9.
func ranges(numbers []string) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && follows(numbers[j], numbers[j+1]) {
			j++
		}
		if j-i > 1 {
			parts = append(parts, numbers[i]+"-"+numbers[j])
		} else {
			parts = append(parts, numbers[i:j+1]...)
		}
		i = j + 1
	}
	return strings.Join(parts, ", ")
}

// follows reports whether b is the number behind a.
func follows(a, b string) bool {
	n, err := strconv.Atoi(a)
	return err == nil && strconv.Itoa(n+1) == b
}
