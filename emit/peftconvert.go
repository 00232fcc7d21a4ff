package emit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
)

// What PEFT from 0.19 on makes of a config for a model whose experts transformers 5 fuses
// (peft/utils/transformers_weight_conversion.py, _convert_peft_config_moe).

// convertsExperts reports whether PEFT converts targets for a model: its experts are
// fused and its router is called gate, as in the families that transformers converts.
func convertsExperts(model []Param) bool {
	return Training{Model: model}.fusesExperts() && slices.ContainsFunc(model, func(p Param) bool {
		m, _ := names.Module(p.Name)
		return lastOf(m) == "gate" && names.IsRouter(m)
	})
}

// lastOf returns the last component of a name.
func lastOf(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// oldParts are modules that were fused, of Qwen's families and of Mixtral. Names do not
// show any more which a model had.
func oldParts() [][]string {
	return [][]string{{"gate_proj", "up_proj", "down_proj"}, {"w1", "w3", "w2"}}
}

// newPart returns the parameter that such a module is in now, "" for any other.
func newPart(module string) string {
	switch module {
	case "gate_proj", "up_proj", "w1", "w3":
		return "gate_up_proj"
	case "down_proj", "w2":
		return "down_proj"
	case "gate":
		return names.Parameter("gate")
	}
	return ""
}

// converted returns the targets and parameters that PEFT has for this model, or the error
// that it stops with: of modules that were fused into one it takes all or none.
func (c *peftConfig) converted(model []Param) (targets oneOrMore, parameters []string, err error) {
	targets, parameters = c.resolved(model), slices.Clone(c.TargetParameters)
	if targets.is == "text" || !convertsExperts(model) {
		return targets, parameters, nil
	}
	present := make(map[string]bool)
	kept := oneOrMore{is: "list"}
	for _, item := range targets.list {
		last := lastOf(item)
		if part := newPart(last); part != "" {
			present[last] = true
			parameters = append(parameters, part)
			continue
		}
		kept.list = append(kept.list, item)
	}
	for _, pair := range [][2]string{{"gate_proj", "up_proj"}, {"w1", "w3"}} {
		if present[pair[0]] != present[pair[1]] {
			return kept, nil, fmt.Errorf("%s and %s are fused, and only one is a target", pair[0], pair[1])
		}
	}
	slices.Sort(parameters)
	return kept, slices.Compact(parameters), nil
}

// resolved returns the targets as a list where PEFT makes one of a text: all linear layers
// by name, and for a model that it converts the last components of what a text matches,
// which is there or was.
func (c *peftConfig) resolved(model []Param) oneOrMore {
	targets := c.TargetModules
	if c.linear { // axolotl/loaders/adapter.py, find_all_linear_names
		targets.is, targets.list = "list", append(slices.Clone(targets.list), linearRoles(model, nil)...)
		if targets.text != "" {
			targets.list = append(targets.list, targets.text)
		}
	}
	if targets.is != "text" {
		return targets
	}
	out := oneOrMore{is: "list"}
	switch converts := convertsExperts(model); {
	case strings.EqualFold(targets.text, "all-linear") && converts:
		out.list = append(append(linearRoles(model, nil), "gate"), oldParts()[0]...)
	case strings.EqualFold(targets.text, "all-linear"):
		for _, p := range model {
			if m, ok := linearModule(p); ok {
				out.list = append(out.list, m)
			}
		}
	case converts:
		if out.list = c.roles(model); len(out.list) == 0 {
			return targets
		}
	default:
		return targets
	}
	return out
}

// roles lists the last components of the names that a text matches: of modules, of
// parameters, and of modules that were where there is a parameter now.
func (c *peftConfig) roles(model []Param) []string {
	found, err := c.modules(c.TargetModules)
	if err != nil {
		return nil // which is an error without it too
	}
	roles, seen := make(map[string]bool), make(map[string]bool)
	try := func(name string) {
		if !seen[name] && found[0].match(name) && !c.saves(name) {
			roles[lastOf(name)] = true
		}
		seen[name] = true
	}
	for _, p := range model {
		for name := p.Name; name != ""; name = owner(name) {
			try(name)
		}
	}
	for _, parts := range oldParts() {
		for _, p := range model {
			for _, old := range parts {
				if lastOf(p.Name) == newPart(old) {
					try(owner(p.Name) + "." + old)
				}
			}
		}
		if slices.ContainsFunc(parts, func(old string) bool { return roles[old] }) {
			break // they are those of this model
		}
	}
	return slices.Sorted(maps.Keys(roles))
}
