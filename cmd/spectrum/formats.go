package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

// scanFormat is a form in which scan writes its results.
type scanFormat struct {
	name    string // of --format
	about   string // in the help
	ext     string // of files that are in it; empty if no name of a file chooses it
	spectra bool   // it has room for singular values
	chosen  bool   // it shows what --top selects
	write   func(w io.Writer, res *results.Result, total int64) error
}

// scanFormats lists all of them, the default first. Help, completion and checks
// come from here, so a new format is one more entry.
func scanFormats() []scanFormat {
	return []scanFormat{
		{
			name: formatTable, about: "the types and blocks at a glance; with --all the layers of each type, best first", chosen: true,
			write: func(w io.Writer, res *results.Result, total int64) error {
				return writeTable(w, res, total, screenOf(w))
			},
		},
		{
			name: formatJSON, about: "everything, which the other commands read", ext: ".json", spectra: true, chosen: true,
			write: func(w io.Writer, res *results.Result, _ int64) error { return res.WriteJSON(w) },
		},
		{
			name: formatCSV, about: "a row a layer", ext: ".csv",
			write: func(w io.Writer, res *results.Result, _ int64) error { return res.WriteCSV(w) },
		},
	}
}

// chooseScanFormat returns the format of that name, or without one that of the
// file, the default for standard output.
func chooseScanFormat(name, file string) (scanFormat, error) {
	formats := scanFormats()
	if name == "" {
		if file == "" || file == "-" {
			return formats[0], nil
		}
		ext := strings.ToLower(filepath.Ext(file))
		i := slices.IndexFunc(formats, func(f scanFormat) bool { return f.ext != "" && f.ext == ext })
		if info, err := os.Stat(file); i < 0 && err == nil && info.IsDir() {
			return scanFormat{}, fmt.Errorf("output %s is a directory", file)
		}
		if i < 0 {
			return scanFormat{}, fmt.Errorf("output %s: its name ends in none of %s; --format says what to write", file, list(scanExtensions(), "and"))
		}
		return formats[i], nil
	}
	names := scanFormatNames()
	if err := oneOf("format", name, names...); err != nil {
		return scanFormat{}, err
	}
	return formats[slices.Index(names, name)], nil
}

func scanFormatNames() (names []string) {
	for _, f := range scanFormats() {
		names = append(names, f.name)
	}
	return names
}

// scanExtensions lists how the names of files end that choose a format.
func scanExtensions() (extensions []string) {
	for _, f := range scanFormats() {
		if f.ext != "" {
			extensions = append(extensions, f.ext)
		}
	}
	return extensions
}

// spectraFlags lists the flags that choose a format with room for singular values.
func spectraFlags() (flags []string) {
	for _, f := range scanFormats() {
		if f.spectra {
			flags = append(flags, "--format "+f.name)
			if f.ext != "" {
				flags = append(flags, "-o FILE"+f.ext)
			}
		}
	}
	return flags
}

// scanFormatHelp has a line for each format.
func scanFormatHelp() string {
	var b strings.Builder
	for _, f := range scanFormats() {
		escape.Fprintf(&b, "\n  %-7s %s", f.name, f.about)
	}
	return b.String()
}

// formatNames lists the names of formats of selections.
func formatNames(formats []emit.Format) []string {
	all := make([]string, len(formats))
	for i, f := range formats {
		all[i] = string(f)
	}
	return all
}

// formatList writes a line of a help text for each format.
func formatList(formats []emit.Format, about func(emit.Format) string) string {
	var b strings.Builder
	for _, f := range formats {
		escape.Fprintf(&b, "  %-18s  %s\n", f, about(f))
	}
	return b.String()
}
