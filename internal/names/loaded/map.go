// Package loaded says what a model calls its parameters once transformers has loaded
// it. Trainers match these names, and those of the tensors in a checkpoint are often
// others: prefixes differ, towers move, and the experts of a block become one parameter.
//
// The table of rules is data, one row a rule, each with its source; see table.go. What it
// does not know, a dump of the loaded model says, see [Dump].
package loaded

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
)

// Model is what decides about names.
type Model struct {
	Type         string // model_type of config.json
	Architecture string // the first of architectures, "" without
	TextType     string // model_type of text_config, "" without
	Blocks       int    // num_hidden_layers of the language model; 0 if unknown
}

// Map maps the names of tensors to those of parameters. A nil Map is the identity.
type Map struct {
	rules  []rule // that apply, in their order
	blocks int
}

// New returns the map of a model, nil if its type is not in the table. The rules of a
// text model inside a multimodal one apply too.
func New(m Model, e Era) *Map {
	var rules []rule
	known := false
	for _, r := range table() {
		if !r.is(m.Type) && (m.TextType == "" || !r.inner() || !r.is(m.TextType)) {
			continue
		}
		known = known || r.is(m.Type)
		if len(r.eras) > 0 && !slices.Contains(r.eras, e) {
			continue
		}
		if r.do == addBase && bare(m.Architecture) {
			continue
		}
		rules = append(rules, r)
	}
	if !known {
		return nil
	}
	return &Map{rules: append(rules, always()...), blocks: m.Blocks}
}

// bare reports whether an architecture is a base model, which has no prefix.
func bare(architecture string) bool {
	return strings.HasSuffix(architecture, "Model") && !strings.Contains(architecture, "HeadModel")
}

// Parameter returns what the loaded model calls a tensor, or the reason why no module
// has it.
func (m *Map) Parameter(name string) (parameter, reason string) {
	if m == nil {
		return name, ""
	}
	moved := false // by a rule of prefixes, of which the first that fits is taken
	for _, r := range m.rules {
		switch {
		case r.do == absent && r.matches(name):
			return "", r.reason
		case r.do == laterBlocks:
			if why := m.later(r, name); why != "" {
				return "", why
			}
		case r.do == prefix && !moved, r.do == addBase && !moved:
			name, moved = r.move(name)
		case r.do == replace:
			name = r.substitute(name)
		case r.do == fuse:
			name = r.fused(name)
		}
	}
	return name, ""
}

// later returns why a block is not loaded that comes after the last of the model.
func (m *Map) later(r rule, name string) string {
	rest, ok := strings.CutPrefix(name, r.from)
	number, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || m.blocks == 0 || n < m.blocks {
		return ""
	}
	return fmt.Sprintf("in no module: block %d of a model of %d, for multi-token prediction", n, m.blocks)
}

// is reports whether the rule is for a type of model.
func (r *rule) is(model string) bool { return model != "" && slices.Contains(r.types, model) }

// inner reports whether the rule holds for a text model inside another one: what it
// does depends on the middle of names and not on their beginning.
func (r *rule) inner() bool { return r.do == replace || r.do == fuse }

// matches reports whether a name begins or ends as the rule says, at a dot.
func (r *rule) matches(name string) bool {
	switch {
	case strings.HasPrefix(r.from, "."):
		return strings.HasSuffix("."+name, r.from)
	case strings.HasSuffix(r.from, "."):
		return strings.HasPrefix(name, r.from)
	}
	return name == r.from
}

// move gives a name another beginning, and reports whether it did.
func (r *rule) move(name string) (string, bool) {
	begins := func(with string) bool { return name == with || strings.HasPrefix(name, with+".") }
	if slices.ContainsFunc(r.unless, begins) {
		return name, false
	}
	if r.do == addBase {
		if slices.ContainsFunc(r.parts, begins) {
			return r.to + "." + name, true
		}
		return name, false
	}
	if !begins(r.from) {
		return name, false
	}
	return r.to + name[len(r.from):], true
}

// substitute replaces components in the middle of a name.
func (r *rule) substitute(name string) string {
	out := strings.Replace("."+name+".", "."+r.from+".", "."+r.to+".", 1)
	return out[1 : len(out)-1]
}

// fused turns the name of an expert's part into that of the parameter that holds the
// parts of all experts.
func (r *rule) fused(name string) string {
	list, rest, ok := names.Experts(name)
	if !ok {
		return name
	}
	if number, role, _ := strings.Cut(rest, "."); names.IsNumber(number) {
		rest = role
	}
	role, _ := names.Module(rest)
	if !slices.Contains(r.parts, role) {
		return name
	}
	return list + "." + r.to
}
