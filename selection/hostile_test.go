package selection_test

import (
	"testing"

	"github.com/gospectrum/spectrum/internal/test/hostile"
	"github.com/gospectrum/spectrum/selection"
)

func TestNoPanicOnBadInput(t *testing.T) {
	p := hostile.Package{
		Dir: ".",
		Funcs: map[string]any{
			"BySNR": selection.BySNR, "TrainingBytes": selection.TrainingBytes,
		},
		Types: []any{selection.Selector{}, &selection.Selection{}, selection.Group{}, selection.Layer{}, selection.Scope(0), selection.Policy(0)},
	}
	p.Walk(t)
}
