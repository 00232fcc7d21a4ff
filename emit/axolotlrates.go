package emit

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

func axolotlRates() trainer {
	return trainer{
		format:   AxolotlRates,
		about:    "YAML with unfrozen_parameters and lr_groups, learning rates in proportion to the SNR",
		matching: "as axolotl; the first item of lr_groups that is part of a name sets the rate, but of norms, biases, head and embeddings",
		write:    writeAxolotlRates,
		read:     readAxolotlRates,
	}
}

// rateGroup is what axolotl trains at a learning rate of its own: weights whose names have
// one of the parts.
type rateGroup struct {
	name  string
	parts []string
	rate  string
}

const rateNotes = `# Norms, biases, head and embeddings train at learning_rate. Optimisers that make their own
# groups, such as muon or galore_adamw, pass over lr_groups.
`

// writeAxolotlRates writes the selection as axolotl reads it, and groups of learning
// rates by steps of a quarter octave, nine at most.
func writeAxolotlRates(sel *selection.Selection, how Training) (string, error) {
	if !(how.LearningRate > 0 && how.LearningRate < 1) {
		return "", fmt.Errorf("it needs a learning rate between 0 and 1, not %v", how.LearningRate)
	}
	text, err := writeAxolotl(sel, how)
	if err != nil {
		return "", err
	}
	steps := make(map[string]int)
	factors, err := strengths(sel)
	if err != nil {
		return "", err
	}
	for name, factor := range factors {
		if ownRate(name) {
			steps[name] = int(math.Round(4 * math.Log2(factor)))
		}
	}
	groups := ratesOf(sel, steps, how.LearningRate)
	for name, step := range steps {
		if g := groupOf(groups, name); g != nil && g.rate != rateOf(step, how.LearningRate) || g == nil && step != 0 {
			return "", fmt.Errorf("%s is part of the name of %s, whose learning rate is another", g.first(name), name)
		}
	}
	return text + fmt.Sprintf("%slearning_rate: %s\n", rateNotes, rateOf(0, how.LearningRate)) + rateLists(groups), nil
}

// ratesOf groups what is selected by rate. Longer names go first, for they may have
// others in them; what trains at learning_rate has no group.
func ratesOf(sel *selection.Selection, steps map[string]int, base float64) (groups []rateGroup) {
	list := slices.Clone(layerNames(sel.Layers()))
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for step := -4; step <= 4; step++ {
		g := rateGroup{name: fmt.Sprintf("snr_%+d", step), rate: rateOf(step, base)}
		for _, name := range list {
			if steps[name] == step && step != 0 {
				g.parts = append(g.parts, name)
			}
		}
		if len(g.parts) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// rateOf spells the learning rate of a step without an exponent, which YAML may take for
// a string.
func rateOf(step int, base float64) string {
	x, _ := strconv.ParseFloat(strconv.FormatFloat(base*math.Exp2(float64(step)/4), 'g', 4, 64), 64)
	return strconv.FormatFloat(x, 'f', -1, 64)
}

func rateLists(groups []rateGroup) string {
	if len(groups) == 0 {
		return ""
	}
	text := "lr_groups:\n"
	for _, g := range groups {
		text += "- name: " + g.name + "\n  lr: " + g.rate + "\n  modules:\n"
		for _, part := range g.parts {
			text += "  - " + escape.YAML(part) + "\n"
		}
	}
	return text
}

// ownRate reports whether a parameter takes part in groups: head and embeddings have
// other settings, and what does not decay has none (core/trainers/mixins/optimizer.py,
// create_optimizer_grouped_parameters).
func ownRate(name string) bool {
	return !strings.Contains(name, "embed_tokens") && !strings.Contains(name, "lm_head") &&
		!strings.Contains(name, "bias") && names.KindOf(name) != names.Norm
}

// groupOf returns the group whose rate a parameter has, nil for none.
func groupOf(groups []rateGroup, name string) *rateGroup {
	if !ownRate(name) {
		return nil
	}
	for i := range groups {
		if groups[i].first(name) != "" {
			return &groups[i]
		}
	}
	return nil
}

// first returns the first of the group's parts that is in a name, "" for none.
func (g *rateGroup) first(name string) string {
	if g == nil {
		return ""
	}
	i := slices.IndexFunc(g.parts, func(part string) bool { return strings.Contains(name, part) })
	if i < 0 {
		return ""
	}
	return g.parts[i]
}

// readAxolotlRates reads what is trained, which is everything where nothing limits it;
// of the rates it only says what is odd.
func readAxolotlRates(r *Rules, text string) error {
	values, err := yamlOf(text, "lr_groups", unfrozenKey)
	if err != nil {
		return err
	}
	groups, err := values.rateGroups()
	if err != nil {
		return err
	}
	items, err := values.list(unfrozenKey)
	if err != nil {
		return err
	}
	if len(items) == 0 && len(groups) == 0 {
		return errNoEntries
	}
	r.inspect = func(rep *Report) { inspectRates(rep, groups) }
	if len(items) == 0 {
		r.entries = append(r.entries, entry{text: "no " + unfrozenKey, match: func(string) bool { return true }})
		return nil
	}
	return r.add(items, axolotlEntry)
}

// rateGroups reads lr_groups. A part that stands in two groups is of the second, at the
// place of the first, as in a dictionary of Python.
func (s settings) rateGroups() (groups []rateGroup, err error) {
	n := resolve(s["lr_groups"])
	if n == nil || n.Tag == "!!null" {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("line %d: lr_groups is no list", n.Line)
	}
	var order []string
	last := make(map[string]rateGroup)
	for _, item := range n.Content {
		values, err := mapping(resolve(item))
		if err != nil {
			return nil, err
		}
		g := rateGroup{name: values.text("name"), rate: values.text("lr")}
		if _, err := strconv.ParseFloat(g.rate, 64); err != nil || g.name == "" {
			return nil, errors.New("a group of lr_groups has a name, modules and lr")
		}
		parts, err := values.list("modules")
		if err != nil {
			return nil, err
		}
		for _, part := range parts {
			if _, seen := last[part]; !seen {
				order = append(order, part)
			}
			last[part] = g
		}
	}
	for _, part := range order {
		g := last[part]
		g.parts = []string{part}
		groups = append(groups, g)
	}
	return groups, nil
}

// inspectRates enters parts that reach no weight, those that reach one in the middle of a
// component, as layers.1 reaches layers.11, and weights that others of another rate claim.
func inspectRates(rep *Report, groups []rateGroup) {
	used := make(map[string]bool)
	for _, name := range rep.Names {
		first := groupOf(groups, name)
		if first == nil {
			continue
		}
		part := first.parts[0]
		used[part] = true
		if !strings.Contains("."+name+".", "."+strings.Trim(part, ".")+".") {
			rep.Accidental = append(rep.Accidental, Match{name, []string{"lr_groups " + part}})
		}
		if module, _ := names.Module(name); part == name || part == module {
			continue // spelled out, whoever else has it
		}
		for _, g := range groups {
			if g.rate != first.rate && strings.Contains(name, g.parts[0]) {
				used[g.parts[0]] = true
				rep.Twice = append(rep.Twice, Match{name, []string{"lr_groups " + part, "lr_groups " + g.parts[0]}})
			}
		}
	}
	for _, g := range groups {
		if !used[g.parts[0]] {
			rep.Unmatched = append(rep.Unmatched, "lr_groups "+g.parts[0])
		}
	}
}
