package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// resultFileFormat says what RESULTS may be.
const resultFileFormat = `a file written by "spectrum scan -o FILE.json" or by the reference
implementation (either of its two schemas)`

// must is for calls that fail only when this program is wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// complete makes the shell complete a flag by the values.
func complete(cmd *cobra.Command, flag string, values []string) {
	must(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
}

// oneOf reports a value of a flag that is not among those allowed.
func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("--%s %q: want one of %s", flag, value, list(allowed, "or"))
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
	number, unit := text, int64(0)
	for _, u := range byteUnits {
		if len(text) > len(u.suffix) && strings.EqualFold(text[len(text)-len(u.suffix):], u.suffix) {
			number, unit = text[:len(text)-len(u.suffix)], u.size
			break
		}
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(v > 0) || unit == 0 || v*float64(unit) >= 1<<62 {
		return fmt.Errorf("want a size with its unit, such as 8GiB or 500MB")
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
