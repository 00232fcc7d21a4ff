package names

import "strings"

// Lengths returns the name of the lengths that belong to the directions called name,
// where a weight is stored as both: weight_g to weight_v, as torch.nn.utils.weight_norm
// calls them, and original0 to original1, as its successor in parametrizations does.
func Lengths(name string) (lengths string, ok bool) {
	if _, _, part, ok := Parametrized(name); ok {
		return strings.TrimSuffix(name, part) + "original0", part == "original1"
	}
	base, ok := strings.CutSuffix(name, "_v")
	if !ok || !isWeightName(base) {
		return "", false
	}
	return base + "_g", true
}

// Directions returns the name of the directions that belong to the lengths called
// name. It undoes [Lengths].
func Directions(name string) (directions string, ok bool) {
	if _, _, part, ok := Parametrized(name); ok {
		return strings.TrimSuffix(name, part) + "original1", part == "original0"
	}
	base, ok := strings.CutSuffix(name, "_g")
	if !ok || !isWeightName(base) {
		return "", false
	}
	return base + "_v", true
}

// isWeightName reports whether the last component is weight, or one of a recurrent
// module's, such as weight_hh_l0.
func isWeightName(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return last == weight[1:] || recurrentType(last) != last
}

// Parametrized takes the name of what torch.nn.utils.parametrize stores in place of a
// parameter apart: conv.parametrizations.weight.original0 is the part original0 of
// the weight of conv.
func Parametrized(name string) (module, parameter, part string, ok bool) {
	if !strings.Contains(name, "parametrizations.") {
		return name, "", "", false // of most, without a copy
	}
	module, rest, ok := strings.Cut("."+name, ".parametrizations.")
	parameter, part, _ = strings.Cut(rest, ".")
	return strings.TrimPrefix(module, "."), parameter, part, ok && part != ""
}

// Sibling returns the name with another last component.
func Sibling(name, last string) string {
	return name[:strings.LastIndexByte(name, '.')+1] + last
}
