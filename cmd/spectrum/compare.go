package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

// pair is a comparison with the names of what was compared.
type pair struct {
	A  string `json:"a"`
	B  string `json:"b"`
	By string `json:"by"` // the column that layers are ranked by
	*results.Comparison
}

func newCompare() *cobra.Command {
	top := percent(25)
	var format, name string
	var partial bool
	var by order
	cmd := &cobra.Command{
		Use:   "compare RESULTS RESULTS…",
		Short: "Compare the rankings of two settings or two models",
		Long: `compare reads two or more RESULTS, each ` + resultFileFormat + `,
and prints for every pair, type by type, how far they agree on the order of the
layers that both have: Kendall's τ-b and Spearman's ρ, both 1 for the same order
and −1 for the opposite, how many of the top P percent are the same, and how many
layers are tied.`,
		Example: `  spectrum scan ./Llama-3-8B -o iqr.json
  spectrum scan ./Llama-3-8B -o kn.json --noise kn --divisor none
  spectrum compare iqr.json kn.json --top 25`,
		Args: arguments(2, "RESULTS", "RESULTS…"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return compare(cmd, args, float64(top), by, format, name, partial)
		},
	}
	cmd.Flags().Var(&top, "top", "compare the selections of the top `P` percent of the layers of each type")
	by.add(cmd)
	cmd.Flags().StringVar(&format, "format", formatTable, "`FORMAT` of the comparison: table or json")
	cmd.Flags().StringVarP(&name, "output", "o", "", "write to `FILE` instead of standard output")
	partialFlag(cmd, &partial)
	complete(cmd, "format", []string{formatTable, formatJSON})
	return cmd
}

func compare(cmd *cobra.Command, files []string, top float64, by order, format, name string, partial bool) error {
	if err := oneOf("format", format, formatTable, formatJSON); err != nil {
		return err
	}
	if _, err := spectrum.SelectTopK(nil, top); err != nil {
		return fmt.Errorf("--top: %w", err)
	}
	all := make([]*results.Scores, len(files))
	for i, file := range files {
		var err error
		if all[i], err = readResults(cmd, file, partial); err != nil {
			return err
		}
		if all[i], err = by.rank(cmd.ErrOrStderr(), file, all[i]); err != nil {
			return err
		}
	}
	var pairs []pair
	for j := range files {
		for i := range j {
			c, err := results.Compare(all[i], all[j], top)
			if err != nil {
				return fmt.Errorf("%s and %s: %w", files[i], files[j], err)
			}
			pairs = append(pairs, pair{describe(files[i], all[i]), describe(files[j], all[j]), by.String(), c})
		}
	}
	return writeTo(cmd, name, files, func(w io.Writer) error {
		if format == formatJSON {
			return writeJSON(w, pairs)
		}
		return writePairs(w, pairs, top)
	})
}

// describe names a file and the settings its scores came from.
func describe(file string, r *results.Scores) string {
	if r.Result == nil {
		return fmt.Sprintf("%s (%v)", file, r.Schema)
	}
	o := r.Result.Provenance.Settings
	return fmt.Sprintf("%s (%s, noise %s, edge %s)", file, formula(o), o.Noise, o.Edge)
}

func writePairs(w io.Writer, pairs []pair, top float64) error {
	b := &strings.Builder{}
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('\n')
		}
		if by := p.By; by != (results.Order{}).String() {
			escape.Fprintf(b, "ranked by %s\n", by)
		}
		escape.Fprintf(b, "A: %s\nB: %s\n%s in both, %d only in A, %d only in B\n\n",
			p.A, p.B, plural(p.Common, "layer"), p.OnlyA, p.OnlyB)
		tw := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
		escape.Fprintf(tw, "layers\tKendall τ\tSpearman ρ\tsame in the top\tties A\tties B\t  type\n")
		for _, t := range p.Types {
			escape.Fprintf(tw, "%d\t%s\t%s\t%d of %d\t%d\t%d\t  %s\n",
				t.Layers, correlation(t.Kendall), correlation(t.Spearman), t.Shared, t.Chosen, t.TiesA, t.TiesB, t.Type)
		}
		tw.Flush()
		escape.Fprintf(b, "\ntop %v %% of each type: %d of %d layers are the same\n", top, p.Shared, p.Chosen)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// correlation is empty where all scores are the same, or there is only one.
func correlation(n results.Number) string {
	if math.IsNaN(float64(n)) {
		return "–"
	}
	return fmt.Sprintf("%.3f", float64(n))
}
