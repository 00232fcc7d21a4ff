package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/rmt"
)

// analysisFlags are those of scan that say how a spectrum is scored.
const (
	noiseFlag   = "noise"
	edgeFlag    = "edge"
	ratioFlag   = "ratio"
	divisorFlag = "divisor"
)

func newRescore() *cobra.Command {
	var a spectrum.Analyzer
	var name string
	cmd := &cobra.Command{
		Use:   "rescore RESULTS",
		Short: "Score the spectra of a result with other settings",
		Long: `rescore computes every number of RESULTS anew with another noise scale, edge, ratio
or divisor, from the singular values that "spectrum scan --singular-values" wrote,
without the model. What no flag says stays as it was; with another noise scale the
edge is its default. Error bounds are wider than those of a scan, and what was
selected is left out.`,
		Example: `  spectrum scan ./Llama-3-8B --singular-values -o llama.json
  spectrum rescore llama.json --noise kn --divisor none -o llama-kn.json
  spectrum compare llama.json llama-kn.json`,
		Args: arguments(1, "RESULTS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return rescore(cmd, args[0], a, name)
		},
	}
	fl := cmd.Flags()
	fl.TextVar(&a.Noise, noiseFlag, spectrum.NoiseIQR, "noise `SCALE`: "+list(noiseNames(), "or"))
	fl.TextVar(&a.Edge, edgeFlag, rmt.EdgeDefault, "`EDGE` where the noise ends: asymptotic, or tw:α for the Tracy–Widom edge at level α")
	fl.TextVar(&a.Ratio, ratioFlag, spectrum.RatioSum, "`RATIO` of signal to noise: sum, count or energy")
	fl.TextVar(&a.Divisor, divisorFlag, spectrum.DivisorSMax, "`WHAT` divides the ratio: s_max, none or edge")
	for _, flag := range []string{noiseFlag, edgeFlag, ratioFlag, divisorFlag} {
		fl.Lookup(flag).DefValue = "" // that of RESULTS
	}
	fl.StringVarP(&name, "output", "o", "", "write to `FILE` instead of standard output")
	complete(cmd, noiseFlag, noiseNames())
	complete(cmd, edgeFlag, []string{"asymptotic", "tw:0.01"})
	complete(cmd, ratioFlag, []string{"sum", "count", "energy"})
	complete(cmd, divisorFlag, []string{"s_max", "none", "edge"})
	return cmd
}

func rescore(cmd *cobra.Command, file string, a spectrum.Analyzer, name string) error {
	if name != "" {
		if format, err := chooseScanFormat("", name); err != nil {
			return err
		} else if format.name != formatJSON {
			return errors.New("rescore writes JSON: name a file that ends in .json")
		}
	}
	out, err := newOutput(name, cmd.OutOrStdout(), file)
	if err != nil {
		return err
	}
	scores, err := readResults(cmd, file, true)
	if err != nil {
		return err
	}
	if scores.Result == nil {
		return fmt.Errorf("%s: %w: %v have scores alone", file, results.ErrNoSpectrum, scores.Schema)
	}
	if a, err = settingsFor(cmd, a, scores.Result.Provenance.Settings); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	res, err := results.Rescore(scores.Result, a)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := out.commit(func(w io.Writer) error { return res.WriteJSON(w) }); err != nil {
		return err
	}
	return report(cmd.ErrOrStderr(), res, out, nil)
}

// settingsFor completes the settings of the flags by those of a result.
func settingsFor(cmd *cobra.Command, a spectrum.Analyzer, was results.Settings) (spectrum.Analyzer, error) {
	fl := cmd.Flags()
	for _, s := range []struct {
		keep bool
		text string
		to   interface{ UnmarshalText([]byte) error }
	}{
		{!fl.Changed(noiseFlag), was.Noise, &a.Noise},
		{!fl.Changed(edgeFlag) && !fl.Changed(noiseFlag), was.Edge, &a.Edge},
		{!fl.Changed(ratioFlag), was.Ratio, &a.Ratio},
		{!fl.Changed(divisorFlag), was.Divisor, &a.Divisor},
	} {
		if s.keep && s.text != "" {
			if err := s.to.UnmarshalText([]byte(s.text)); err != nil {
				return a, err
			}
		}
	}
	return a, a.Check()
}
