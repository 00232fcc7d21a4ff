package main

import (
	"bufio"
	"unicode/utf8"

	"github.com/gospectrum/spectrum/internal/escape"
)

// gap is how many spaces are between two columns.
const gap = 2

// writeAligned writes rows in columns, the cells of all but the last at the left or the
// right of their column. A text/tabwriter would do if it did not keep the whole table: a
// model may have a million tensors. Here the rows are walked through twice, which must
// give the same, first for the widths of the columns. All rows have as many cells; what
// is in them is made printable.
func writeAligned(w *bufio.Writer, right bool, rows func(yield func(cells ...string) bool)) {
	var widths []int
	rows(func(cells ...string) bool {
		if widths == nil {
			widths = make([]int, len(cells)-1)
		}
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(escape.Line(cells[i])))
		}
		return true
	})
	rows(func(cells ...string) bool {
		for i, c := range cells {
			c = escape.Line(c)
			space := 0
			if i < len(widths) {
				space = widths[i] + gap - utf8.RuneCountInString(c)
			}
			if right {
				fill(w, space)
			}
			w.WriteString(c)
			if !right {
				fill(w, space)
			}
		}
		return w.WriteByte('\n') == nil
	})
}

// fill writes n spaces.
func fill(w *bufio.Writer, n int) {
	for range n {
		w.WriteByte(' ')
	}
}
