package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// readInput reads a file, or standard input for "-".
func readInput(cmd *cobra.Command, file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder: if there is a model in it, scan it first: spectrum scan %s -o FILE.json", file, file)
	}
	return os.ReadFile(file)
}

// arguments wants so many arguments, which are called by their names in the line of
// usage; more than the names only where the last of these ends in an ellipsis.
func arguments(least int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		last := ""
		if len(names) > 0 {
			last = names[len(names)-1]
		}
		switch {
		case len(args) < least:
			return fmt.Errorf("%s wants %s; usage: spectrum %s", cmd.Name(), strings.TrimSuffix(names[len(args)], "…"), cmd.Use)
		case len(args) > len(names) && !strings.HasSuffix(last, "…"):
			return fmt.Errorf("%s takes no argument %q; usage: spectrum %s", cmd.Name(), args[len(names)], cmd.Use)
		}
		return nil
	}
}

// percent is a flag of 0 to 100, with or without the sign.
type percent float64

// Set parses text as pflag.Value requires.
func (p *percent) Set(text string) error {
	v, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "%")), 64)
	switch {
	case err != nil:
		return errors.New("want a number of percent, such as 25")
	case !(v >= 0 && v <= 100):
		return errors.New("outside 0…100")
	}
	*p = percent(v)
	return nil
}

// String formats p as pflag.Value requires.
func (p *percent) String() string { return strconv.FormatFloat(float64(*p), 'g', -1, 64) }

// Type names the value in help texts.
func (p *percent) Type() string { return "P" }

// spellings lets a flag be called by the other spelling of English.
func spellings(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	return pflag.NormalizedName(strings.Replace(name, "optimizer", "optimiser", 1))
}

// goNumber is what Go says of a text that is no number.
var goNumber = regexp.MustCompile(`strconv\.\w+: parsing ("(?:[^"\\]|\\.)*"): (invalid syntax|value out of range)`)

// flagError says of a flag what is wrong, without the words of Go, and how the command
// is used.
func flagError(cmd *cobra.Command, err error) error {
	text := goNumber.ReplaceAllStringFunc(err.Error(), func(s string) string {
		if strings.HasSuffix(s, "range") {
			return "too large"
		}
		return "not such a number"
	})
	return fmt.Errorf("%s; usage: spectrum %s", text, usage(cmd))
}

// usage is the line of usage of a command.
func usage(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return "COMMAND"
	}
	return cmd.Use
}
