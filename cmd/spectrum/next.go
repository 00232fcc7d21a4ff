package main

import (
	"bufio"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

// words are those of a command, as the program gets them.
type words []string

// onlyHere are flags that a scan of the same numbers need not have.
var onlyHere = map[string]bool{
	"output": true, "format": true, "all": true, "quiet": true, "progress": true, "fresh": true,
	"jobs": true, "memory": true, "selection": true, "selection-format": true,
}

// next returns the commands that a user goes on with after a scan of what the arguments
// name: what gives the file that the others read, if there is none, and those.
func (f *scanFlags) next(cmd *cobra.Command, res *results.Result, written bool) []words {
	if res.Unfinished() != "" || res.Kind != "" {
		return nil
	}
	model := operand(cmd.Flags().Arg(0))
	var commands []words
	file := operand(f.output)
	if !written {
		file = operand(resultName(f.output, res.Provenance.Model))
		again := words{"spectrum", "scan", model}
		cmd.Flags().Visit(func(fl *pflag.Flag) { again = append(again, repeated(fl)...) })
		commands = append(commands, append(again, "-o", file))
	}
	if f.selection != "" {
		commands = append(commands, words{"spectrum", "verify", operand(f.selection), model})
	} else {
		top := float64(defaultTop)
		if cmd.Flags().Changed("top") {
			top = float64(f.top)
		}
		commands = append(commands, words{"spectrum", "select", file, "--top", strconv.FormatFloat(top, 'g', -1, 64),
			"--format", string(emit.Axolotl), "-o", "unfrozen.yaml"})
	}
	return append(commands, words{"spectrum", "report", file, "-o", "report.html"})
}

// resultName returns the name of a file of results: that of another format's file, or the
// model's.
func resultName(output, model string) string {
	if output != "" && output != "-" {
		return strings.TrimSuffix(output, filepath.Ext(output)) + ".json"
	}
	if model = filepath.Base(model); model == "." || model == string(filepath.Separator) {
		model = "results"
	}
	return model + ".json"
}

// operand keeps a name of a file from being read as a flag.
func operand(name string) string {
	if strings.HasPrefix(name, "-") {
		return "./" + name
	}
	return name
}

// repeated returns the words by which a flag was set.
func repeated(fl *pflag.Flag) words {
	if onlyHere[fl.Name] {
		return nil
	}
	if many, ok := fl.Value.(pflag.SliceValue); ok {
		var all words
		for _, v := range many.GetSlice() {
			all = append(all, "--"+fl.Name, v)
		}
		return all
	}
	if fl.Value.Type() == "bool" {
		if fl.Value.String() == "true" {
			return words{"--" + fl.Name}
		}
		return words{"--" + fl.Name + "=" + fl.Value.String()}
	}
	return words{"--" + fl.Name, fl.Value.String()}
}

// writeNext writes commands that a shell takes as they stand. What no terminal can show
// cannot be copied from one, and is not written at all.
func writeNext(b *bufio.Writer, next []words, s screen) {
	if len(next) == 0 {
		return
	}
	escape.Fprintf(b, "\nnext:\n")
	for _, command := range next {
		for i, word := range command {
			if !escape.Printable(word) {
				command[i] = fmt.Sprintf("ARGUMENT%d", i)
			}
		}
		for _, line := range command.lines(s) {
			escape.Fprintf(b, "%s\n", line)
		}
	}
}

// lines writes a command for a shell, with a backslash at the end of a line that goes on in
// the next. A flag stays with its value, if both fit.
func (c words) lines(s screen) (lines []string) {
	line := " "
	for i := 0; i < len(c); i++ {
		text := escape.Word(c[i])
		if n := i + 1; n < len(c) && strings.HasPrefix(c[i], "-") && !strings.HasPrefix(c[n], "-") {
			if both := text + " " + escape.Word(c[n]); uniseg.StringWidth(both) <= s.width-6 {
				text, i = both, n
			}
		}
		room := s.width - 2 // for the backslash
		if !s.cut || uniseg.StringWidth(line+" "+text) <= room {
			line += " " + text
			continue
		}
		if line != " " {
			lines = append(lines, line+" \\")
		}
		line = "    " + text
		if uniseg.StringWidth(line) > room {
			parts := pieces(c[i], s.width-7)
			lines = append(lines, parts[:len(parts)-1]...)
			line = parts[len(parts)-1]
		}
	}
	return append(lines, line)
}

// pieces cuts a word into lines that a shell joins to one, since no space begins them.
func pieces(word string, width int) (lines []string) {
	for word != "" {
		head, rest := "", word
		for rest != "" {
			cluster, next, _, _ := uniseg.FirstGraphemeClusterInString(rest, -1)
			if head != "" && uniseg.StringWidth(escape.Shell(head+cluster)) > width {
				break
			}
			head, rest = head+cluster, next
		}
		text := escape.Shell(head)
		if lines == nil {
			text = "    " + text
		}
		if word = rest; word != "" {
			text += "\\"
		}
		lines = append(lines, text)
	}
	return lines
}
