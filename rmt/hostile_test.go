package rmt_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gospectrum/spectrum/internal/test/hostile"
	"github.com/gospectrum/spectrum/rmt"
)

func TestNoPanicOnBadInput(t *testing.T) {
	p := hostile.Package{
		Dir:   ".",
		Funcs: map[string]any{"MedianHardThreshold": rmt.MedianHardThreshold},
		Types: []any{rmt.MarchenkoPastur{Aspect: 0.5, Sigma: 1}, rmt.MarchenkoPasturSV{Aspect: 0.5, Sigma: 1}, rmt.SpikedModel{Rows: 10, Cols: 20, Sigma: 1},
			rmt.TracyWidom{}, rmt.EdgeRule(0), rmt.Loss(0)},
		Values: []any{rand.New(rand.NewPCG(1, 2)), rand.NewPCG(1, 2)},
	}
	p.Walk(t)
}
