package main

import (
	"bufio"
	"io"
	"os"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/term"

	"github.com/gospectrum/spectrum/internal/escape"
)

// plainWidth is how wide a map is laid out where no terminal has a width.
const plainWidth = 80

// screen is what a person reads on.
type screen struct {
	width int  // in columns
	cut   bool // nothing may be wider, as on a terminal; else names are written in full
}

// screenOf returns the terminal that w is, or what files and pipes get.
func screenOf(w io.Writer) screen {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return screen{width: width, cut: true}
		}
	}
	return screen{width: plainWidth}
}

// writer returns a writer to w that keeps to the width, and what ends it.
func (s screen) writer(w io.Writer) (b *bufio.Writer, flush func() error) {
	if !s.cut {
		b = bufio.NewWriter(w)
		return b, b.Flush
	}
	f := &folder{w: bufio.NewWriter(w), width: s.width}
	b = bufio.NewWriter(f)
	return b, func() error {
		if err := b.Flush(); err != nil {
			return err
		}
		return f.w.Flush()
	}
}

// label makes a name as wide as a column. One that is wider loses its middle.
func (s screen) label(name string, width int) string {
	name = escape.Line(name)
	if s.cut {
		name = shorten(name, width)
	}
	return name + strings.Repeat(" ", max(0, width-uniseg.StringWidth(name)))
}

// labels returns how wide a column of names is: no wider than a third of a terminal.
func (s screen) labels(names func(yield func(string) bool)) int {
	width := 0
	for name := range names {
		width = max(width, uniseg.StringWidth(escape.Line(name)))
	}
	if s.cut {
		width = min(width, max(10, s.width/3))
	}
	return width
}

// shorten leaves out the middle of a printable text that is wider, and more of its begin
// than of its end, by which types differ; all of the begin where there is little room.
func shorten(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	keep := (width - 1) / 3
	if width < 10 {
		keep = 0
	}
	head, rest := within(text, keep)
	for uniseg.StringWidth(rest) > width-1-uniseg.StringWidth(head) {
		_, rest, _, _ = uniseg.FirstGraphemeClusterInString(rest, -1)
		if rest == "" {
			break
		}
	}
	return head + "…" + rest
}

// within cuts a text behind what fits a width.
func within(text string, width int) (head, rest string) {
	rest = text
	for rest != "" {
		_, next, w, _ := uniseg.FirstGraphemeClusterInString(rest, -1)
		if width -= w; width < 0 {
			break
		}
		rest = next
	}
	return text[:len(text)-len(rest)], rest
}

// folder is a writer that breaks lines that are wider than a screen.
type folder struct {
	w     *bufio.Writer
	width int
	line  []byte
}

// Write implements io.Writer. A line is written when its end is there.
func (f *folder) Write(p []byte) (int, error) {
	for _, c := range p {
		if c != '\n' {
			f.line = append(f.line, c)
			continue
		}
		for _, line := range fold(string(f.line), f.width) {
			f.w.WriteString(line)
			f.w.WriteByte('\n')
		}
		f.line = f.line[:0]
	}
	return len(p), nil // bufio keeps the error until it is flushed
}

// fold breaks a line between words, and words that are wider than the width anywhere.
// What follows the first part is indented by two more.
func fold(line string, width int) (lines []string) {
	begin := len(line) - len(strings.TrimLeft(line, " "))
	for {
		head, tail := within(line, width)
		if tail == "" {
			return append(lines, line)
		}
		if i := strings.LastIndexByte(head, ' '); tail[0] != ' ' && i > begin {
			head, tail = head[:i], line[i:]
		} else if i := strings.LastIndexAny(head, "./"); tail[0] != ' ' && i > begin {
			head, tail = head[:i+1], line[i+1:]
		}
		if strings.TrimSpace(head) == "" { // one character that is wider than what is left
			_, tail, _, _ = uniseg.FirstGraphemeClusterInString(strings.TrimLeft(line, " "), -1)
			head = line[:len(line)-len(tail)]
		}
		lines = append(lines, strings.TrimRight(head, " "))
		if tail = strings.TrimLeft(tail, " "); tail == "" {
			return lines
		}
		indent := min(begin+2, width/2)
		if len(lines) > 1 {
			indent = begin
		}
		line, begin = strings.Repeat(" ", indent)+tail, indent
	}
}
