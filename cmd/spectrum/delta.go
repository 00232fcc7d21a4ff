package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gospectrum/spectrum/delta"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

// onlyScan are the flags of scan that delta does not have: a change is nothing to select layers
// of a model by, and vectors are always compared.
var onlyScan = map[string]bool{"top": true, "selection": true, "selection-format": true, "vectors": true, "base": true, "all": true}

func newDelta() *cobra.Command {
	f := &scanFlags{}
	scan := newScanWith(f)
	cmd := &cobra.Command{
		Use:   "delta BASE TUNED",
		Short: "Compute the spectrum of what fine-tuning changed",
		Long: `delta computes, of every weight that BASE and TUNED have in common, the spectrum of
the difference TUNED − BASE, its size beside that of the base's weight, and how many of
its directions stand out of the rounding of the stored weights. It says of each block
what happened to it, and lists what only one of the two has.

Either is what MODEL is for scan, in any format. Weights are aligned by their names in
the files and in the loaded models. The result is one of scan, of kind delta:
spectrum ranks reads it, and select refuses it.

` + modelHelp + `

Formats:` + scanFormatHelp(),
		Example: `  spectrum delta ./Llama-3-8B ./my-finetune
  spectrum delta hf://org/base ./tuned -o delta.json --singular-values`,
		Args: arguments(2, "BASE", "TUNED"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.delta(cmd, args[0], args[1]) },
	}
	scan.Flags().VisitAll(func(fl *pflag.Flag) {
		if !onlyScan[fl.Name] {
			cmd.Flags().AddFlag(fl) // with its completions
		}
	})
	return cmd
}

func (f *scanFlags) delta(cmd *cobra.Command, base, tuned string) error {
	format, err := f.check(cmd)
	if err != nil {
		return err
	}
	f.opt.Vectors = true
	defer debug.SetGCPercent(debug.SetGCPercent(thrift))
	b, err := f.open.Open(cmd.Context(), base)
	if err != nil {
		return fmt.Errorf("BASE: %w", err)
	}
	defer b.Close()
	t, err := f.open.Open(cmd.Context(), tuned)
	if err != nil {
		return fmt.Errorf("TUNED: %w", err)
	}
	defer t.Close()
	note(cmd.ErrOrStderr(), b)
	note(cmd.ErrOrStderr(), t)
	pair, err := delta.NewPair(b, t)
	if err != nil {
		return err
	}
	return f.scan(cmd, t, pair, format)
}

// summary says in one line what changed.
func summary(w io.Writer, res *results.Result) {
	if res.Kind == "" {
		return
	}
	changed, rounding, unchanged := results.Changed(results.Verdicts(res))
	escape.Fprintf(w, "%s changed", plural(changed, "weight"))
	if rounding > 0 {
		escape.Fprintf(w, ", %d of them by no more than rounding does", rounding)
	}
	escape.Fprintf(w, "; %d unchanged", unchanged)
	only := make(map[string]int)
	for _, s := range res.Skipped {
		why, _, _ := strings.Cut(s.Reason, ":")
		only[why]++
	}
	for _, why := range []string{delta.Added, delta.Missing} {
		if n := only[why]; n > 0 {
			escape.Fprintf(w, ", %d %s", n, why)
		}
	}
	escape.Fprintf(w, "\n")
}

// refuseKind reports a result that no layers can be selected by.
func refuseKind(file string, res *results.Scores) error {
	if res.Result == nil {
		return nil
	}
	if why := res.Result.Kind.Why(); why != "" {
		return fmt.Errorf("%s: %s: %w", file, why, errKind)
	}
	return nil
}

var errKind = errors.New("no layers can be selected by it")

// writeChanges prints what changed, block by block.
func writeChanges(b *bufio.Writer, res *results.Result) {
	p := res.Provenance
	if p.Base != nil {
		escape.Fprintf(b, "%s: %s against %s\n", res.Kind, p.Model, p.Base.Model)
	} else {
		escape.Fprintf(b, "%s: %s\n", res.Kind, p.Model)
	}
	writeAligned(b, true, func(yield func(cells ...string) bool) {
		ok := yield("relative", "norm", "s_max", "stable rank", "effective", directions(res.Kind), "shape", "  layer")
		for i := range res.Rows {
			r := &res.Rows[i]
			shape := fmt.Sprintf("%d×%d", r.Rows, r.Cols)
			switch {
			case r.Error != "":
				ok = ok && yield("failed", "", "", "", "", "", shape, "  "+r.Name)
			case r.Zero:
				ok = ok && yield("unchanged", "", "", "", "", "", shape, "  "+r.Name+remarked(r))
			default:
				ok = ok && yield(optional(r.Relative), formatNumber(r.Frobenius), formatNumber(r.SMax), formatNumber(r.StableRank),
					formatNumber(r.EffectiveRank), standing(r), shape, "  "+r.Name+remarked(r))
			}
		}
	})
	if blocks := results.Verdicts(res); len(blocks) > 0 {
		escape.Fprintf(b, "\n")
		writeAligned(b, false, func(yield func(cells ...string) bool) {
			for _, v := range blocks {
				if !yield(v.Block, "  "+v.String()) {
					return
				}
			}
		})
	}
	writeNotes(b, res)
}

// directions is the heading of the column of standing.
func directions(k results.Kind) string {
	if k == results.KindAdapter {
		return "rank"
	}
	return "directions"
}

// standing says how many directions stand out of the rounding noise, or of how many an adapter
// is certain to consist.
func standing(r *results.Row) string {
	switch {
	case r.Kind == results.KindAdapter:
		return fmt.Sprintf("%d of %d", r.SignalCount, r.Rank)
	case r.AboveRounding == nil:
		return "?"
	}
	return fmt.Sprintf("%d of %d", *r.AboveRounding, min(r.Rows, r.Cols))
}

// optional formats a number that may not be known.
func optional(n *results.Number) string {
	if n == nil {
		return "?"
	}
	return formatNumber(*n)
}

// remarked returns what is said of a row, in brackets.
func remarked(r *results.Row) string {
	var parts []string
	if r.Base != "" {
		parts = append(parts, r.Base+" in the base")
	}
	if r.Remark != "" {
		parts = append(parts, r.Remark)
	}
	if len(parts) == 0 {
		return ""
	}
	return "  (" + strings.Join(parts, "; ") + ")"
}
