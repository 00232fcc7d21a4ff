package checkpoint

import "github.com/gospectrum/spectrum/internal/names"

// Module returns the name of the module that owns a tensor, its name without
// .weight, and whether it had that ending.
func Module(name string) (module string, isWeight bool) { return names.Module(name) }

// Type returns what the module of a tensor is called in every block: the part of
// its name behind the first number, with further numbers replaced by "*". So
// model.layers.3.mlp.experts.7.up_proj.weight has the type mlp.experts.*.up_proj:
// experts are pooled by role. Towers stay apart: their name comes first, as in
// vision_tower.self_attn.q_proj. Without a number the type is the whole name.
func Type(name string) string { return names.Type(name) }

// ReferenceType returns the type that the reference implementation gives a
// module: everything behind the first number, the whole name without one. There
// every expert is a type of its own, and towers are pooled.
func ReferenceType(name string) string { return names.ReferenceType(name) }

// Compare orders names as a reader counts: digits compare as numbers, so
// layers.2 comes before layers.10. It returns 0 for equal names only.
func Compare(a, b string) int { return names.Compare(a, b) }
