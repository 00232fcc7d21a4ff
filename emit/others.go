package emit

import (
	"fmt"
	"regexp"
	"slices"
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
	var c peftConfig
	for _, w := range words {
		key, value, _ := strings.Cut(strings.TrimLeft(w, "+"), "=")
		switch strings.TrimPrefix(key, verlModel) {
		case "target_modules":
			c.TargetModules = overridden(value)
		case "exclude_modules":
			c.ExcludeModules = overridden(value)
		case "target_parameters":
			c.TargetParameters = overridden(value).list
		}
	}
	return r.lists(&c)
}

// overridden reads the value that an override of Hydra gives: a list in brackets or a
// text, either in quotes or without.
func overridden(value string) oneOrMore {
	list, closed := strings.CutSuffix(value, "]")
	list, open := strings.CutPrefix(list, "[")
	switch {
	case value == "null":
		return oneOrMore{}
	case !open || !closed:
		return oneOrMore{is: "text", text: unquoted(value)}
	}
	items := commas(list)
	for i := range items {
		items[i] = unquoted(items[i])
	}
	return oneOrMore{is: "list", list: items}
}

// unquoted takes the quotes off a text, in which a backslash is one but before them.
func unquoted(s string) string {
	n := len(s) - 1
	if n < 1 || s[0] != s[n] || s[0] != '"' && s[0] != '\'' {
		return s
	}
	return strings.ReplaceAll(s[1:n], `\`+s[:1], s[:1])
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
	if slices.Contains(convolved(), how.ModelType) && names.KindOf(l.Name) == names.Matrix {
		return "a Conv1D, as all layers of " + how.ModelType + ", and no nn.Linear, which GaLore projects"
	}
	if k := names.KindOf(l.Name); k == names.Norm || k == names.Embedding {
		return "no linear layer, which GaLore projects"
	}
	return ""
}

// convolved are the types of models whose layers are transformers' Conv1D, which is no
// nn.Linear (transformers 5: src/transformers/pytorch_utils.py, Conv1D, and the files of
// these models that import it).
func convolved() []string { return []string{"decision_transformer", "gpt2", "imagegpt", "openai-gpt"} }

func writeGaLore(sel *selection.Selection, how Training) (string, error) {
	c, err := newLoRA(sel, Training{Rank: how.Rank}) // modules alone: nothing is PEFT's here
	if err != nil {
		return "", err
	}
	// An item of a list matches any part of a name; a string is a pattern for all of it.
	return header(sel) + "# or another of the optimisers that take targets, such as apollo_adamw\noptim: galore_adamw\n" +
		"optim_target_modules: " + escape.YAML("^"+alternation(c.modules)+"$") + "\n", nil
}

// readGaLore reads targets as transformers' Trainer does (trainer_utils.py,
// check_target_module_exists, and trainer_optimizer.py, _setup_low_rank_optimizer): a
// string is a regular expression for whole names, or all-linear; an item of a list is any
// part of a name, or such an expression.
func readGaLore(r *Rules, text string) error {
	values, err := yamlOf(text, "optim_target_modules")
	if err != nil {
		return err
	}
	targets, err := values.oneOrMore("optim_target_modules")
	if err != nil {
		return err
	}
	if strings.ReplaceAll(targets.text, "_", "-") == "all-linear" {
		targets.text = ".*"
	}
	if targets.is == "text" {
		return r.add([]string{targets.text}, func(expr string) (entry, error) {
			e, err := patternEntry("optim_target_modules", expr, whole)
			return linear(e), err
		})
	}
	return r.add(targets.list, func(item string) (entry, error) {
		e, err := patternEntry(item, item, whole)
		if pattern := e.match; err == nil {
			e.match = func(n string) bool { return strings.Contains(n, item) || pattern(n) }
		}
		return linear(e), err
	})
}

// linear limits an entry to modules that may be linear layers.
func linear(e entry) entry {
	match := e.match
	e.module = true
	e.match = func(name string) bool {
		k := names.KindOf(name)
		return (k == names.Matrix || k == names.Head) && !names.IsRouter(name) && match(name)
	}
	return e
}

// slug holds a model's name to what the plugin and YAML take.
var slug = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)
