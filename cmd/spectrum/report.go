package main

import (
	"cmp"
	"io"

	"github.com/spf13/cobra"

	pages "github.com/gospectrum/spectrum/report"
)

// reportFlags are the settings of the report command.
type reportFlags struct {
	top     percent
	output  string
	partial bool
}

func newReport() *cobra.Command {
	f := &reportFlags{top: defaultTop}
	cmd := &cobra.Command{
		Use:   "report RESULTS [OTHER]",
		Short: "Write results as a page to look at and to choose with",
		Long: `report reads RESULTS, ` + resultFileFormat + `, and
writes one page of HTML that needs neither a server nor the network: the model as a
map, each layer's spectrum, and a choice by hand whose file for a trainer is that of
"spectrum select". With OTHER the page says what changes from one to the other.`,
		Example: `  spectrum report llama.json -o report.html
  spectrum report base.json tuned.json --top 50 -o report.html`,
		Args: arguments(1, "RESULTS", "OTHER"),
		RunE: f.run,
	}
	fl := cmd.Flags()
	fl.Var(&f.top, "top", "begin with the top `P` percent of each type chosen, if RESULTS hold no choice")
	fl.StringVarP(&f.output, "output", "o", "", "write the page to `FILE` instead of standard output")
	partialFlag(cmd, &f.partial)
	return cmd
}

// defaultTop is what a page begins with.
const defaultTop = 25

func (f *reportFlags) run(cmd *cobra.Command, args []string) error {
	var inputs []pages.Input
	opt := pages.Options{Percent: float64(f.top)}
	for i, file := range args {
		res, err := readResults(cmd, file, f.partial)
		if err != nil {
			return err
		}
		if err := refuseKind(file, res); err != nil {
			return err
		}
		if _, err := (&nameFlags{}).apply(cmd.ErrOrStderr(), res); err != nil {
			return err
		}
		if i == 0 && !cmd.Flags().Changed("top") && res.Result != nil && res.Result.Chosen != nil {
			opt.Percent = cmp.Or(res.Result.Chosen.TopPercent, opt.Percent)
		}
		inputs = append(inputs, pages.Input{File: file, Scores: res, Model: paramsOf(res), Partial: f.partial})
	}
	return writeTo(cmd, f.output, args, func(w io.Writer) error { return pages.Write(w, inputs, opt) })
}
