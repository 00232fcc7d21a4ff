package torchfile

import "strings"

// lightning reports whether a checkpoint is one of PyTorch Lightning.
func lightning(root any) bool {
	d := pairs(root)
	return d != nil && d.lookup("pytorch-lightning_version") != nil
}

// wrappers are components of names that wrappers of a module add and that are
// never its own: torch.compile, fully sharded data parallel, activation
// checkpointing and DeepSpeed under Lightning.
var wrappers = map[string]bool{
	"_orig_mod": true, "_fsdp_wrapped_module": true, "_checkpoint_wrapped_module": true, "_forward_module": true,
}

// rename leaves out averaged copies and gives the others the names of the module.
func (c *collector) rename(lightning bool) {
	for i := range c.found {
		c.found[i].name = unwrapped(c.found[i].name)
	}
	c.leaveAveraged()
	for c.cut("module.") || c.cut("state_dict.") {
	}
	if lightning && c.cut("model.") {
		for c.cut("module.") {
		}
	}
}

// unwrapped returns a name without the components of wrappers.
func unwrapped(name string) string {
	if !strings.Contains(name, "_") {
		return name
	}
	var kept []string
	for component := range strings.SplitSeq(name, ".") {
		if !wrappers[component] {
			kept = append(kept, component)
		}
	}
	if len(kept) == 0 {
		return name
	}
	return strings.Join(kept, ".")
}

// cut takes a prefix off all names, if all but those of scalars (the counters of
// wrappers) have it.
func (c *collector) cut(prefix string) bool {
	some := false
	for _, f := range c.found {
		if f.reason != "" {
			continue
		}
		if strings.HasPrefix(f.name, prefix) && len(f.name) > len(prefix) {
			some = true
		} else if len(f.tensor.Shape) > 0 {
			return false
		}
	}
	if !some {
		return false
	}
	for i := range c.found {
		if f := &c.found[i]; f.reason == "" && len(f.name) > len(prefix) {
			f.name = strings.TrimPrefix(f.name, prefix)
		}
	}
	return true
}

// leaveAveraged leaves out the tensors below a first component such as model_ema
// that is a copy of the others: most of its tensors have the names of theirs. The
// dots do not count, as some copies are kept without.
func (c *collector) leaveAveraged() {
	own := make(map[string]bool)
	total, same := make(map[string]int), make(map[string]int)
	squash := func(s string) string { return strings.ReplaceAll(s, ".", "") }
	for _, f := range c.found {
		if first, rest, _ := strings.Cut(f.name, "."); kindOf(first) != averaged {
			own[squash(f.name)], own[squash(rest)] = true, true
		}
	}
	for _, f := range c.found {
		first, rest, _ := strings.Cut(f.name, ".")
		if kindOf(first) == averaged && rest != "" {
			total[first]++
			if own[squash(rest)] {
				same[first]++
			}
		}
	}
	for i := range c.found {
		f := &c.found[i]
		if first, _, _ := strings.Cut(f.name, "."); total[first] > 0 && 2*same[first] >= total[first] {
			f.reason = leftOut + averaged
		}
	}
}
