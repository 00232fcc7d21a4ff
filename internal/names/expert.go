package names

import (
	"strconv"
	"strings"
)

// ExpertList is the component that the experts of a block are listed under.
const ExpertList = "experts"

// Experts cuts the name of what belongs to experts behind the component that lists
// them: model.layers.3.mlp.experts.7.up_proj gives model.layers.3.mlp.experts and
// 7.up_proj. What all experts of a block share in one tensor has no number there,
// and shared_experts are none.
func Experts(name string) (list, rest string, ok bool) {
	const component = "." + ExpertList + "."
	if !strings.Contains(name, component[1:]) {
		return "", "", false // of most, without a copy
	}
	dotted := "." + name // the list may be the first component
	i := strings.LastIndex(dotted, component)
	if i < 0 {
		return "", "", false
	}
	end := i + len(component)
	return dotted[1 : end-1], dotted[end:], true
}

// IsExpert reports whether a name belongs to an expert, or to all of a block.
func IsExpert(name string) bool {
	_, _, ok := Experts(name)
	return ok
}

// Expert takes the name of what belongs to one expert apart: the list it is in, its
// number there, and its role, which is what every expert has.
func Expert(name string) (list, number, role string, ok bool) {
	list, rest, ok := Experts(name)
	number, role, _ = strings.Cut(rest, ".")
	if !ok || role == "" || !IsNumber(number) {
		return "", "", "", false
	}
	return list, number, role, true
}

// IsFusedExperts reports whether a parameter holds all experts of a block: it is in
// their list, without a number and without a module of its own.
func IsFusedExperts(name string) bool {
	_, rest, ok := Experts(name)
	return ok && rest != "" && !strings.Contains(rest, ".")
}

// IsRouter reports whether a module chooses among experts: as its own component says,
// beside a list of experts.
func IsRouter(module string) bool {
	module, _ = Module(module)
	parent, last := "", module
	if i := strings.LastIndexByte(module, '.'); i >= 0 {
		parent, last = module[:i], module[i+1:]
	}
	if last == "router" || last == "shared_expert_gate" {
		return true
	}
	owner := parent[strings.LastIndexByte(parent, '.')+1:]
	return last == "gate" && (owner == "mlp" || owner == "feed_forward" || owner == "block_sparse_moe" || owner == "mixer") ||
		last == "layer" && owner == "router"
}

// ExpertIn returns the number of the expert whose weight is called name, if the
// parameter that it becomes holds those of all experts of its block.
func ExpertIn(parameter, name string) (number int64, ok bool) {
	_, text, _, single := Expert(name)
	if _, _, _, apart := Expert(parameter); !single || apart || parameter == "" {
		return 0, false
	}
	number, err := strconv.ParseInt(text, 10, 32)
	return number, err == nil
}
