package report_test

import (
	"testing"

	"github.com/gospectrum/spectrum/internal/test/hostile"
	"github.com/gospectrum/spectrum/report"
	"github.com/gospectrum/spectrum/results"
)

func TestNoPanicOnBadInput(t *testing.T) {
	odd := &results.Result{Rows: []results.Row{
		{}, {Name: "a", Rows: -1, Cols: 1 << 40, Params: -1, Ranked: true, SpectrumSketch: []float64{-1}}, {Name: "a", Ranked: true, SignalCount: -7, Uncertain: 1 << 62},
		{Name: "b", Rows: 2, Cols: 2, Ranked: true, SNR: 1, SpectrumSketch: []float64{1e300, 1e-300}},
		{Name: "layers..0.x.\xff", Ranked: true, SNR: -1, Sigma: 1e300, SingularValues: []float64{0}, Rows: 1, Cols: 1},
	}}
	p := hostile.Package{
		Dir:   ".",
		Funcs: map[string]any{"Write": report.Write},
		Types: []any{},
		Values: []any{
			[]report.Input{{}}, []report.Input{{Scores: odd.Scores()}}, []report.Input{{Scores: new(results.Scores)}, {Scores: (&results.Result{}).Scores()}},
			report.Options{Percent: 50}, report.Options{Percent: -1},
		},
	}
	p.Walk(t)
}
