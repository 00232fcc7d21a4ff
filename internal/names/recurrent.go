package names

import "strings"

// recurrentType returns a component of PyTorch's recurrent layers with "*" for the
// number of the layer: weight_ih_l3 and weight_hh_l0_reverse become weight_ih_l* and
// weight_hh_l*_reverse. All layers of a GRU or an LSTM are in one module, so that the
// number is not a component of its own. Other components are returned as they are.
func recurrentType(component string) string {
	for _, kind := range [...]string{"weight", "bias"} {
		for _, of := range [...]string{"_ih_l", "_hh_l", "_hr_l"} {
			rest, ok := strings.CutPrefix(component, kind+of)
			if !ok {
				continue
			}
			number, reverse, _ := strings.Cut(rest, "_")
			if IsNumber(number) {
				if number = "*"; reverse != "" {
					number += "_"
				}
				return kind + of + number + reverse
			}
		}
	}
	return component
}
