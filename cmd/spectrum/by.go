package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

// order is the flag --by.
type order struct{ results.Order }

// Set parses text as pflag.Value requires.
func (o *order) Set(text string) (err error) {
	o.Order, err = results.ParseOrder(text)
	return err
}

// String formats o as pflag.Value requires; the default is the score.
func (o *order) String() string { return o.Order.String() }

// Type names the value in help texts.
func (o *order) Type() string { return "COLUMN" }

const byFlag = "by"

func (o *order) add(cmd *cobra.Command) {
	cmd.Flags().Var(o, byFlag, "rank by `COLUMN` of the results, the highest first, or the lowest with :asc, such as hill_alpha:asc")
	complete(cmd, byFlag, results.Columns())
}

// rank returns the results of a file ranked by o, and says which layers that leaves out.
func (o *order) rank(w io.Writer, file string, r *results.Scores) (*results.Scores, error) {
	ranked, missing, err := r.RankedBy(o.Order)
	if err != nil {
		return nil, fmt.Errorf("%s: --%s: %w", file, byFlag, err)
	}
	if missing > 0 && o.Column != "" {
		escape.Fprintf(w, "%s: %s without a value of %s, not ranked\n", file, plural(missing, "layer"), o.Column)
	}
	return ranked, nil
}
