package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// output is where results go: standard output, or a file that appears under
// its name only when it is complete, so that a failed run leaves an older
// result alone. It is opened before anything is computed.
type output struct {
	name   string // as given, empty for standard output
	w      io.Writer
	file   *os.File // nil for standard output
	rename bool     // file still has its temporary name
}

// newOutput opens name, or stdout if name is empty or "-".
func newOutput(name string, stdout io.Writer) (*output, error) {
	if name == "" || name == "-" {
		return &output{w: stdout}, nil
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return nil, fmt.Errorf("output %s is a directory", name)
		}
		f, err := os.OpenFile(name, os.O_WRONLY, 0) // a pipe or device
		return &output{name: name, w: f, file: f}, err
	}
	// The new file follows a symbolic link instead of replacing it.
	if target, err := os.Readlink(name); err == nil {
		return nil, fmt.Errorf("output %s is a symbolic link to %s; name the file itself", name, target)
	}
	f, err := os.OpenFile(name+".partial", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	return &output{name: name, w: f, file: f, rename: true}, nil
}

// commit writes the results and puts the file in its place.
func (o *output) commit(write func(io.Writer) error) error {
	if err := write(o.w); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	if o.file == nil {
		return nil
	}
	if err := o.file.Close(); err != nil {
		return fmt.Errorf("writing results: %w", err)
	}
	if o.rename {
		if err := os.Rename(o.file.Name(), o.name); err != nil {
			return fmt.Errorf("writing results: %w", err)
		}
		o.rename = false
	}
	return nil
}

// discard removes a file that was not committed.
func (o *output) discard() {
	if o.rename {
		o.file.Close()
		os.Remove(o.file.Name())
	}
}

// byteSize is a flag such as 8GiB, 500MB or 1G (a bare letter is binary).
type byteSize int64

var byteUnits = []struct {
	suffix string
	size   int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1 << 40}, {"B", 1},
}

// Set parses text as pflag.Value requires.
func (b *byteSize) Set(text string) error {
	number, unit := text, int64(1)
	for _, u := range byteUnits {
		if len(text) > len(u.suffix) && strings.EqualFold(text[len(text)-len(u.suffix):], u.suffix) {
			number, unit = text[:len(text)-len(u.suffix)], u.size
			break
		}
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(v > 0) || v*float64(unit) >= 1<<62 {
		return fmt.Errorf("want a size such as 8GiB or 500MB")
	}
	*b = byteSize(v * float64(unit))
	return nil
}

// String formats b as pflag.Value requires; zero, the default, is empty.
func (b *byteSize) String() string {
	if *b == 0 {
		return ""
	}
	return formatBytes(int64(*b))
}

// Type names the value in help texts.
func (b *byteSize) Type() string { return "SIZE" }

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
	return formatCount(int64(n)) + " " + noun + "s"
}
