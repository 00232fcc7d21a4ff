package emit

import (
	"fmt"
	"strconv"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/selection"
)

// Configs of trainers that hand their lists to PEFT. What PEFT makes of a list it makes
// of theirs.
const listsForPEFT = "as PEFT: a module's name or its end behind a dot; parameters likewise"

func axolotlLoRA() trainer {
	return trainer{
		format: AxolotlLoRA, about: "YAML with adapter: lora, the modules and parameters, and ranks in proportion to the SNR",
		matching: listsForPEFT, write: writeAxolotlLoRA, omit: notForPEFT,
		read: readAxolotlLoRA,
	}
}

func writeAxolotlLoRA(sel *selection.Selection, how Training) (string, error) {
	c, err := newLoRA(sel, how)
	if err != nil {
		return "", err
	}
	text := header(sel) + fmt.Sprintf("adapter: lora\nlora_r: %d\nlora_alpha: %d\nlora_dropout: 0\n", c.rank, c.alpha)
	text += c.lists()
	for _, pattern := range []struct {
		key   string
		pairs ordered
	}{{"lora_rank_pattern", c.ranks}, {"lora_alpha_pattern", c.alphas}} {
		if len(pattern.pairs) == 0 {
			continue
		}
		text += pattern.key + ":\n"
		for _, p := range pattern.pairs {
			text += fmt.Sprintf("  %s: %d\n", escape.YAML(p.key), p.value)
		}
	}
	return text, nil
}

func trlLoRA() trainer {
	return trainer{
		format: TRLLoRA, about: "YAML for trl sft --config FILE, or ModelConfig, with one rank for all",
		matching: listsForPEFT, write: writeTRLLoRA, omit: notForPEFT,
		read: readTRLLoRA,
	}
}

func writeTRLLoRA(sel *selection.Selection, how Training) (string, error) {
	c, err := newLoRA(sel, how)
	if err != nil {
		return "", err
	}
	return header(sel) + fmt.Sprintf("use_peft: true\nlora_r: %d\nlora_alpha: %d\nlora_dropout: 0.0\n", c.rank, c.alpha) +
		c.lists(), nil
}

// Keys of the lists, which axolotl and TRL have in common.
const (
	loraModules    = "lora_target_modules"
	loraParameters = "lora_target_parameters"
	loraSaved      = "lora_modules_to_save"
)

// lists writes modules and parameters, those without any not at all.
func (c *lora) lists() (text string) {
	for _, list := range []struct {
		key   string
		items []string
	}{{loraModules, c.modules}, {loraParameters, c.parameters}, {loraSaved, c.saved}} {
		if len(list.items) > 0 {
			text += listYAML(list.key, list.items)
		}
	}
	return text
}

// listsOf reads them back.
func listsOf(values settings) (c *peftConfig, err error) {
	c = new(peftConfig)
	if c.TargetModules, err = values.oneOrMore(loraModules); err != nil {
		return nil, err
	}
	for key, list := range map[string]*[]string{loraParameters: &c.TargetParameters, loraSaved: &c.ModulesToSave} {
		if *list, err = values.list(key); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// readAxolotlLoRA reads what decides which modules get adapters
// (axolotl/loaders/adapter.py, _build_peft_lora_config).
func readAxolotlLoRA(r *Rules, text string) error {
	values, err := yamlOf(text, loraModules, loraParameters, loraLinear)
	if err != nil {
		return err
	}
	c, err := listsOf(values)
	if err != nil {
		return err
	}
	if c.linear, err = values.flag(loraLinear, false); err != nil {
		return err
	}
	if c.LayersPattern, err = values.oneOrMore("peft_layers_pattern"); err != nil {
		return err
	}
	numbers, err := values.list("peft_layers_to_transform")
	if err != nil {
		return err
	}
	for _, s := range numbers {
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("peft_layers_to_transform: %w", err)
		}
		c.LayersToTransform = append(c.LayersToTransform, n)
	}
	return r.lists(c)
}

// lists enters a config, which has to say something.
func (r *Rules) lists(c *peftConfig) error {
	if c.TargetModules.is == "" && len(c.TargetParameters) == 0 && !c.linear {
		return errNoEntries
	}
	return r.peft(c)
}

// loraLinear is axolotl's key for all linear layers beside those listed.
const loraLinear = "lora_target_linear"

// readTRLLoRA reads the same for TRL, which makes of a list of one module that module,
// a pattern to PEFT (trl/trainer/model_config.py, __post_init__).
func readTRLLoRA(r *Rules, text string) error {
	values, err := yamlOf(text, loraModules, loraParameters)
	if err != nil {
		return err
	}
	c, err := listsOf(values)
	if err != nil {
		return err
	}
	if t := c.TargetModules; len(t.list) == 1 {
		c.TargetModules = oneOrMore{is: "text", text: t.list[0]}
	}
	return r.lists(c)
}

func unsloth() trainer {
	return trainer{
		format: Unsloth, about: "a Python module whose get_peft_model(model) puts adapters on what was selected",
		matching: listsForPEFT, write: writeUnsloth, omit: withoutNorms(notForPEFT),
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
	return header(sel) + "\n" + targets + escape.Python(c.modules) + "\n" + parameterTargets + escape.Python(c.parameters) +
		fmt.Sprintf("\nRANK = %d\nRANKS = %s\n", c.rank, ranks) + unslothUsage, nil
}
