package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/results"
)

const (
	formatYAML       = "spectrum-yaml"
	formatNames      = "names"
	formatRefJSON    = "spectrum-json"
	formatRefSorted  = "spectrum-sorted-json"
	resultFileFormat = `a file written by "spectrum scan -o FILE.json" or by the reference
implementation (either of its two schemas)`
)

func newSelect() *cobra.Command {
	var top float64
	var format, name string
	cmd := &cobra.Command{
		Use:   "select RESULTS --top P",
		Short: "Select the top P percent of the layers of each type",
		Long: `select reads RESULTS, ` + resultFileFormat + `, and
writes the ⌊n·P/100⌋ layers with the highest SNR of each type of n layers.

Formats: spectrum-yaml, the unfrozen_parameters list of the reference that
axolotl and others read; names, one parameter a line; json.`,
		Example: `  spectrum select llama.json --top 25 -o unfrozen.yaml
  spectrum select llama.json --top 25 --format names`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return selectLayers(cmd, args[0], top, format, name)
		},
	}
	cmd.Flags().Float64Var(&top, "top", 0, "select the top `P` percent of the layers of each type")
	cmd.Flags().StringVar(&format, "format", formatYAML, "`FORMAT` of the selection: spectrum-yaml, names or json")
	cmd.Flags().StringVarP(&name, "output", "o", "", "write the selection to `FILE` instead of standard output")
	must(cmd.MarkFlagRequired("top"))
	must(cmd.RegisterFlagCompletionFunc("format",
		cobra.FixedCompletions([]string{formatYAML, formatNames, formatJSON}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func selectLayers(cmd *cobra.Command, file string, top float64, format, name string) error {
	if err := oneOf("format", format, formatYAML, formatNames, formatJSON); err != nil {
		return err
	}
	res, err := results.ReadFile(file)
	if err != nil {
		return err
	}
	layers := res.Layers()
	sel, err := spectrum.SelectTopK(layers, top)
	if err != nil {
		return fmt.Errorf("--top: %w", err)
	}
	err = writeTo(cmd, name, func(w io.Writer) error {
		switch format {
		case formatNames:
			return results.WriteNames(w, sel)
		case formatJSON:
			return results.WriteSelectionJSON(w, sel)
		}
		return results.WriteUnfrozenYAML(w, sel, res.Module)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "selected %d of %d layers in %d types\n", len(sel.Layers()), len(layers), len(sel.Groups))
	return nil
}

func newExport() *cobra.Command {
	var format, convention, name string
	cmd := &cobra.Command{
		Use:   "export RESULTS --format FORMAT",
		Short: "Write results as the reference implementation does",
		Long: `export reads RESULTS, ` + resultFileFormat + `, and
writes the reference's files byte for byte: spectrum-json, module by module, or
spectrum-sorted-json, by type and descending SNR.

The conventions differ where a layer has no noise: v0 (to April 2025) writes
Infinity, v1 divides by 1. They apply to our own results; the numbers of a
reference's file stay what they are.`,
		Example: `  spectrum export llama.json --format spectrum-json --convention v1 -o snr_results_llama.json`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return export(cmd, args[0], format, convention, name)
		},
	}
	cmd.Flags().StringVar(&format, "format", formatRefJSON, "`FORMAT` of the file: spectrum-json or spectrum-sorted-json")
	cmd.Flags().StringVar(&convention, "convention", "v1", "`ERA` of the reference to follow: v0 or v1")
	cmd.Flags().StringVarP(&name, "output", "o", "", "write to `FILE` instead of standard output")
	for flag, values := range map[string][]string{"format": {formatRefJSON, formatRefSorted}, "convention": {"v0", "v1"}} {
		must(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
	}
	return cmd
}

func export(cmd *cobra.Command, file, format, convention, name string) error {
	if err := oneOf("format", format, formatRefJSON, formatRefSorted); err != nil {
		return err
	}
	era, err := results.ParseConvention(convention)
	if err != nil {
		return fmt.Errorf("--convention: %w", err)
	}
	res, err := results.ReadFile(file)
	if err != nil {
		return err
	}
	rows, err := res.ReferenceRows(era)
	if err != nil {
		return err
	}
	return writeTo(cmd, name, func(w io.Writer) error {
		if format == formatRefSorted {
			return results.WriteReferenceSorted(w, rows)
		}
		return results.WriteReference(w, rows)
	})
}

// writeTo runs write on the file called name, or on standard output.
func writeTo(cmd *cobra.Command, name string, write func(io.Writer) error) error {
	out, err := newOutput(name, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer out.discard()
	return out.commit(write)
}

func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("--%s %q: want one of %s", flag, value, strings.Join(allowed, ", "))
}
