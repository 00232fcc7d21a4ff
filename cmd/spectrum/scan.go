package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/rmt"
	"github.com/gospectrum/spectrum/scan"
)

const (
	formatTable = "table"
	formatJSON  = "json"
	formatCSV   = "csv"

	typesRole      = "role"
	typesReference = "reference"
)

type scanFlags struct {
	opt     scan.Options
	output  string
	format  string
	backend string
	open    checkpoint.Opener
	memory  byteSize
	top     float64
	types   string
}

func newScan() *cobra.Command {
	f := &scanFlags{}
	cmd := &cobra.Command{
		Use:   "scan MODEL",
		Short: "Compute the spectrum and signal-to-noise ratio of every matrix",
		Long: `scan computes every singular value of every matrix of MODEL and prints per
type of layer the signal-to-noise ratio (SNR), noise scale σ, threshold t, and
how many values are signal (above t) and noise.

` + modelHelp + `

Patterns of --include and --exclude are held against a tensor's name, its name
without ".weight" and its type; * matches any characters.`,
		Example: `  spectrum scan ./Llama-3-8B --top 25
  spectrum scan ./Llama-3-8B -o llama.json --jobs 4 --memory 8GiB
  spectrum scan ./Llama-3-8B --include 'self_attn.*' --exclude '*.0.*' --format csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, args[0])
		},
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.output, "output", "o", "", "write the results to `FILE` instead of standard output; .json and .csv choose the format")
	fl.StringVar(&f.format, "format", "", "`FORMAT` of the results: table, json or csv (default: by the name of the file, else table)")
	fl.Float64Var(&f.top, "top", 0, "also select the top `P` percent of the layers of each type")
	fl.StringArrayVar(&f.opt.Include, "include", nil, "scan only tensors that match `GLOB` (repeatable)")
	fl.StringArrayVar(&f.opt.Exclude, "exclude", nil, "leave out tensors that match `GLOB` (repeatable)")
	fl.TextVar(&f.opt.Analyzer.Noise, "noise", spectrum.NoiseIQR, "noise `SCALE`: iqr (paper and reference), calibrated, median, kn (Kritchman–Nadler), std, mad or ml")
	fl.TextVar(&f.opt.Analyzer.Edge, "edge", rmt.EdgeDefault, "`EDGE` where the noise ends, not for iqr: asymptotic, or tw:α for the Tracy–Widom edge at level α (default of kn: tw:0.01)")
	fl.Lookup("edge").DefValue = "" // the help names the default of each noise model
	fl.TextVar(&f.opt.Analyzer.Ratio, "ratio", spectrum.RatioSum, "`RATIO` of signal to noise: sum, count or energy")
	fl.TextVar(&f.opt.Analyzer.Divisor, "divisor", spectrum.DivisorSMax, "`WHAT` divides the ratio: s_max, or independent of the scale of the weights: none, or edge (s_max/t)")
	fl.TextVar(&f.opt.Analyzer.Precision, "precision", spectrum.PrecisionAuto, "`ARITHMETIC`: auto (float32 where its error bound suffices) or float64")
	fl.StringVar(&f.backend, "backend", "", "`NAME` of the back-end that computes singular values (default: SPECTRUM_BACKEND, else the best for this machine; see spectrum backends)")
	fl.IntVar(&f.opt.Jobs, "jobs", 0, "`N` workers (default: one per processor)")
	fl.Var(&f.memory, "memory", "cap on weights and workspace in use, such as 8GiB (default: none)")
	fl.BoolVar(&f.opt.Vectors, "vectors", false, "rank 1-D weights too, as 1×n matrices")
	fl.BoolVar(&f.opt.SingularValues, "singular-values", false, "write every singular value (json only)")
	fl.StringVar(&f.types, "types", typesRole, "group layers by `RULE`: role (experts pooled, towers apart) or reference (what follows the first number)")
	openFlags(cmd, &f.open)
	for name, values := range map[string][]string{
		"format": {formatTable, formatJSON, formatCSV}, "noise": noiseNames(), "ratio": {"sum", "count", "energy"},
		"edge": {"asymptotic", "tw:0.01"}, "types": {typesRole, typesReference}, "divisor": {"s_max", "none", "edge"}, "precision": {"auto", "float64"},
		"backend": backendNames(),
	} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
	}
	return cmd
}

func noiseNames() []string {
	var names []string
	for _, n := range spectrum.NoiseScales() {
		names = append(names, n.String())
	}
	return names
}

func backendNames() []string {
	var names []string
	for _, b := range spectrum.Backends() {
		names = append(names, b.Name())
	}
	return names
}

// must is for calls that fail only when this program is wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (f *scanFlags) run(cmd *cobra.Command, model string) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	m, err := f.open.Open(cmd.Context(), model)
	if err != nil {
		return err
	}
	defer m.Close()
	out, err := newOutput(f.output, cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer out.discard()
	if f.memory > 0 {
		// The cap counts what is in use; the collector must not add garbage.
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(int64(f.memory) + 64<<20))
	}

	bar := newProgress(cmd.ErrOrStderr())
	f.opt.Progress = bar.update
	file, err := scan.Run(cmd.Context(), m, f.opt)
	bar.finish()
	if file == nil {
		return err
	}
	file.Provenance.Tool, file.Provenance.Version = "spectrum", version()
	if cmd.Flags().Changed("top") {
		sel, err := spectrum.SelectTopK(results.FromFile(file).Layers(), f.top)
		if err != nil {
			return err
		}
		file.Selection = results.NewSelection(sel, modelParams(m))
	}
	if err := out.commit(func(w io.Writer) error { return f.write(w, file, m) }); err != nil {
		return err
	}
	return report(cmd.ErrOrStderr(), file, out, err)
}

func (f *scanFlags) check(cmd *cobra.Command) error {
	if f.format == "" {
		f.format = formatTable
		if ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(f.output)), "."); ext == formatJSON || ext == formatCSV {
			f.format = ext
		}
	}
	if !slices.Contains([]string{formatTable, formatJSON, formatCSV}, f.format) {
		return fmt.Errorf("--format %q: want table, json or csv", f.format)
	}
	if f.opt.SingularValues && f.format != formatJSON {
		return errors.New("--singular-values needs --format json or -o FILE.json")
	}
	if cmd.Flags().Changed("top") {
		if _, err := spectrum.SelectTopK(nil, f.top); err != nil {
			return fmt.Errorf("--top: %w", err)
		}
	}
	switch f.types {
	case typesRole:
	case typesReference:
		f.opt.Type = checkpoint.ReferenceType
	default:
		return fmt.Errorf("--types %q: want role or reference", f.types)
	}
	f.opt.Memory = int64(f.memory)
	if f.backend != "" {
		var err error
		if f.opt.Analyzer.Backend, err = spectrum.BackendByName(f.backend); err != nil {
			return fmt.Errorf("--backend: %w", err)
		}
	}
	return nil
}

func (f *scanFlags) write(w io.Writer, file *results.File, m *checkpoint.Model) error {
	switch f.format {
	case formatJSON:
		return file.WriteJSON(w)
	case formatCSV:
		return file.WriteCSV(w)
	}
	return writeTable(w, file, modelParams(m))
}

// report says on stderr what the results do not show, and turns failed
// tensors and an interruption into the exit code.
func report(stderr io.Writer, file *results.File, out *output, scanErr error) error {
	failed := 0
	for _, l := range file.Layers {
		if l.Error != "" && l.TiedTo == "" {
			failed++
			fmt.Fprintf(stderr, "spectrum: failed: %s\n", l.Error)
		}
	}
	if out.name != "" {
		fmt.Fprintf(stderr, "%s written to %s\n", plural(len(file.Layers), "layer"), out.name)
	}
	switch {
	case errors.Is(scanErr, context.Canceled):
		return fmt.Errorf("%w: interrupted; what was finished is written", errPartial)
	case scanErr != nil:
		return fmt.Errorf("%w: %w", errPartial, scanErr)
	case failed > 0:
		return fmt.Errorf("%w: %d of %d layers failed", errPartial, failed, len(file.Layers))
	}
	return nil
}

// modelParams returns the number of parameters in all tensors of m.
func modelParams(m *checkpoint.Model) int64 {
	var n int64
	for _, t := range m.Tensors() {
		n += t.Params()
	}
	return n
}
