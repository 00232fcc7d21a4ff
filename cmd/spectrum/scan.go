package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/rmt"
	"github.com/gospectrum/spectrum/scan"
	"github.com/gospectrum/spectrum/selection"
)

const (
	typesRole      = "role"
	typesReference = "reference"
)

type scanFlags struct {
	opt      scan.Options
	recorder results.Recorder
	output   string
	format   string
	backend  string
	open     checkpoint.Opener
	memory   byteSize
	top      percent
	types    string
	shard    string
	fresh    bool
	reuse    string
	progress string // how it is shown
	quiet    bool
	all      bool // the table lists every layer

	baseName string            // of the base of an adapter
	base     *checkpoint.Model // with which a model is compared; nil for none

	selection, selectionFormat string // a trainer's file of what --top selects
}

func newScan() *cobra.Command { return newScanWith(&scanFlags{}) }

func newScanWith(f *scanFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scan MODEL",
		Short: "Compute the spectrum and signal-to-noise ratio of every matrix",
		Long: `scan computes every singular value of every matrix of MODEL and shows the
signal-to-noise ratio (SNR) of each type of layer and of each block. With --all the
table lists every layer with its noise scale σ, threshold t, and how many values are
signal (above t) and noise.

` + modelHelp + `

With -o FILE every finished matrix is kept in FILE.journal at once. Whatever ended a
scan, the same command goes on from there; the journal goes when FILE is complete.

Patterns of --include and --exclude are held against a tensor's name, its name
without ".weight" and its type; * matches any characters.

Formats:` + scanFormatHelp(),
		Example: `  spectrum scan ./Llama-3-8B --top 25
  spectrum scan ./Llama-3-8B -o llama.json --jobs 4 --memory 8GiB
  spectrum scan ./Llama-3-8B --shard 2/8 -o part2.json
  spectrum scan ./Llama-3-8B --include 'self_attn.*' --exclude '*.0.*' --format csv`,
		Args: arguments(1, "MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, args[0])
		},
	}
	fl := cmd.Flags()
	fl.StringVarP(&f.output, "output", "o", "", "write the results to `FILE` instead of standard output; "+list(scanExtensions(), "and")+" choose the format")
	fl.StringVar(&f.format, "format", "", "`FORMAT` of the results: "+list(scanFormatNames(), "or")+" (default: by the name of the file, else "+scanFormatNames()[0]+")")
	fl.BoolVar(&f.all, "all", false, "list every layer in the table")
	fl.Var(&f.top, "top", "also select the top `P` percent of the layers of each type; csv, which cannot show them, needs --selection")
	fl.StringVar(&f.selection, "selection", "", "also write what --top selects to `FILE`, as a trainer reads it")
	fl.StringVar(&f.selectionFormat, "selection-format", string(emit.Axolotl), "`FORMAT` of --selection, see spectrum select")
	fl.StringArrayVar(&f.opt.Include, "include", nil, "scan only tensors that match `GLOB` (repeatable)")
	fl.StringArrayVar(&f.opt.Exclude, "exclude", nil, "leave out tensors that match `GLOB` (repeatable)")
	fl.TextVar(&f.opt.Analyzer.Noise, "noise", spectrum.NoiseIQR, "noise `SCALE`: "+list(noiseNames(), "or")+"; iqr is that of the paper and the reference")
	fl.TextVar(&f.opt.Analyzer.Edge, "edge", rmt.EdgeDefault, "`EDGE` where the noise ends, not for iqr: asymptotic, or tw:α for the Tracy–Widom edge at level α (default of kn: tw:0.01)")
	fl.Lookup("edge").DefValue = "" // the help names the default of each noise model
	fl.TextVar(&f.opt.Analyzer.Ratio, "ratio", spectrum.RatioSum, "`RATIO` of signal to noise: sum, count or energy")
	fl.TextVar(&f.opt.Analyzer.Divisor, "divisor", spectrum.DivisorSMax, "`WHAT` divides the ratio: s_max, or independent of the scale of the weights: none, or edge (s_max/t)")
	fl.TextVar(&f.opt.Analyzer.Precision, "precision", spectrum.PrecisionAuto, "`ARITHMETIC`: auto (float32 where its error bound suffices), float64, or values (on until every singular value is certain to --tolerance)")
	fl.Float64Var(&f.opt.Analyzer.Tolerance, "tolerance", 0, "relative `ERROR` of the score that must be certified before a more accurate way is not tried (default 1e-4)")
	fl.Lookup("tolerance").DefValue = "0" // the help has it
	fl.StringVar(&f.backend, "backend", "", "`NAME` of the back-end that computes singular values (default: SPECTRUM_BACKEND, else the best for this machine; see spectrum backends)")
	fl.IntVar(&f.opt.Jobs, "jobs", 0, "`N` workers (default: one per processor)")
	fl.Var(&f.memory, "memory", "cap on weights and workspace in use, such as 8GiB (default: nine tenths of what the machine and its control groups leave)")
	fl.BoolVar(&f.opt.Vectors, "vectors", false, "rank 1-D weights too, as 1×n matrices")
	fl.BoolVar(&f.recorder.SingularValues, "singular-values", false, "write every singular value; needs "+list(spectraFlags(), "or"))
	fl.StringVar(&f.opt.Transformers, "transformers", "", transformersHelp)
	fl.StringVar(&f.types, "types", typesRole, "group layers by `RULE`: role (experts pooled, towers apart) or reference (what follows the first number)")
	fl.StringVar(&f.shard, "shard", "", "scan the `I/N`-th part of the matrices, or what the scheduler's environment says (auto); spectrum merge joins the parts")
	fl.StringVar(&f.reuse, "reuse", "", "take the rows of matrices whose bytes are unchanged from `FILE`, an earlier result with the same settings")
	fl.StringVar(&f.progress, "progress", progressAuto, "show on standard error how far the scan is as a `FORM`: bar, lines, json (a line an event) or none (default: a bar on a terminal, else lines)")
	fl.Lookup("progress").DefValue = "" // the help has it
	fl.BoolVar(&f.quiet, "quiet", false, "show nothing but what is wrong, as --progress none does")
	fl.BoolVar(&f.fresh, "fresh", false, "discard what an earlier run with this -o has finished")
	fl.StringVar(&f.baseName, "base", "", "of an adapter: say how large its changes are beside the weights of `MODEL`, its base")
	openFlags(cmd, &f.open)
	for name, values := range map[string][]string{
		"format": scanFormatNames(), "noise": noiseNames(), "ratio": {"sum", "count", "energy"},
		"edge": {"asymptotic", "tw:0.01"}, "types": {typesRole, typesReference}, "divisor": {"s_max", "none", "edge"}, "precision": {"auto", "float64", "values"},
		"backend": backendNames(), "progress": {progressBar, progressLines, progressJSON, progressNone}, "selection-format": formatNames(emit.Formats()),
	} {
		complete(cmd, name, values)
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

func (f *scanFlags) run(cmd *cobra.Command, model string) error {
	format, err := f.check(cmd)
	if err != nil {
		return err
	}
	usual := debug.SetGCPercent(thrift)
	defer debug.SetGCPercent(usual)
	m, err := f.open.Open(cmd.Context(), model)
	if err != nil {
		return err
	}
	defer m.Close()
	if m.Len() < manyTensors {
		debug.SetGCPercent(usual)
	}
	note(cmd.ErrOrStderr(), m)
	return f.scanModel(cmd, m, format)
}

// scan computes what there is to compute of a model, or of what it changes, and writes it.
func (f *scanFlags) scan(cmd *cobra.Command, m *checkpoint.Model, change results.Change, format scanFormat) error {
	if change != nil {
		f.base = change.Base()
	}
	out, err := newOutput(f.output, cmd.OutOrStdout(), f.inputs(m)...)
	if err != nil {
		return err
	}
	if f.reuse != "" {
		old, err := readResults(cmd, f.reuse, true)
		if err != nil {
			return err
		}
		if f.recorder.Reuse = old.Result; old.Result == nil {
			return fmt.Errorf("%s: %w: it is the reference's, which has no digests", f.reuse, results.ErrReuse)
		}
	}
	if f.recorder.Journal, err = f.journal(cmd.ErrOrStderr(), out); err != nil {
		return err
	}
	defer f.recorder.Journal.Close()
	defer debug.SetMemoryLimit(limitMemory(f.opt))

	bar := newProgress(cmd.ErrOrStderr(), f.progress)
	f.opt.Progress = bar.update
	f.recorder.Tool, f.recorder.Version, f.recorder.Types = "spectrum", version(), f.types
	var res *results.Result
	if change != nil {
		res, err = f.recorder.ScanChange(cmd.Context(), change, f.opt)
	} else {
		res, err = f.recorder.Scan(cmd.Context(), m, f.opt)
	}
	bar.finish()
	if res == nil {
		return err
	}
	if err != nil && f.recorder.Journal != nil {
		return stopped(res, f.recorder.Journal, err)
	}
	return f.write(cmd, m, res, format, out, err)
}

// inputs lists the files that the scan reads.
func (f *scanFlags) inputs(m *checkpoint.Model) []string {
	inputs := inputsOf(m)
	if f.base != nil {
		inputs = append(inputs, inputsOf(f.base)...)
	}
	if f.reuse != "" {
		inputs = append(inputs, f.reuse)
	}
	return inputs
}

// journal opens the journal beside a file of results; there is none beside standard
// output.
func (f *scanFlags) journal(stderr io.Writer, out *output) (*results.Journal, error) {
	if !out.isFile() {
		if f.fresh {
			return nil, errors.New("--fresh discards the journal of -o FILE, and there is no file")
		}
		return nil, nil
	}
	j, err := results.OpenJournal(out.name+".journal", f.fresh)
	if err != nil {
		return nil, err
	}
	if n := j.Resumes(); n > 0 {
		escape.Fprintf(stderr, "continues: %s of an earlier run in %s; --fresh would begin anew\n", plural(n, "matrix"), j.Name())
	}
	if !j.Locked() {
		escape.Fprintf(stderr, "spectrum: note: the file system of %s has no locks: start no second scan with this output\n", j.Name())
	}
	return j, nil
}

// write writes the results, and the selection that was asked for.
func (f *scanFlags) write(cmd *cobra.Command, m *checkpoint.Model, res *results.Result, format scanFormat, out *output, ended error) error {
	total := m.Params()
	var sel *selection.Selection
	if cmd.Flags().Changed("top") {
		warnUnknown(cmd.ErrOrStderr(), res.Scores())
		var err error
		if sel, err = spectrum.SelectTopK(results.Layers(res.Scores().Candidates(results.ExpertsFused)), float64(f.top)); err != nil {
			return err
		}
		res.Chosen = results.NewChosen(sel, total)
	}
	next := f.next(cmd, res, out.name != "" && format.name == formatJSON)
	show := func(w io.Writer) error { return writeSummary(w, res, total, next, screenOf(w)) }
	write := func(w io.Writer) error { return format.write(w, res, total) }
	if format.name == formatTable && !f.all {
		write = show
	}
	if err := out.commit(write); err != nil {
		return err
	}
	if err := f.recorder.Journal.Remove(); err != nil {
		escape.Fprintf(cmd.ErrOrStderr(), "spectrum: note: %v\n", err)
	}
	if f.selection != "" && ended == nil {
		if wrong := f.writeSelection(cmd, res, sel, f.inputs(m)); wrong != nil {
			return fmt.Errorf("%w: the results are written, the selection is not: %w", errPartial, wrong)
		}
	}
	summary(cmd.ErrOrStderr(), res)
	err := report(cmd.ErrOrStderr(), res, out, ended)
	if out.name != "" && format.name != formatTable && res.Kind == "" && f.speaks() {
		_ = show(cmd.ErrOrStderr()) // the results are written, whether it can be said or not
	}
	return err
}

// limitMemory tells the collector of the cap, which counts what is in use and leaves no
// room for garbage, and returns the limit that was set before.
func limitMemory(opt scan.Options) (before int64) {
	before = debug.SetMemoryLimit(-1)
	if opt, err := opt.Resolve(); err == nil && opt.Memory < before-64<<20 {
		debug.SetMemoryLimit(opt.Memory + 64<<20)
	}
	return before
}

// writeSelection writes the trainer's file of what was selected.
func (f *scanFlags) writeSelection(cmd *cobra.Command, res *results.Result, sel *selection.Selection, inputs []string) error {
	how := emit.Training{Model: paramsOf(res.Scores())}
	if c := res.Provenance.Config; c != nil {
		how.Blocks, how.ModelType = c.Blocks, c.ModelType
	}
	made, err := emit.Make(emit.Format(f.selectionFormat), sel, how)
	if err != nil {
		return err
	}
	return writeTo(cmd, f.selection, inputs, func(w io.Writer) error { _, err := io.WriteString(w, made.Text); return err })
}

// check completes the settings of the scan and chooses the format.
func (f *scanFlags) check(cmd *cobra.Command) (scanFormat, error) {
	format, err := chooseScanFormat(f.format, f.output)
	if err != nil {
		return format, err
	}
	if f.recorder.SingularValues && !format.spectra {
		return format, fmt.Errorf("--singular-values needs %s", list(spectraFlags(), "or"))
	}
	if cmd.Flags().Changed("top") {
		if _, err := spectrum.SelectTopK(nil, float64(f.top)); err != nil {
			return format, fmt.Errorf("--top: %w", err)
		}
	}
	if cmd.Flags().Changed("top") && !format.chosen && f.selection == "" {
		return format, fmt.Errorf("--top: %s has no column for what is selected; --selection FILE writes it", format.name)
	}
	if err := oneOf("selection-format", f.selectionFormat, formatNames(emit.Formats())...); err != nil {
		return format, err
	}
	if f.selection != "" && f.selection == f.output {
		return format, errors.New("--selection and --output are one file")
	}
	if f.selection != "" && !cmd.Flags().Changed("top") {
		return format, errors.New("--selection needs --top, which says what to select")
	}
	if err := oneOf("progress", f.progress, progressAuto, progressBar, progressLines, progressJSON, progressNone); err != nil {
		return format, err
	}
	if f.quiet {
		f.progress = progressNone
	}
	if f.all && format.name != formatTable {
		return format, fmt.Errorf("--all is for --format table: %s has every layer anyway", format.name)
	}
	if err := oneOf("types", f.types, typesRole, typesReference); err != nil {
		return format, err
	}
	if f.types == typesReference {
		f.opt.Type = checkpoint.ReferenceType
	}
	f.opt.Memory = int64(f.memory)
	if f.opt.Shard, err = shardOf(f.shard, os.Getenv); err != nil {
		return format, fmt.Errorf("--shard: %w", err)
	}
	if f.opt.Shard != (scan.Shard{}) && (f.selection != "" || cmd.Flags().Changed("top")) {
		return format, errors.New("--top chooses among all layers, and a shard has only some: spectrum merge, then spectrum select")
	}
	if f.backend != "" {
		if f.opt.Analyzer.Backend, err = spectrum.BackendByName(f.backend); err != nil {
			return format, fmt.Errorf("--backend: %w", err)
		}
	}
	return format, nil
}

// report says on stderr what the results do not show, and turns failed
// tensors, an interruption and a scan of nothing into the exit code.
func report(stderr io.Writer, res *results.Result, out *output, scanErr error) error {
	failed, ranked := 0, 0
	for _, r := range res.Rows {
		switch {
		case r.TiedTo != "":
		case r.Error != "":
			failed++
			escape.Fprintf(stderr, "spectrum: failed: %s\n", r.Error)
		default:
			ranked++
		}
	}
	if out.name != "" {
		escape.Fprintf(stderr, "%s written to %s\n", plural(len(res.Rows), "layer"), out.name)
	}
	switch {
	case scanErr != nil:
		return fmt.Errorf("%w: interrupted; what was finished is written: %w", errUnfinished, scanErr)
	case res.Provenance.Shard != "" && failed == 0:
		return nil // which may be empty
	case ranked == 0 && failed > 0:
		return fmt.Errorf("%w: %s failed", errNothing, plural(failed, "layer"))
	case ranked == 0:
		return fmt.Errorf("%w: %s", errNothing, whyNothing(res.Skipped))
	case failed > 0:
		return fmt.Errorf("%w: %d of %d layers failed", errPartial, failed, len(res.Rows))
	}
	return nil
}

// whyNothing returns the most frequent reason why tensors were not analysed.
func whyNothing(skipped []results.Skipped) string {
	counts := make(map[string]int)
	most := ""
	for _, s := range skipped {
		counts[s.Reason]++
		if counts[s.Reason] > counts[most] {
			most = s.Reason
		}
	}
	if most == "" {
		return "there are no tensors"
	}
	return fmt.Sprintf("%d of %s: %s", counts[most], plural(len(skipped), "tensor"), most)
}
