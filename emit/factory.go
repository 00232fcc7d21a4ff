package emit

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

func llamaFactory() trainer {
	return trainer{
		format:   LLaMAFactory,
		about:    "YAML for finetuning_type: freeze, which can say whole modules of the first or last blocks",
		matching: "any part of a name, made of a block's number and a module",
		write:    writeFreeze,
		read:     readFreeze,
	}
}

// freezeArgs are LLaMA-Factory's arguments of finetuning_type: freeze.
type freezeArgs struct {
	layers  int      // the last so many blocks, or the first if negative
	modules []string // what of each block, by the component behind its number
	extra   []string // components outside blocks
}

// writeFreeze finds the arguments that cover sel. They say no more than "these
// modules of the last n blocks", so Write verifies them.
func writeFreeze(sel *selection.Selection, how Training) (string, error) {
	if how.Model == nil {
		return "", errors.New("it needs the parameters of the model")
	}
	total := blockCount(how.Model)
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
			return "", fmt.Errorf("block of %s", l.Name)
		}
		lowest, highest = min(lowest, n), max(highest, n)
		head, _, _ := strings.Cut(rest, ".")
		modules[head] = true
	}
	a := freezeArgs{modules: slices.Sorted(maps.Keys(modules)), extra: slices.Sorted(maps.Keys(extra))}
	switch {
	case highest < 0:
		return "", errors.New("nothing is selected in the blocks, and it always trains some of one")
	case highest == total-1:
		a.layers = total - lowest
	case lowest == 0:
		a.layers = -(highest + 1)
	default:
		return "", fmt.Errorf("it trains the first or the last blocks, not %d to %d of %d; %s takes any selection",
			lowest, highest, total, LLaMAFactoryLoRA)
	}
	text := header(sel) + notes + "finetuning_type: freeze\n" +
		fmt.Sprintf("freeze_trainable_layers: %d\nfreeze_trainable_modules: %s\n", a.layers, quoteYAML(strings.Join(a.modules, ",")))
	if len(a.extra) > 0 {
		text += "freeze_extra_modules: " + quoteYAML(strings.Join(a.extra, ",")) + "\n"
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

func readFreeze(r *Rules, text string) error {
	n, err := strconv.Atoi(scalarYAML(text, "freeze_trainable_layers"))
	if err != nil {
		return fmt.Errorf("freeze_trainable_layers: %w", err)
	}
	a := freezeArgs{n, commas(scalarYAML(text, "freeze_trainable_modules")), commas(scalarYAML(text, "freeze_extra_modules"))}
	if len(a.modules) == 0 {
		a.modules = []string{"all"} // its default
	}
	r.resolve = a.resolve
	return nil
}

// maxBlocks bounds the blocks of a model, whose number a name alone may claim.
const maxBlocks = 1 << 16

var inBlock = regexp.MustCompile(`\.\d+\.`)

// resolve returns the substrings by which LLaMA-Factory finds what it trains, or
// the error that it stops with.
func (a freezeArgs) resolve(model []Param) ([]entry, error) {
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
	if total > maxBlocks {
		return nil, fmt.Errorf("a model of %d blocks", total)
	}
	from, to := max(0, total-a.layers), total
	if a.layers <= 0 {
		from, to = 0, min(-a.layers, total)
	}
	var found []entry
	find := func(s string) {
		found = append(found, entry{text: s, match: func(n string) bool { return strings.Contains(n, s) }})
	}
	for _, m := range a.modules {
		if m != "all" && !hidden[m] {
			return nil, fmt.Errorf("there is no module %q in block 0 or 1", m)
		}
		if m == "all" {
			m = ""
		}
		for i := from; i < to; i++ {
			find("." + strconv.Itoa(i) + "." + m)
		}
	}
	for _, m := range a.extra {
		if !outside[m] {
			return nil, fmt.Errorf("there is no module %q outside the blocks", m)
		}
		find(m)
	}
	return found, nil
}

func llamaFactoryLoRA() trainer {
	return trainer{
		format:   LLaMAFactoryLoRA,
		about:    "YAML for finetuning_type: lora, with lora_target",
		matching: "a module's name, or its end behind a dot",
		write:    writeFactoryLoRA,
		read:     readFactoryLoRA,
	}
}

// writeFactoryLoRA names every module, which PEFT then looks for as it stands.
func writeFactoryLoRA(sel *selection.Selection, _ Training) (string, error) {
	targets, norms, err := adapted(sel)
	if err != nil {
		return "", err
	}
	text := header(sel) + "finetuning_type: lora\nlora_target: " + quoteYAML(strings.Join(targets, ",")) + "\n"
	if len(norms) > 0 {
		text += "additional_target: " + quoteYAML(strings.Join(norms, ",")) + "\n"
	}
	return text, nil
}

func readFactoryLoRA(r *Rules, text string) error {
	if err := r.add(commas(scalarYAML(text, "lora_target")), moduleEntry); err != nil {
		return err
	}
	if more := commas(scalarYAML(text, "additional_target")); len(more) > 0 {
		return r.add(more, moduleEntry)
	}
	return nil
}

func commas(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}
