package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

// Formats of the reference's result files.
const (
	formatRefJSON   = "spectrum-json"
	formatRefSorted = "spectrum-sorted-json"
)

func newExport() *cobra.Command {
	var format, convention, name string
	var names nameFlags
	var partial bool
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
		Args:    arguments(1, "RESULTS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return export(cmd, args[0], format, convention, name, &names, partial)
		},
	}
	cmd.Flags().StringVar(&format, "format", formatRefJSON, "`FORMAT` of the file: spectrum-json or spectrum-sorted-json")
	cmd.Flags().StringVar(&convention, "convention", "v1", "`ERA` of the reference to follow: v0 or v1")
	names.add(cmd)
	partialFlag(cmd, &partial)
	cmd.Flags().StringVarP(&name, "output", "o", "", "write to `FILE` instead of standard output")
	for flag, values := range map[string][]string{"format": {formatRefJSON, formatRefSorted}, "convention": {"v0", "v1"}} {
		complete(cmd, flag, values)
	}
	return cmd
}

func export(cmd *cobra.Command, file, format, convention, name string, names *nameFlags, partial bool) error {
	if err := oneOf("format", format, formatRefJSON, formatRefSorted); err != nil {
		return err
	}
	era, err := results.ParseConvention(convention)
	if err != nil {
		return fmt.Errorf("--convention: %w", err)
	}
	res, err := readResults(cmd, file, partial)
	if err != nil {
		return err
	}
	if err := refuseKind(file, res); err != nil {
		return err
	}
	if _, err := names.apply(cmd.ErrOrStderr(), res); err != nil {
		return err
	}
	if n := fusedRows(res); n > 0 {
		escape.Fprintf(cmd.ErrOrStderr(), "left out: %s of experts, which transformers 5 holds in one parameter, where the reference does not see them; --transformers 4.57 writes them\n", plural(n, "weight"))
	}
	rows, err := res.ReferenceRows(era)
	if err != nil {
		return err
	}
	return writeTo(cmd, name, []string{file}, func(w io.Writer) error {
		if format == formatRefSorted {
			return results.WriteReferenceSorted(w, rows)
		}
		return results.WriteReference(w, rows)
	})
}

// fusedRows counts the rows that are parts of a parameter with all experts of a block.
func fusedRows(res *results.Scores) (n int) {
	if res.Result == nil {
		return 0
	}
	for _, row := range res.Result.Rows {
		if row.Fused() {
			n++
		}
	}
	return n
}
