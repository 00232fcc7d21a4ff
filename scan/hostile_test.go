package scan_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/test/hostile"
	"github.com/gospectrum/spectrum/scan"
)

func TestNoPanicOnBadInput(t *testing.T) {
	m, err := checkpoint.Open(t.Context(), filepath.Join("..", "testdata", "formats", "fp8-blocks"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	p := hostile.Package{
		Dir: ".",
		Funcs: map[string]any{"Layers": scan.Layers, "Run": scan.Run, "Collect": scan.Collect, "List": scan.List, "Estimate": scan.Estimate, "Matrices": scan.Matrices, "ParseShard": scan.ParseShard,
			"RunSource": scan.RunSource, "MatricesOf": scan.MatricesOf, "DenseWork": scan.DenseWork, "OfModel": scan.OfModel},
		Types:  []any{scan.Options{}, scan.Shard{}, scan.Outcome{Analysis: new(spectrum.Analysis)}},
		Values: []any{m, scan.Options{Jobs: math.MaxInt, Memory: 1}, scan.Options{Shard: scan.Shard{Index: math.MaxInt, Of: math.MaxInt}}},
	}
	p.Walk(t)
}
