package statistics_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/internal/test/hostile"
	"github.com/gospectrum/spectrum/statistics"
)

func TestNoPanicOnBadInput(t *testing.T) {
	s, err := statistics.New([]float64{3, 2, 1, 0}, []float64{0.1}, 4, 5)
	require.NoError(t, err)
	p := hostile.Package{
		Dir:    ".",
		Funcs:  map[string]any{"New": statistics.New, "Definitions": statistics.Definitions},
		Types:  []any{s, statistics.PowerLaw{}, statistics.Count{}, statistics.Summary{}, statistics.Definitions()[0]},
		Values: []any{new(statistics.Summary)},
	}
	p.Walk(t)
}
