package main

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

// partialFlag adds the flag that lets a command use an unfinished result.
func partialFlag(cmd *cobra.Command, partial *bool) {
	cmd.Flags().BoolVar(partial, "partial", false, "use RESULTS also where layers are missing, because the scan was interrupted or is a shard")
}

// readResults reads a result file, or standard input for "-". One that is not that of a whole model is an error,
// unless it is wanted, partial, and then a warning.
func readResults(cmd *cobra.Command, file string, partial bool) (*results.Scores, error) {
	text, err := readInput(cmd, file)
	if err != nil {
		return nil, err
	}
	res, err := results.Read(bytes.NewReader(text), file)
	if err != nil {
		return nil, err
	}
	why := res.Result.Unfinished()
	switch {
	case why == "":
	case !partial:
		return nil, fmt.Errorf("%s is %w: %s; --partial takes what there is", file, errUnfinished, why)
	default:
		escape.Fprintf(cmd.ErrOrStderr(), "spectrum: warning: %s is unfinished: %s\n", file, why)
	}
	return res, nil
}

// stopped says where what was finished of a scan is.
func stopped(res *results.Result, j *results.Journal, err error) error {
	done := 0
	for i := range res.Rows {
		if res.Rows[i].TiedTo == "" {
			done++
		}
	}
	return fmt.Errorf("%w: %s of %d are in %s; the same command goes on from there: %w",
		errUnfinished, plural(done, "matrix"), done+res.Missing, j.Name(), err)
}
