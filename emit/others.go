package emit

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

func axolotlPlugin() trainer {
	return trainer{
		format: AxolotlPlugin, about: "YAML for axolotl's SpectrumPlugin, which selects by itself from an exported result",
		matching: "the plugin takes int(n·fraction) modules of each type, and head and embeddings in any case",
		write:    writePlugin, reader: Axolotl, same: writeSpectrumYAML,
	}
}

// writePlugin writes the plugin's settings. It looks for its scores under one name only
// (axolotl/integrations/spectrum/__init__.py), and selects as the reference does.
func writePlugin(sel *selection.Selection, how Training) (string, error) {
	if rule := (selection.Selector{Percent: sel.Percent}).String(); sel.Rule != rule || sel.Percent == 0 {
		return "", fmt.Errorf("the plugin takes the top of each type, not: %s", sel.Rule)
	}
	if !slug.MatchString(how.Name) {
		return "", fmt.Errorf("it needs the name of the model on the hub, such as org/name, not %q", how.Name)
	}
	file := "model_snr_results/snr_results_" + strings.NewReplacer("/", "-", "_", "-").Replace(how.Name) + ".json"
	return header(sel) + "# Its scores are those of\n#     spectrum export RESULTS --convention v0 -o " + file +
		"\n# in the folder that axolotl runs in.\nplugins:\n- axolotl.integrations.spectrum.SpectrumPlugin\n" +
		fmt.Sprintf("spectrum_top_fraction: %v\nspectrum_model_name: %s\n", sel.Percent/100, escape.YAML(how.Name)), nil
}

func verl() trainer {
	return trainer{
		format: Verl, about: "arguments of verl's trainers for LoRA, for eval \"python -m verl.trainer.main_ppo … $(cat FILE)\"",
		matching: listsForPEFT, write: writeVerl, read: readVerl, omit: withoutNorms(notForLists),
	}
}

// verlModel begins the settings of the model (verl/workers/fsdp_workers.py, which hands
// target_modules to PEFT's LoraConfig).
const verlModel = "actor_rollout_ref.model."

func writeVerl(sel *selection.Selection, how Training) (string, error) {
	c, err := newLoRA(sel, how)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%slora_rank=%d %slora_alpha=%d %s\n", verlModel, c.rank, verlModel, c.alpha,
		escape.Shell(verlModel+"target_modules=["+strings.Join(c.modules, ",")+"]")), nil
}

func readVerl(r *Rules, text string) error {
	words, err := shellWords(text)
	if err != nil {
		return err
	}
	for _, w := range words {
		value, ok := strings.CutPrefix(strings.TrimLeft(w, "+"), verlModel+"target_modules=")
		if !ok {
			continue
		}
		if list, closed := strings.CutSuffix(strings.TrimPrefix(value, "["), "]"); closed && value[0] == '[' {
			return r.peft(&peftConfig{TargetModules: oneOrMore{is: "list", list: commas(list)}})
		}
		return r.peft(&peftConfig{TargetModules: oneOrMore{is: "text", text: value}})
	}
	return errNoEntries
}

func galore() trainer {
	return trainer{
		format: GaLore, about: "YAML with optim_target_modules, the linear layers whose gradients GaLore or APOLLO project; all others train as usual",
		matching: "any part of a linear module's name, or its whole by a regular expression", write: writeGaLore, read: readGaLore, omit: notForGaLore,
	}
}

// notForGaLore is why GaLore does not project a layer, "" if it does.
func notForGaLore(l spectrum.Layer, how Training) string {
	if why := notForLists(l, Training{}); why != "" {
		return why
	}
	if k := names.KindOf(l.Name); k == names.Norm || k == names.Embedding {
		return "no linear layer, which GaLore projects"
	}
	return ""
}

func writeGaLore(sel *selection.Selection, how Training) (string, error) {
	c, err := newLoRA(sel, how)
	if err != nil {
		return "", err
	}
	// An item of a list matches any part of a name; a string is a pattern for all of it.
	return header(sel) + "# or another of the optimisers that take targets, such as apollo_adamw\noptim: galore_adamw\n" +
		"optim_target_modules: " + escape.YAML("^"+alternation(c.modules)+"$") + "\n", nil
}

// readGaLore reads targets as transformers' Trainer does (trainer_pt_utils.py,
// check_target_module_exists): a string is a regular expression for whole names, an
// item of a list any part of one.
func readGaLore(r *Rules, text string) error {
	values, err := yamlOf(text, "optim_target_modules")
	if err != nil {
		return err
	}
	targets, err := values.oneOrMore("optim_target_modules")
	if err != nil {
		return err
	}
	if targets.is == "text" {
		e, err := patternEntry("optim_target_modules", targets.text, whole)
		if err != nil {
			return err
		}
		e.module = true
		r.entries = append(r.entries, linear(e))
		return nil
	}
	return r.add(targets.list, func(item string) (entry, error) {
		return linear(entry{text: item, module: true, literal: []string{item}, exact: true,
			match: func(n string) bool { return strings.Contains(n, item) }}), nil
	})
}

// linear limits an entry to modules that may be linear layers.
func linear(e entry) entry {
	match := e.match
	e.match = func(name string) bool {
		k := names.KindOf(name)
		return (k == names.Matrix || k == names.Head) && !names.IsRouter(name) && match(name)
	}
	return e
}

// slug holds a model's name to what the plugin and YAML take.
var slug = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)
