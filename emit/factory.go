package emit

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

func isNorm(name string) bool { return names.KindOf(name) == names.Norm }

// freezeArgs are LLaMA-Factory's arguments of finetuning_type: freeze.
type freezeArgs struct {
	layers  int      // the last so many blocks, or the first if negative
	modules []string // what of each block, by the component behind its number
	extra   []string // components outside blocks
}

// llamaFactory finds the arguments that cover sel. They say no more than "these
// modules of the last n blocks", so Write verifies them.
func llamaFactory(sel *selection.Selection, model []Param) (string, error) {
	if model == nil {
		return "", fmt.Errorf("%w for %s without the parameters of the model", ErrInexpressible, LLaMAFactory)
	}
	total := blockCount(model)
	lowest, highest := total, -1
	modules, extra := make(map[string]bool), make(map[string]bool)
	for _, l := range sel.Layers() {
		block, rest := names.Block(l.Name)
		if block == "" {
			parts := strings.Split(l.Name, ".")
			extra[parts[max(0, len(parts)-2)]] = true
			continue
		}
		n, err := strconv.Atoi(block[strings.LastIndexByte(block, '.')+1:])
		if err != nil {
			return "", fmt.Errorf("%w for %s: block of %s", ErrInexpressible, LLaMAFactory, l.Name)
		}
		lowest, highest = min(lowest, n), max(highest, n)
		head, _, _ := strings.Cut(rest, ".")
		modules[head] = true
	}
	a := freezeArgs{modules: slices.Sorted(maps.Keys(modules)), extra: slices.Sorted(maps.Keys(extra))}
	switch {
	case highest < 0:
		return "", fmt.Errorf("%w for %s: nothing is selected in the blocks, and it always trains some of one", ErrInexpressible, LLaMAFactory)
	case highest == total-1:
		a.layers = total - lowest
	case lowest == 0:
		a.layers = -(highest + 1)
	default:
		return "", fmt.Errorf("%w for %s: it trains the first or the last blocks, not %d to %d of %d; %s takes any selection",
			ErrInexpressible, LLaMAFactory, lowest, highest, total, LLaMAFactoryLoRA)
	}
	text := header(sel) + notes + "finetuning_type: freeze\n" +
		fmt.Sprintf("freeze_trainable_layers: %d\nfreeze_trainable_modules: %s\n", a.layers, strings.Join(a.modules, ","))
	if len(a.extra) > 0 {
		text += "freeze_extra_modules: " + strings.Join(a.extra, ",") + "\n"
	}
	// Else LLaMA-Factory freezes the towers of multimodal models in addition.
	return text + "freeze_vision_tower: false\nfreeze_multi_modal_projector: false\nfreeze_language_model: false\n" +
		fmt.Sprintf("# of a model with num_hidden_layers: %d\n", total), nil
}

// blockCount returns the number of blocks of a model: one more than the highest
// number of the language model's, which has the most blocks of all towers.
func blockCount(model []Param) int {
	count := 0
	for _, p := range model {
		block, _ := names.Block(p.Name)
		if n, err := strconv.Atoi(block[strings.LastIndexByte(block, '.')+1:]); err == nil {
			count = max(count, n+1)
		}
	}
	return count
}

// llamaFactoryLoRA names every module, which PEFT then looks for as it stands.
func llamaFactoryLoRA(sel *selection.Selection) (string, error) {
	var targets, whole []string
	for _, l := range sel.Layers() {
		m, ok := module(l.Name)
		switch {
		case !ok:
			return "", fmt.Errorf("%w for %s: %s is not the weight of a module", ErrInexpressible, LLaMAFactoryLoRA, l.Name)
		case isNorm(m):
			whole = append(whole, m)
		default:
			targets = append(targets, m)
		}
	}
	if len(targets) == 0 {
		return "", fmt.Errorf("%w for %s: there is no matrix to put an adapter on", ErrInexpressible, LLaMAFactoryLoRA)
	}
	text := header(sel) + "finetuning_type: lora\nlora_target: " + strings.Join(targets, ",") + "\n"
	if len(whole) > 0 {
		text += "additional_target: " + strings.Join(whole, ",") + "\n"
	}
	return text, nil
}

var inBlock = regexp.MustCompile(`\.\d+\.`)

// resolve returns the substrings by which LLaMA-Factory finds what it trains, or
// the error that it stops with.
func (a freezeArgs) resolve(model []Param) ([]string, error) {
	hidden, outside := make(map[string]bool), make(map[string]bool)
	for _, p := range model {
		for _, number := range []string{".0.", ".1."} {
			if i := strings.LastIndex(p.Name, number); i >= 0 {
				head, _, _ := strings.Cut(p.Name[i+len(number):], ".")
				hidden[head] = true
				break
			}
		}
		if parts := strings.Split(p.Name, "."); len(parts) > 1 && !inBlock.MatchString(p.Name) {
			outside[parts[len(parts)-2]] = true
		}
	}
	total := blockCount(model)
	from, to := max(0, total-a.layers), total
	if a.layers <= 0 {
		from, to = 0, min(-a.layers, total)
	}
	var found []string
	for _, m := range a.modules {
		if m != "all" && !hidden[m] {
			return nil, fmt.Errorf("%w: %s finds no module %q in block 0 or 1", ErrInexpressible, LLaMAFactory, m)
		}
		if m == "all" {
			m = ""
		}
		for i := from; i < to; i++ {
			found = append(found, "."+strconv.Itoa(i)+"."+m)
		}
	}
	for _, m := range a.extra {
		if !outside[m] {
			return nil, fmt.Errorf("%w: %s finds no module %q outside the blocks", ErrInexpressible, LLaMAFactory, m)
		}
		found = append(found, m)
	}
	return found, nil
}
