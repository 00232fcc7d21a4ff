package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/emit"
)

func newVerify() *cobra.Command {
	var consumer, expect, format string
	cmd := &cobra.Command{
		Use:   "verify SELECTION MODEL --consumer NAME",
		Short: "Say what a trainer will make of a selection",
		Long: `verify applies the matching rule of a trainer to the parameters of MODEL and
reports what SELECTION trains, which entries match nothing, and what is matched
twice or by accident. SELECTION is a file of "spectrum select", or the
reference's YAML for axolotl, trl and substring. The exit code is 1 on any
mismatch. Only headers are read.

Consumers, and how each holds an entry against the names of the model:

` + formatList(emit.Consumers(), emit.Format.Matching) + `
` + modelHelp,
		Example: `  spectrum verify unfrozen.yaml ./Llama-3-8B --consumer axolotl
  spectrum verify freeze.yaml ./Llama-3-8B --consumer llama-factory --expect names.txt
  spectrum verify adapter_config.json ./Llama-3-8B --consumer peft --format json`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return verify(cmd, args[0], args[1], consumer, expect, format)
		},
	}
	cmd.Flags().StringVar(&consumer, "consumer", "", "`NAME` of the trainer that reads SELECTION")
	cmd.Flags().StringVar(&expect, "expect", "", "also compare with `FILE`, the names of the parameters that should be trained, one a line")
	cmd.Flags().StringVar(&format, "format", formatTable, "`FORMAT` of the report: table or json")
	must(cmd.MarkFlagRequired("consumer"))
	complete(cmd, "consumer", formatNames(emit.Consumers()))
	return cmd
}

func verify(cmd *cobra.Command, file, model, consumer, expect, format string) error {
	if err := oneOf("format", format, formatTable, formatJSON); err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	rules, err := emit.Parse(emit.Format(consumer), text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if expect != "" {
		names, err := os.ReadFile(expect)
		if err != nil {
			return err
		}
		rules = rules.Expect(strings.Fields(string(names)))
	}
	params, err := parameters(cmd, model)
	if err != nil {
		return err
	}
	rep, err := rules.Verify(params)
	if err != nil { // with which the trainer stops
		return fmt.Errorf("%w: %w", errMismatch, err)
	}
	if format == formatJSON {
		err = writeJSON(cmd.OutOrStdout(), rep)
	} else {
		err = writeReport(cmd.OutOrStdout(), rep)
	}
	if err == nil && rep.Mismatches() > 0 {
		err = fmt.Errorf("%w: %d mismatches", errMismatch, rep.Mismatches())
	}
	return err
}

func writeReport(w io.Writer, rep *emit.Report) error {
	b := &strings.Builder{}
	share := 0.
	if rep.Total > 0 {
		share = 100 * float64(rep.Params) / float64(rep.Total)
	}
	fmt.Fprintf(b, "%s trains %s with %s of %s parameters (%.1f %%), %s as stored\n", rep.Consumer,
		plural(len(rep.Names), "tensor"), formatCount(rep.Params), formatCount(rep.Total), share, formatBytes(rep.Bytes))
	section := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintf(b, "\n%s: %d\n", title, len(lines))
		for _, l := range lines {
			fmt.Fprintf(b, "  %s\n", l)
		}
	}
	matches := func(list []emit.Match) (lines []string) {
		for _, m := range list {
			lines = append(lines, m.Name+" by "+strings.Join(m.Entries, ", "))
		}
		return lines
	}
	section("match nothing", rep.Unmatched)
	section("matched by accident", matches(rep.Accidental))
	section("matched twice", matches(rep.Twice))
	section("expected, but not trained", rep.Missing)
	section("trained, but not expected", rep.Extra)
	section("trained", rep.Names)
	_, err := io.WriteString(w, b.String())
	return err
}
