package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

func newDoctor() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "doctor RESULTS",
		Short: "Explain a result file, damaged or not, and write a clean one",
		Long: `doctor reads RESULTS as far as it can be read and says which schema it has, by
which era of the reference it was written, and what is wrong: NaN, duplicates,
members that are not a layer, missing experts, an early end; and what makes it
hard to rank by: infinite scores and ties. With -o it writes the layers that have
a score as the reference's plain file. The exit code is 1 if something is wrong.`,
		Example: `  spectrum doctor snr_results_Qwen-Qwen2-72B.json
  spectrum doctor damaged.json -o clean.json`,
		Args: arguments(1, "RESULTS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := readInput(cmd, args[0])
			if err != nil {
				return err
			}
			d, err := results.Diagnose(data)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := writeDiagnosis(cmd.OutOrStdout(), d); err != nil {
				return err
			}
			if name != "" {
				if err := writeTo(cmd, name, args, func(w io.Writer) error { return results.WriteReference(w, d.Clean) }); err != nil {
					return err
				}
				escape.Fprintf(cmd.ErrOrStderr(), "%s written to %s\n", plural(len(d.Clean), "layer"), name)
			}
			if !d.Healthy() {
				return fmt.Errorf("%s: %w", args[0], errUnsound)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&name, "output", "o", "", "write the layers that have a score to `FILE`")
	return cmd
}

func writeDiagnosis(w io.Writer, d *results.Diagnosis) error {
	b := &strings.Builder{}
	escape.Fprintf(b, "%v, %s\n", d.Schema, plural(d.Rows, "row"))
	switch d.Era {
	case "v0":
		escape.Fprintf(b, "written by v0 of the reference (to April 2025): a layer without noise scores Infinity\n")
	case "v1":
		escape.Fprintf(b, "written by v1 of the reference (since April 2025): 1-D weights score 1, no noise counts as 1, what failed is NaN\n")
	}
	if d.Infinite > 0 {
		escape.Fprintf(b, "%s score Infinity: they rank first, and among each other only by their order\n", plural(d.Infinite, "layer"))
	}
	for _, t := range d.Ties {
		escape.Fprintf(b, "%s: %d of %d layers share their score with another\n", t.Type, t.Tied, t.Of)
	}
	list := func(what string, items []string) {
		if len(items) == 0 {
			return
		}
		escape.Fprintf(b, "%s: %d\n", what, len(items))
		for _, s := range items[:min(10, len(items))] {
			escape.Fprintf(b, "  %s\n", s)
		}
		if len(items) > 10 {
			escape.Fprintf(b, "  and %d more\n", len(items)-10)
		}
	}
	list("NaN, which cannot be ranked", d.NaN)
	list("names that occur again; the last value counts", d.Duplicates)
	list("not a layer", d.Invalid)
	list("missing experts", d.Missing)
	if d.Broken != "" {
		escape.Fprintf(b, "the file breaks at %s; what comes before was read\n", d.Broken)
	}
	if d.Unfinished != "" {
		escape.Fprintf(b, "it is unfinished: %s\n", d.Unfinished)
	}
	if d.Healthy() {
		escape.Fprintf(b, "nothing is wrong with it\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
