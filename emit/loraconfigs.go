package emit

import (
	"fmt"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

// Configs of trainers that hand their lists to PEFT. What PEFT makes of a list it makes
// of theirs.
const listsForPEFT = "as PEFT: a module's name or its end behind a dot; parameters likewise"

func axolotlLoRA() trainer {
	return trainer{
		format: AxolotlLoRA, about: "YAML with adapter: lora, the modules and parameters, and ranks in proportion to the SNR",
		matching: listsForPEFT, write: writeAxolotlLoRA, omit: notForPEFT,
		read: func(r *Rules, text string) error {
			return readLists(r, text, "lora_target_modules", "lora_target_parameters", "lora_modules_to_save")
		},
	}
}

func writeAxolotlLoRA(sel *selection.Selection, how Training) (string, error) {
	c, err := newLoRA(sel, how)
	if err != nil {
		return "", err
	}
	text := header(sel) + fmt.Sprintf("adapter: lora\nlora_r: %d\nlora_alpha: %d\nlora_dropout: 0\n", c.rank, c.alpha)
	text += c.lists("lora_target_modules", "lora_target_parameters", "lora_modules_to_save")
	for _, pattern := range []struct {
		key   string
		pairs ordered
	}{{"lora_rank_pattern", c.ranks}, {"lora_alpha_pattern", c.alphas}} {
		if len(pattern.pairs) == 0 {
			continue
		}
		text += pattern.key + ":\n"
		for _, p := range pattern.pairs {
			text += fmt.Sprintf("  %s: %d\n", quoteYAML(p.key), p.value)
		}
	}
	return text, nil
}

func trlLoRA() trainer {
	return trainer{
		format: TRLLoRA, about: "YAML for trl sft --config FILE, or ModelConfig, with one rank for all",
		matching: listsForPEFT, write: writeTRLLoRA, omit: notForPEFT,
		read: func(r *Rules, text string) error {
			return readLists(r, text, "lora_target_modules", "lora_target_parameters", "lora_modules_to_save")
		},
	}
}

func writeTRLLoRA(sel *selection.Selection, how Training) (string, error) {
	c, err := newLoRA(sel, how)
	if err != nil {
		return "", err
	}
	return header(sel) + fmt.Sprintf("use_peft: true\nlora_r: %d\nlora_alpha: %d\nlora_dropout: 0.0\n", c.rank, c.alpha) +
		c.lists("lora_target_modules", "lora_target_parameters", "lora_modules_to_save"), nil
}

// lists writes modules and parameters under these keys, those without any not at all.
func (c *lora) lists(modules, parameters, saved string) (text string) {
	for _, list := range []struct {
		key   string
		items []string
	}{{modules, c.modules}, {parameters, c.parameters}, {saved, c.saved}} {
		if len(list.items) > 0 {
			text += listYAML(list.key, list.items)
		}
	}
	return text
}

// readLists reads them back, for PEFT.
func readLists(r *Rules, text, modules, parameters, saved string) error {
	values, err := yamlOf(text, modules, parameters)
	if err != nil {
		return err
	}
	var c peftConfig
	for key, list := range map[string]*[]string{parameters: &c.TargetParameters, saved: &c.ModulesToSave} {
		if *list, err = values.list(key); err != nil {
			return err
		}
	}
	items, err := values.list(modules)
	if err != nil {
		return err
	}
	if len(items)+len(c.TargetParameters) == 0 {
		return errNoEntries
	}
	if n := values[modules]; n != nil && len(items) == 1 && resolve(n).Value == items[0] { // a string, not a list
		c.TargetModules = oneOrMore{is: "text", text: items[0]}
	} else {
		c.TargetModules = oneOrMore{is: "list", list: items}
	}
	return r.peft(&c)
}

func unsloth() trainer {
	return trainer{
		format: Unsloth, about: "a Python module whose get_peft_model(model) puts adapters on what was selected",
		matching: listsForPEFT, write: writeUnsloth, omit: notForUnsloth,
		read: func(r *Rules, text string) error {
			items, _ := readPython(text, targets)
			parameters, _ := readPython(text, parameterTargets)
			if len(items)+len(parameters) == 0 {
				return errNoEntries
			}
			return r.peft(&peftConfig{TargetModules: oneOrMore{is: "list", list: items}, TargetParameters: parameters})
		},
	}
}

// notForUnsloth is why Unsloth does not train a layer: norms it trains none of beside
// adapters (unsloth/models/llama.py, get_peft_model).
func notForUnsloth(l spectrum.Layer, how Training) string {
	if names.KindOf(l.Name) == names.Norm {
		return "a norm, which is not trained beside adapters here"
	}
	return notForPEFT(l, how)
}

// What begins the lists of unsloth's module.
const (
	targets          = "TARGET_MODULES = "
	parameterTargets = "TARGET_PARAMETERS = "
)

const unslothUsage = `

def get_peft_model(model, **kwargs):
    """Put LoRA adapters on TARGET_MODULES, a list of full names: Unsloth takes a
    string apart into letters. Full fine-tuning is the format python, after
    FastLanguageModel.from_pretrained(..., full_finetuning=True)."""
    from unsloth import FastLanguageModel

    settings = {"r": RANK, "lora_alpha": 2 * RANK, "lora_dropout": 0, "bias": "none"}
    settings |= {"rank_pattern": RANKS, "alpha_pattern": {name: 2 * rank for name, rank in RANKS.items()}}
    if TARGET_PARAMETERS:
        settings["target_parameters"] = TARGET_PARAMETERS
    return FastLanguageModel.get_peft_model(model, target_modules=TARGET_MODULES, **{**settings, **kwargs})
`

func writeUnsloth(sel *selection.Selection, how Training) (string, error) {
	c, err := newLoRA(sel, how)
	if err != nil {
		return "", err
	}
	ranks, err := c.ranks.MarshalJSON()
	if err != nil {
		return "", err
	}
	return header(sel) + "\n" + targets + listPython(c.modules) + "\n" + parameterTargets + listPython(c.parameters) +
		fmt.Sprintf("\nRANK = %d\nRANKS = %s\n", c.rank, ranks) + unslothUsage, nil
}
