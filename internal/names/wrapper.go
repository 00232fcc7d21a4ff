package names

import "strings"

// wrappers are components that only wrap a model: they come and go with the class that saved
// it, and with what compiled it or spread it over machines.
var wrappers = [...]string{"base_model.model.", "model.", "language_model.", "transformer.", "module.", "_orig_mod."}

// Unwrapped returns a parameter without the components that wrap a model, so that two
// checkpoints of one model agree on it whatever class saved them:
// model.language_model.layers.0.mlp.up_proj.weight is layers.0.mlp.up_proj.weight. Towers
// keep their names.
func Unwrapped(name string) string {
	for again := true; again; {
		again = false
		for _, w := range wrappers {
			if rest, ok := strings.CutPrefix(name, w); ok && rest != "" {
				name, again = rest, true
			}
		}
	}
	return name
}
