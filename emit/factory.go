package emit

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/escape"
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
	frozen  towers
	spread  bool // over all blocks, as use_llama_pro has it, not the last ones
	v1      bool // as v1 reads them
}

// blocks returns the numbers of the blocks that are trained, of so many.
func (a freezeArgs) blocks(total int) (list []int, err error) {
	from, to, step := max(0, total-a.layers), total, 1
	switch {
	case total > maxBlocks:
		return nil, fmt.Errorf("a model of %d blocks", total)
	case a.spread:
		if a.layers <= 0 || total%a.layers != 0 {
			return nil, fmt.Errorf("use_llama_pro: %d blocks are not a multiple of %d", total, a.layers)
		}
		step = max(1, total/a.layers)
		from, to = step-1, total+step-1
	case a.layers <= 0:
		from, to = 0, min(-a.layers, total)
	}
	for i := from; i < to; i += step {
		list = append(list, i)
	}
	return list, nil
}

// writeFreeze finds the arguments that cover sel. They say no more than "these
// modules of the last n blocks", so Write verifies them.
func writeFreeze(sel *selection.Selection, how Training) (string, error) {
	a, total, err := newFreeze(sel, how)
	if err != nil {
		return "", err
	}
	text := header(sel) + notes + "finetuning_type: freeze\n" +
		fmt.Sprintf("freeze_trainable_layers: %d\nfreeze_trainable_modules: %s\n", a.layers, escape.YAML(strings.Join(a.modules, ",")))
	if len(a.extra) > 0 {
		text += "freeze_extra_modules: " + escape.YAML(strings.Join(a.extra, ",")) + "\n"
	}
	return text + freezeTowers(how.Model, layerNames(sel.Layers())) + ofBlocks(total), nil
}

// ofBlocks says for a model of how many blocks a file is.
func ofBlocks(total int) string {
	return fmt.Sprintf("# of a model with num_hidden_layers: %d\n", total)
}

// newFreeze returns the arguments for a selection and the number of blocks.
func newFreeze(sel *selection.Selection, how Training) (a freezeArgs, total int, err error) {
	if how.Model == nil {
		return a, 0, errors.New("it needs the parameters of the model")
	}
	if total = how.Blocks; total == 0 {
		total = blockCount(how.Model)
	}
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
			return a, 0, fmt.Errorf("block of %s", l.Name)
		}
		lowest, highest = min(lowest, n), max(highest, n)
		head, _, _ := strings.Cut(rest, ".")
		modules[head] = true
	}
	a.modules, a.extra = slices.Sorted(maps.Keys(modules)), slices.Sorted(maps.Keys(extra))
	switch {
	case highest < 0:
		return a, 0, errors.New("nothing is selected in the blocks, and it always trains some of one")
	case highest == total-1:
		a.layers = total - lowest
	case lowest == 0:
		a.layers = -(highest + 1)
	default:
		return a, 0, fmt.Errorf("it trains the first or the last blocks, not %d to %d of %d; %s takes any selection",
			lowest, highest, total, LLaMAFactoryLoRA)
	}
	return a, total, nil
}

// blockCount returns the number of blocks of the language model: one more than their
// highest number.
func blockCount(model []Param) int {
	count := 0
	for _, p := range model {
		if names.PartOf(p.Name) != names.Language {
			continue
		}
		block, _ := names.Block(p.Name)
		if n, err := strconv.Atoi(block[strings.LastIndexByte(block, '.')+1:]); err == nil {
			count = max(count, n+1)
		}
	}
	return count
}

func readFreeze(r *Rules, text string) error {
	values, err := yamlOf(text, "freeze_trainable_layers", "finetuning_type")
	if err != nil {
		return err
	}
	a, err := values.freeze()
	if err != nil {
		return err
	}
	if a.frozen, err = readTowers(values); err != nil {
		return err
	}
	if a.spread, err = values.flag("use_llama_pro", false); err != nil {
		return err
	}
	r.resolve = a.resolve
	return nil
}

// freeze reads the arguments that both versions have.
func (s settings) freeze() (a freezeArgs, err error) {
	if a.layers, err = strconv.Atoi(cmp.Or(s.text("freeze_trainable_layers"), "2")); err != nil { // its default
		return a, fmt.Errorf("freeze_trainable_layers: %w", err)
	}
	if a.modules, err = s.commas("freeze_trainable_modules"); err != nil {
		return a, err
	}
	if len(a.modules) == 0 {
		a.modules = []string{"all"} // its default
	}
	a.extra, err = s.commas("freeze_extra_modules")
	return a, err
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
	blocks, err := a.blocks(total)
	if err != nil {
		return nil, err
	}
	var found []entry
	multimodal := compositeOf(model)
	forbidden := multimodal.forbidden(a.frozen)
	if a.v1 {
		if multimodal != nil {
			return nil, errors.New("v1 does not find the number of blocks of a multimodal model")
		}
		forbidden = quantised()
	}
	find := func(s string) {
		found = append(found, free(entry{text: s, match: func(n string) bool { return strings.Contains(n, s) }}, forbidden))
	}
	if multimodal != nil && !a.frozen.projector && multimodal.projector != "" {
		find(multimodal.projector)
	}
	for _, m := range a.modules {
		if m != "all" && !hidden[m] {
			return nil, fmt.Errorf("there is no module %q in block 0 or 1", m)
		}
		if m == "all" {
			m = ""
		}
		for _, i := range blocks {
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
		omit:     notForLists,
		read:     readFactoryLoRA,
	}
}

// writeFactoryLoRA names every module, which PEFT then looks for as it stands.
func writeFactoryLoRA(sel *selection.Selection, how Training) (string, error) {
	c, err := newLoRA(sel, how)
	if err != nil {
		return "", err
	}
	text := header(sel) + "finetuning_type: lora\nlora_target: " + escape.YAML(strings.Join(c.modules, ",")) + "\n"
	if len(c.saved) > 0 {
		text += "additional_target: " + escape.YAML(strings.Join(c.saved, ",")) + "\n"
	}
	return text + freezeTowers(how.Model, slices.Concat(c.modules, c.saved)), nil
}

func readFactoryLoRA(r *Rules, text string) error {
	values, err := yamlOf(text, "lora_target")
	if err != nil {
		return err
	}
	targets, err := values.commas("lora_target")
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return errNoEntries
	}
	frozen, err := readTowers(values)
	if err != nil {
		return err
	}
	more, err := values.commas("additional_target")
	if err != nil {
		return err
	}
	a, err := values.freeze() // of which use_llama_pro has the layers
	if err != nil {
		return err
	}
	if a.spread, err = values.flag("use_llama_pro", false); err != nil {
		return err
	}
	c := &peftConfig{ModulesToSave: more}
	r.resolve = func(model []Param) ([]entry, error) {
		found := factoryTargets(model, targets, frozen)
		if a.spread {
			if err := a.expand(model, found); err != nil {
				return nil, err
			}
		}
		return append(found, c.others(nil)...), unsupported(model, found, c.saves)
	}
	return nil
}

// expand limits targets to the blocks of use_llama_pro, in which they are any part of a
// name (misc.py, find_expanded_modules).
func (a freezeArgs) expand(model []Param, targets []entry) error {
	if compositeOf(model) != nil {
		return errors.New("use_llama_pro does not find the number of blocks of a multimodal model")
	}
	blocks, err := a.blocks(blockCount(model))
	if err != nil {
		return err
	}
	for i, e := range targets {
		targets[i].match = func(n string) bool {
			return strings.Contains(n, e.text) && slices.ContainsFunc(blocks, func(b int) bool {
				return strings.Contains(n, "."+strconv.Itoa(b)+".")
			})
		}
	}
	return nil
}

// factoryTargets makes entries of targets, which of a model of text alone are PEFT's, and
// of others any part of a name without forbidden ones (visual.py, patch_target_modules).
// All means the linear layers but the head and, of those others, the projector and a
// frozen encoder (misc.py, find_all_linear_modules).
func factoryTargets(model []Param, targets []string, frozen towers) (found []entry) {
	multimodal := compositeOf(model)
	if len(targets) == 1 && targets[0] == "all" {
		targets = linearRoles(model, multimodal.forbidden(towers{vision: frozen.vision, projector: true}))
	}
	for _, item := range targets {
		e, _ := moduleEntry(item)
		if multimodal != nil {
			e.match = func(n string) bool { return strings.Contains(n, item) }
			e = free(e, multimodal.forbidden(frozen))
		}
		found = append(found, e)
	}
	return found
}

// commas splits a text at its commas, as LLaMA-Factory's split_arg does: an item may be
// empty, and then is part of every name.
func commas(s string) []string {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	items := strings.Split(s, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

// commas returns a list, or the items of the text in its place.
func (s settings) commas(key string) ([]string, error) {
	o, err := s.oneOrMore(key)
	if o.is == "text" {
		return commas(o.text), err
	}
	return o.list, err
}
