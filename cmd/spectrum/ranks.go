package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
)

type ranksFlags struct {
	rule    results.RankRule
	scaling float64
	output  string
	partial bool
}

func newRanks() *cobra.Command {
	f := &ranksFlags{}
	cmd := &cobra.Command{
		Use:   "ranks RESULTS",
		Short: "Say which rank an adapter needs in each layer to hold a change",
		Long: `ranks reads RESULTS of spectrum delta, or of the scan of an adapter, and writes an
adapter_config.json for PEFT: the modules that changed, the rank that each of them
needs as rank_pattern, and alpha_pattern so that all have the same scaling.`,
		Example: `  spectrum delta ./base ./tuned -o delta.json --singular-values
  spectrum ranks delta.json --energy 0.9 -o adapter_config.json
  spectrum ranks delta.json --budget 20000000`,
		Args: arguments(1, "RESULTS"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	fl := cmd.Flags()
	fl.Float64Var(&f.rule.Energy, "energy", 0, "the fewest directions with this `SHARE` of the squared norm of each change, such as 0.9")
	fl.BoolVar(&f.rule.Noise, "noise", false, "the directions that stand out of the rounding noise")
	fl.Int64Var(&f.rule.Budget, "budget", 0, "the strongest directions of all layers that adapters of `N` parameters hold: one threshold for all")
	fl.IntVar(&f.rule.Most, "max-rank", 0, "no rank above `N` (default: no bound)")
	fl.Float64Var(&f.scaling, "scaling", 1, "`S`, the quotient of alpha and rank of every layer")
	fl.StringVarP(&f.output, "output", "o", "", "write to `FILE` instead of standard output")
	partialFlag(cmd, &f.partial)
	fl.Lookup("max-rank").DefValue = "0"
	return cmd
}

func (f *ranksFlags) run(cmd *cobra.Command, file string) error {
	if !(f.scaling > 0 && f.scaling <= 1e6) {
		return fmt.Errorf("--scaling %v: want a positive number", f.scaling)
	}
	res, err := readResults(cmd, file, f.partial)
	if err != nil {
		return err
	}
	if res.Result == nil {
		return fmt.Errorf("%s is a file of the reference: ranks are of what changed, see spectrum delta", file)
	}
	table, err := res.Result.Ranks(f.rule)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	config, err := f.config(table)
	if err != nil {
		return err
	}
	if err := writeTo(cmd, f.output, []string{file}, func(w io.Writer) error { return writeJSON(w, config) }); err != nil {
		return err
	}
	f.report(cmd.ErrOrStderr(), table)
	return nil
}

// peftRanks is the part of PEFT's LoraConfig that says which modules have which rank.
type peftRanks struct {
	Type    string             `json:"peft_type"`
	Rank    int                `json:"r"`
	Alpha   float64            `json:"lora_alpha"`
	Modules []string           `json:"target_modules"`
	Ranks   map[string]int     `json:"rank_pattern"`
	Alphas  map[string]float64 `json:"alpha_pattern"`
}

// config makes the file: the most frequent rank is that of all modules that have no own. PEFT
// takes the keys for regular expressions, which a name of letters, digits and dots fits alone.
func (f *ranksFlags) config(t *results.RankTable) (*peftRanks, error) {
	often := make(map[int]int)
	for _, l := range t.Layers {
		if l.Rank > 0 {
			often[l.Rank]++
		}
	}
	if len(often) == 0 {
		if f.rule.Budget > 0 {
			return nil, fmt.Errorf("%w: adapters of %d parameters have no room for one direction of any layer", errNothing, f.rule.Budget)
		}
		return nil, fmt.Errorf("%w: no layer needs an adapter", errNothing)
	}
	c := &peftRanks{Type: "LORA", Ranks: make(map[string]int), Alphas: make(map[string]float64)}
	for _, r := range slices.Sorted(maps.Keys(often)) {
		if often[r] > often[c.Rank] {
			c.Rank = r
		}
	}
	c.Alpha = f.scaling * float64(c.Rank)
	for _, l := range t.Layers {
		if l.Rank == 0 {
			continue
		}
		c.Modules = append(c.Modules, l.Module)
		if l.Rank != c.Rank {
			c.Ranks[l.Module], c.Alphas[l.Module] = l.Rank, f.scaling*float64(l.Rank)
		}
	}
	if math.IsInf(c.Alpha, 0) {
		return nil, errors.New("--scaling: too large")
	}
	return c, nil
}

// report says how large the adapters are, and what has none.
func (f *ranksFlags) report(w io.Writer, t *results.RankTable) {
	var ranks []int
	for _, l := range t.Layers {
		if l.Rank > 0 {
			ranks = append(ranks, l.Rank)
		}
	}
	slices.Sort(ranks)
	escape.Fprintf(w, "%s with ranks from %d to %d, median %d: %s parameters\n",
		plural(len(ranks), "module"), ranks[0], ranks[len(ranks)-1], ranks[len(ranks)/2], formatCount(t.Params()))
	reasons := make(map[string][]string)
	for _, name := range slices.Sorted(maps.Keys(t.Left)) {
		reasons[t.Left[name]] = append(reasons[t.Left[name]], name)
	}
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		escape.Fprintf(w, "left out, %s: %s\n", why, firstFew(reasons[why]))
	}
}
