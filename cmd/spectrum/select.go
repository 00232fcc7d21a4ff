package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/selection"
)

// selectFlags are the settings of the select command.
type selectFlags struct {
	s                    selection.Selector
	budget               byteSize
	optimiser, precision string
	weights              map[string]string
	random               int64
	format, output       string
	model                string
	rank                 int
	learningRate         float64
	names                nameFlags
	experts              string
	hubName              string
	partial              bool
	by                   order
}

func newSelect() *cobra.Command {
	f := &selectFlags{}
	cmd := &cobra.Command{
		Use:   "select RESULTS --top P",
		Short: "Select the layers to train, and write them as a trainer reads them",
		Long: `select reads RESULTS, ` + resultFileFormat + `, and
writes the ⌊n·P/100⌋ layers with the highest SNR of each type of n layers, or
what the flags below make of that. --by ranks by any other number that RESULTS has.

Formats:

` + formatList(emit.Formats(), emit.Format.About) + `
With --model the rule by which "spectrum verify" reads the format is tried on the
parameters of MODEL, and a file that trains anything else is not written. Nothing
verifies spectrum-yaml, which trains head and embeddings in any case.`,
		Example: `  spectrum select llama.json --top 25 -o unfrozen.yaml          # the reference's list
  spectrum select llama.json --top 25 --format axolotl --model ./Llama-3-8B -o unfrozen.yaml
  spectrum select llama.json --top 25 --format peft -o adapter_config.json
  spectrum select llama.json --include '*.3[01].self_attn.*' --format llama-factory --model ./Llama-3-8B
  spectrum select llama.json --budget 8GiB --optimiser adamw8bit --format axolotl
  spectrum select llama.json --top 25 --by hill_alpha:asc --format axolotl
  spectrum select llama.json --top 25 --random 1 --format axolotl   # control for an ablation`,
		Args: arguments(1, "RESULTS"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	fl := cmd.Flags()
	fl.Var((*percent)(&f.s.Percent), "top", "select the top `P` percent, fractions too, of the layers of each type")
	f.by.add(cmd)
	fl.TextVar(&f.s.Scope, "scope", selection.ScopeType, "`WHAT` competes: the layers of each type, of each block, or all (global)")
	fl.BoolVar(&f.s.Ceil, "ceil", false, "round numbers of layers up, not down as the reference does")
	fl.IntVar(&f.s.Min, "at-least", 0, "`N` layers of each type")
	fl.IntVar(&f.s.Max, "at-most", 0, "`N` layers of each type (default: no bound)")
	fl.Int64Var(&f.s.Budget, "max-params", 0, "select at most `N` parameters")
	fl.Var(&f.budget, "budget", "select what trains in `SIZE` of gradients, optimiser state and master weights, such as 8GiB")
	fl.StringVar(&f.optimiser, "optimiser", "adamw", "of --budget: adamw, adamw8bit, lion, momentum, muon or sgd")
	fl.StringVar(&f.precision, "precision", "float32", "of --budget: float32 (also under autocast), mixed (bfloat16 and float32 masters) or bfloat16")
	fl.StringToStringVar(&f.weights, "weight", nil, "multiply the percentage, or with another scope the score, of a type: `TYPE=W`")
	fl.StringArrayVar(&f.s.Include, "include", nil, "always select layers that match `GLOB` (repeatable)")
	fl.StringArrayVar(&f.s.Exclude, "exclude", nil, "never select layers that match `GLOB` (repeatable)")
	fl.TextVar(&f.s.Norms, "norms", selection.PolicyRanked, "norms are `ranked`, selected always or never")
	fl.TextVar(&f.s.Head, "head", selection.PolicyRanked, "the output head is `ranked`, selected always or never")
	fl.TextVar(&f.s.Embeddings, "embeddings", selection.PolicyRanked, "embeddings are `ranked`, selected always or never")
	fl.Int64Var(&f.random, "random", 0, "select as many layers and parameters of each type at random, with seed `N`")
	f.names.add(cmd)
	fl.StringVar(&f.experts, expertsFlag, expertsFused, "choose among `WHAT` where the loaded model fuses experts: fused parameters, or single experts, which axolotl takes")
	fl.StringVar(&f.format, "format", string(emit.Axolotl), "`FORMAT` of the selection, see above")
	fl.StringVar(&f.model, "model", "", "verify the selection on the parameters of `MODEL` before it is written")
	fl.StringVar(&f.hubName, "hub-name", "", "`ORG/NAME` of the model, by which axolotl-plugin finds its scores")
	partialFlag(cmd, &f.partial)
	fl.SetNormalizeFunc(spellings)
	fl.IntVar(&f.rank, "rank", 16, "`R`, the rank of a layer of median SNR, of peft")
	fl.Float64Var(&f.learningRate, learningRateFlag, 0, "`LR`, the learning rate of a layer of median SNR, of axolotl-lr")
	fl.StringVarP(&f.output, "output", "o", "", "write the selection to `FILE` instead of standard output")
	complete(cmd, "format", formatNames(emit.Formats()))
	complete(cmd, expertsFlag, []string{expertsFused, expertsSingle})
	return cmd
}

// learningRateFlag has no default, for a rate is not to be had by accident.
const learningRateFlag = "learning-rate"

// check completes the settings of the selector.
func (f *selectFlags) check(cmd *cobra.Command) error {
	if err := oneOf("format", f.format, formatNames(emit.Formats())...); err != nil {
		return err
	}
	if err := oneOf(expertsFlag, f.experts, expertsFused, expertsSingle); err != nil {
		return err
	}
	if f.budget > 0 {
		if f.s.Budget > 0 {
			return errors.New("--budget and --max-params exclude each other")
		}
		var err error
		if f.s.BytesPerParam, err = selection.TrainingBytes(f.optimiser, f.precision); err != nil {
			return err
		}
		f.s.Budget = int64(f.budget)
	} else if cmd.Flags().Changed("optimiser") || cmd.Flags().Changed("precision") {
		return errors.New("--optimiser and --precision say what --budget has to hold, and there is none")
	}
	if f.rank < 1 {
		return fmt.Errorf("--rank %d: want a positive number", f.rank)
	}
	if cmd.Flags().Changed(learningRateFlag) && !(f.learningRate > 0 && f.learningRate < 1) {
		return fmt.Errorf("--%s %v: want a number between 0 and 1", learningRateFlag, f.learningRate)
	}
	f.s.Factors = make(map[string]float64)
	for t, text := range f.weights {
		w, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("--weight %s=%s: not a number", t, text)
		}
		f.s.Factors[t] = w
	}
	if f.format == string(emit.SpectrumYAML) && (f.s.Head == selection.PolicyNever || f.s.Embeddings == selection.PolicyNever) {
		return fmt.Errorf("%s always trains the output head and the embeddings; %s does not", emit.SpectrumYAML, emit.Axolotl)
	}
	return f.s.Check()
}

// says reports whether a flag says what to select; else the result may hold a
// selection.
func (f *selectFlags) says(cmd *cobra.Command) bool {
	return slices.ContainsFunc([]string{"top", "budget", "max-params", "at-least", "include", "norms", "head", "embeddings"},
		func(name string) bool { return cmd.Flags().Changed(name) })
}

func (f *selectFlags) run(cmd *cobra.Command, file string) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	res, err := readResults(cmd, file, f.partial)
	if err != nil {
		return err
	}
	if err := refuseKind(file, res); err != nil {
		return err
	}
	if res, err = f.by.rank(cmd.ErrOrStderr(), file, res); err != nil {
		return err
	}
	loaded, err := f.names.apply(cmd.ErrOrStderr(), res)
	if err != nil {
		return err
	}
	candidates, layers := f.candidates(res)
	sel, err := f.choose(cmd, res, candidates, layers)
	if err != nil {
		return err
	}
	f.by.Restore(sel)
	how, err := f.training(cmd, res, candidates, loaded)
	if err != nil {
		return err
	}
	made, err := emit.Make(emit.Format(f.format), sel, how)
	if err != nil {
		return err
	}
	if err := writeTo(cmd, f.output, []string{file}, func(w io.Writer) error { _, err := io.WriteString(w, made.Text); return err }); err != nil {
		return err
	}
	f.report(cmd.ErrOrStderr(), sel, made, len(layers))
	return nil
}

// training returns what the file is made for: the parameters of --names, of --model,
// or of the result itself.
func (f *selectFlags) training(cmd *cobra.Command, res *results.Scores, candidates []results.Candidate, loaded *results.Parameters) (how emit.Training, err error) {
	how = emit.Training{Rank: f.rank, LearningRate: f.learningRate, Rows: rowsOf(candidates)}
	how.Name = f.hubName
	if res.Result != nil && res.Result.Provenance.Config != nil {
		how.Blocks, how.ModelType = res.Result.Provenance.Config.Blocks, res.Result.Provenance.Config.ModelType
	}
	switch {
	case loaded != nil:
		how.Model = paramsIn(loaded)
	case f.model != "":
		how.Model, err = parameters(cmd, f.model, f.names.transformers)
	default:
		how.Model = paramsOf(res)
	}
	return how, err
}

// report says what was chosen of so many layers, what the trainer makes of the file,
// and what is not sure about it.
func (f *selectFlags) report(w io.Writer, sel *selection.Selection, made *emit.File, layers int) {
	escape.Fprintf(w, "selected %d of %d layers in %d types", len(sel.Layers()), layers, len(sel.Groups))
	if n := sel.Params(); n > 0 {
		escape.Fprintf(w, ", %s parameters", formatCount(n))
	}
	escape.Fprintf(w, " (%s)\n", sel.Rule)
	if n := made.Params(); n != sel.Params() && n > 0 {
		escape.Fprintf(w, "%s trains %s with %s parameters\n", f.format, plural(len(made.Trained), "tensor"), formatCount(n))
	}
	reasons := make(map[string][]string)
	for _, o := range made.Left {
		reasons[o.Reason] = append(reasons[o.Reason], o.Name)
	}
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		escape.Fprintf(w, "left out, %s: %s: %s\n", why, plural(len(reasons[why]), "layer"), firstFew(reasons[why]))
	}
	for _, g := range sel.Groups {
		if g.DecidedByTie {
			escape.Fprintf(w, "%s: layers tie at the cut; those selected merely come first\n", g.Type)
		}
	}
}

// What select chooses among where the loaded model fuses experts.
const (
	expertsFlag   = names.ExpertList
	expertsFused  = "fused"
	expertsSingle = "single"
)

// candidates returns what is chosen among, by the names of parameters, which
// trainers know, and with it what is chosen only on request.
func (f *selectFlags) candidates(res *results.Scores) ([]results.Candidate, []spectrum.Layer) {
	experts := results.ExpertsFused
	if f.experts == expertsSingle {
		experts = results.ExpertsSingle
	}
	candidates := res.Candidates(experts)
	layers := results.Layers(candidates)
	for _, l := range res.Unranked() {
		if f.s.IsForced(l.Name, l.Type) {
			layers = append(layers, l)
		}
	}
	return candidates, layers
}

func (f *selectFlags) choose(cmd *cobra.Command, res *results.Scores, candidates []results.Candidate, layers []spectrum.Layer) (*selection.Selection, error) {
	if !f.says(cmd) && cmd.Flags().Changed(byFlag) {
		return nil, fmt.Errorf("--%s ranks anew, and nothing says how much to select: --top, --budget, --max-params, --at-least or --include", byFlag)
	}
	if !f.says(cmd) {
		if res.Result == nil || res.Result.Chosen == nil {
			return nil, errors.New("nothing says what to select: --top, --budget, --max-params, --at-least or --include")
		}
		return res.Result.Chosen.Selection(candidates)
	}
	if cmd.Flags().Changed("random") {
		return f.s.ControlGroup(layers, uint64(f.random))
	}
	return f.s.Select(layers)
}
