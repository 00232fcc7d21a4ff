package emit

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

// lora is what a selection means to LoRA: an adapter on every chosen matrix, of a rank
// in proportion to its SNR, with alpha in proportion to the rank, so that all are
// scaled alike. Layers that were ranked by something without a proportion have one rank. Norms have no adapter: they are trained whole.
type lora struct {
	rank, alpha int
	modules     []string // with an adapter each, full names
	parameters  []string // that PEFT finds by their own names: all experts of a block, and what it would take for them
	saved       []string // modules that are trained whole
	ranks       ordered  // of those whose rank is another
	alphas      ordered
}

// newLoRA makes the adapters of a selection.
func newLoRA(sel *selection.Selection, how Training) (*lora, error) {
	c := &lora{rank: cmp.Or(how.Rank, 16)}
	if c.rank < 1 || c.rank > 1<<16 {
		return nil, fmt.Errorf("rank %d", c.rank)
	}
	c.alpha = 2 * c.rank
	factors, err := strengths(sel)
	if err != nil { // there is no proportion: all have one rank
		factors = even(sel)
	}
	ranks := make(map[string]int)
	for _, l := range sel.Layers() {
		m, isWeight := names.Module(l.Name)
		switch {
		case names.IsFusedExperts(l.Name), how.rewrites(m) && isWeight:
			c.parameters = append(c.parameters, l.Name)
			m = l.Name // the rank too is found by it
		case !isWeight:
			return nil, fmt.Errorf("%s is not the weight of a module", l.Name)
		case names.KindOf(m) == names.Norm:
			c.saved = append(c.saved, m)
			continue
		default:
			c.modules = append(c.modules, m)
		}
		if r := max(1, int(math.Round(float64(c.rank)*factors[l.Name]))); r != c.rank {
			ranks[m] = r
		}
	}
	if len(c.modules)+len(c.parameters) == 0 {
		return nil, errors.New("there is no matrix to put an adapter on")
	}
	// PEFT takes the first key that ends a module's name, so longer ones go first.
	for _, m := range slices.SortedFunc(maps.Keys(ranks), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	}) {
		c.ranks = append(c.ranks, pair{m, ranks[m]})
		c.alphas = append(c.alphas, pair{m, 2 * ranks[m]})
	}
	return c, nil
}

// rewritten are the ends of modules that PEFT from 0.19 on, with transformers 5 and a
// model whose experts are fused, takes for the experts and the router of all blocks,
// also where they are those of a shared expert or of a dense block
// (peft/utils/transformers_weight_conversion.py, _convert_peft_config_moe; its issue
// 3711).
func rewritten() []string { return []string{"gate_proj", "up_proj", "down_proj", "w1", "w2", "w3"} }

// rewrites reports whether PEFT would take a module in a list for the experts of all blocks.
// In target_parameters it leaves names alone, and finds there the weight of a linear layer
// as well (peft/tuners/tuners_utils.py, _inject_parameters; tuners/lora/layer.py,
// ParamWrapper, which takes two dimensions or three).
func (how Training) rewrites(module string) bool {
	return slices.Contains(rewritten(), lastOf(module)) && how.fusesExperts()
}

// notForPEFT is why PEFT cannot put an adapter on a layer, "" if it can.
func notForPEFT(l spectrum.Layer, _ Training) string {
	module, isWeight := names.Module(l.Name)
	switch {
	case names.IsFusedExperts(l.Name):
		return ""
	case !isWeight:
		return "not the weight of a module, to which LoRA adds"
	case names.IsRouter(module):
		return "a router, which PEFT does not support"
	}
	return ""
}

// notForLists is the same where only modules can be listed.
func notForLists(l spectrum.Layer, how Training) string {
	module, _ := names.Module(l.Name)
	switch {
	case names.IsFusedExperts(l.Name):
		return "the experts of a block in one parameter, which no list of modules reaches"
	case how.rewrites(module):
		return "beside fused experts, for which PEFT would take it"
	}
	return notForPEFT(l, how)
}

// withoutNorms leaves out norms too, for trainers that train none beside adapters
// (unsloth/models/llama.py, get_peft_model; verl/workers/config/model.py).
func withoutNorms(omit func(spectrum.Layer, Training) string) func(spectrum.Layer, Training) string {
	return func(l spectrum.Layer, how Training) string {
		if names.KindOf(l.Name) == names.Norm {
			return "a norm, which is not trained beside adapters here"
		}
		return omit(l, how)
	}
}

// linearModule returns the module of a parameter that all-linear means: the weight of a
// linear layer, as far as name and shape tell, and neither head nor router.
func linearModule(p Param) (module string, ok bool) {
	module, isWeight := names.Module(p.Name)
	return module, isWeight && names.KindOf(module) == names.Matrix && p.Dims != 1 && !names.IsRouter(module)
}

// linearRoles lists the last components of the names of linear layers, but of those with
// a forbidden part: what trainers mean by all, whose lists find them in every block.
func linearRoles(model []Param, forbidden []string) (roles []string) {
	for _, p := range model {
		m, ok := linearModule(p)
		if ok && !slices.ContainsFunc(forbidden, func(part string) bool { return strings.Contains(m, part) }) {
			roles = append(roles, lastOf(m))
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

// fusesExperts reports whether the model holds the experts of a block in one parameter.
func (how Training) fusesExperts() bool {
	return slices.ContainsFunc(how.Model, func(p Param) bool { return names.IsFusedExperts(p.Name) })
}
