package emit

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
	"github.com/gospectrum/spectrum/internal/names"
)

// peftConfig is what decides which modules of a model get adapters.
type peftConfig struct {
	TargetModules     oneOrMore `json:"target_modules"`
	TargetParameters  []string  `json:"target_parameters"`
	ExcludeModules    oneOrMore `json:"exclude_modules"`
	LayersToTransform indices   `json:"layers_to_transform"`
	LayersPattern     oneOrMore `json:"layers_pattern"`
	ModulesToSave     []string  `json:"modules_to_save"`

	RankPattern json.RawMessage `json:"rank_pattern"`

	linear bool // the linear layers beside TargetModules, see [peftConfig.resolved]
}

// oneOrMore is a list, or a string, which PEFT takes for a regular expression.
type oneOrMore struct {
	text string
	list []string
	is   string // "text", "list" or "" for null
}

// UnmarshalJSON implements [json.Unmarshaler].
func (o *oneOrMore) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		return nil
	case json.Unmarshal(data, &o.text) == nil:
		o.is = "text"
	case json.Unmarshal(data, &o.list) == nil:
		o.is = "list"
	default:
		return errors.New("neither a string nor a list of strings")
	}
	return nil
}

// indices are numbers of blocks, one or a list; nil for all blocks.
type indices []int

// UnmarshalJSON implements [json.Unmarshaler].
func (x *indices) UnmarshalJSON(data []byte) error {
	var one int
	if string(data) != "null" && json.Unmarshal(data, &one) == nil {
		*x = indices{one}
		return nil
	}
	return json.Unmarshal(data, (*[]int)(x))
}

// readPEFT reads which modules and parameters get adapters, and what goes with it.
func readPEFT(r *Rules, text string) error {
	var c peftConfig
	if err := strictjson.Unmarshal([]byte(strings.TrimPrefix(text, "\ufeff")), &c); err != nil {
		return err
	}
	return r.peft(&c)
}

// peft enters a config.
func (r *Rules) peft(c *peftConfig) error {
	if c.TargetModules.is == "" && len(c.TargetParameters) == 0 && !c.linear {
		return errors.New("no target_modules")
	}
	if c.TargetModules.is == "list" && len(c.TargetModules.list)+len(c.TargetParameters) == 0 && !c.linear {
		return errNoEntries
	}
	if _, err := c.modules(c.TargetModules); err != nil {
		return err
	}
	keys, err := rankKeys(c.RankPattern)
	if err != nil {
		return fmt.Errorf("rank_pattern: %w", err)
	}
	r.resolve = func(model []Param) ([]entry, error) {
		if err := c.check(); err != nil {
			return nil, err
		}
		targets, parameters, err := c.converted(model)
		if err != nil {
			return nil, err
		}
		found, err := c.modules(targets)
		if err == nil {
			err = unsupported(model, found, c.saves)
		}
		return append(found, c.others(parameters)...), err
	}
	r.inspect = func(rep *Report) { inspectRanks(rep, keys, c.TargetParameters) }
	return nil
}

// check reports what no LoraConfig can be made of (tuners/lora/config.py, __post_init__).
func (c *peftConfig) check() error {
	switch pattern := c.LayersPattern.is != ""; {
	case c.TargetModules.is == "text" && !c.linear && (c.LayersToTransform != nil || pattern):
		return errors.New("layers_to_transform and layers_pattern go with a list of target_modules")
	case c.LayersToTransform == nil && c.LayersPattern.text+strings.Join(c.LayersPattern.list, "") != "":
		return errors.New("layers_pattern goes with layers_to_transform")
	}
	return nil
}

// modules makes entries of targets (tuners_utils.py, check_target_module_exists).
func (c *peftConfig) modules(targets oneOrMore) (found []entry, err error) {
	if targets.is == "text" {
		e, err := patternEntry("target_modules", targets.text, whole)
		if err != nil {
			return nil, err
		}
		e.module = true
		found = append(found, e)
	}
	for _, item := range targets.list {
		e, _ := moduleEntry(item)
		if suffix := e.match; len(c.LayersToTransform) > 0 {
			e.match = func(name string) bool { return suffix(name) && (name == item || c.inLayers(name)) }
		}
		found = append(found, e)
	}
	excluded := func(string) bool { return false }
	if c.ExcludeModules.is == "text" {
		e, err := patternEntry("exclude_modules", c.ExcludeModules.text, whole)
		if err != nil {
			return nil, err
		}
		excluded = e.match
	} else if c.ExcludeModules.is == "list" {
		excluded = func(name string) bool { return endsWithAny(name, c.ExcludeModules.list) }
	}
	for i := range found {
		match := found[i].match
		found[i].match = func(name string) bool { return match(name) && !excluded(name) }
	}
	return found, nil
}

// endsWithAny reports whether a name is one of list, or ends with one behind a dot.
func endsWithAny(name string, list []string) bool {
	return slices.ContainsFunc(list, func(end string) bool { return name == end || strings.HasSuffix(name, "."+end) })
}

// unsupported is the error that PEFT stops with where targets reach a module that it has
// no adapter for: one that holds others, a norm, or a router (tuners/lora/model.py,
// _create_new_module). What modules_to_save has is no target.
func unsupported(model []Param, targets []entry, saves func(module string) bool) error {
	adapted := make(map[string]bool)
	for _, p := range model {
		m, isWeight := names.Module(p.Name)
		adapted[m] = isWeight && names.KindOf(m) != names.Norm && !names.IsRouter(m)
	}
	seen := make(map[string]bool)
	for _, p := range model {
		for m := owner(p.Name); m != "" && !seen[m]; m = owner(m) {
			seen[m] = true
			if adapted[m] || saves(m) {
				continue
			}
			if i := slices.IndexFunc(targets, func(e entry) bool { return e.match(m) }); i >= 0 {
				return fmt.Errorf("%.80q reaches %s, for which PEFT has no adapter", targets[i].text, m)
			}
		}
	}
	return nil
}

// owner returns the name of the module that a parameter or a module is in.
func owner(name string) string { return name[:max(0, strings.LastIndexByte(name, '.'))] }

// saves reports whether a module is trained whole, or in one that is.
func (c *peftConfig) saves(module string) bool {
	return slices.ContainsFunc(c.ModulesToSave, func(m string) bool {
		return strings.Contains("."+module+".", "."+m+".")
	})
}

// inLayers reports whether a module is in a block of layers_to_transform. Its number is
// the first one behind such a component, not that of an expert (since PEFT 0.20).
func (c *peftConfig) inLayers(name string) bool {
	patterns := c.LayersPattern.list
	if c.LayersPattern.text != "" {
		patterns = []string{c.LayersPattern.text}
	}
	if len(patterns) == 0 {
		patterns = []string{`[^.]*`}
	}
	for _, p := range patterns {
		re, err := regexp.Compile(`^.*?\.` + p + `\.(\d+)\.`)
		if err != nil {
			continue
		}
		if m := re.FindStringSubmatch(name); m != nil {
			n, err := strconv.Atoi(m[len(m)-1])
			return err == nil && slices.Contains(c.LayersToTransform, n)
		}
	}
	return false
}

// others makes entries of parameters and of modules that are trained whole.
func (c *peftConfig) others(parameters []string) (found []entry) {
	for _, item := range parameters {
		found = append(found, entry{text: "target_parameters " + item, literal: []string{item}, exact: true,
			match: func(n string) bool { return n == item || strings.HasSuffix(n, "."+item) }})
	}
	for _, m := range c.ModulesToSave {
		found = append(found, savedEntry(m))
	}
	return found
}

// savedEntry is how PEFT finds modules that are trained whole, all their parameters and
// those of the modules in them (utils/other.py, _set_trainable).
func savedEntry(item string) entry {
	return entry{text: "modules_to_save " + item, literal: []string{item}, match: func(n string) bool {
		for m := owner(n); m != ""; m = owner(m) {
			if strings.HasSuffix(m, item) {
				return true
			}
		}
		return false
	}}
}
