package main

import (
	"context"
	"math/rand/v2"
	"runtime"

	"gonum.org/v1/gonum/stat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
	"github.com/gospectrum/spectrum/internal/test/planted"
	"github.com/gospectrum/spectrum/rmt"
)

// trial is one kind of matrix and one way to look at it.
type trial struct {
	rows, cols int
	entries    planted.Entries
	spikes     []float64 // strengths in multiples of the detectable one
	edge       rmt.EdgeRule
	draws      int
}

// outcome is what all draws of a trial gave one noise scale.
type outcome struct {
	bias, spread float64 // of σ, relative
	alarm        float64 // part of the draws with more signal values than spikes
	fraction     float64 // mean part of the values called signal
	exact        float64 // part of the draws with as many signal values as spikes
	known        float64 // the same, had σ been known
	strength     float64 // mean relative error of the estimated strengths
	fit          []float64
}

// run draws the matrices and analyses each with every scale.
func (t trial) run(scales []spectrum.NoiseScale) ([]outcome, error) {
	n := min(t.rows, t.cols)
	model := rmt.SpikedModel{Rows: t.rows, Cols: t.cols, Sigma: 1}
	theta := make([]float64, len(t.spikes))
	for i, x := range t.spikes {
		theta[i] = x * model.Detectable()
	}
	analyses := make([][]*spectrum.Analysis, t.draws)
	errs := make([]error, t.draws)
	ctx := context.Background()
	err := parallel.For(ctx, runtime.GOMAXPROCS(0), t.draws, func(i int) {
		r := rand.New(rand.NewPCG(uint64(t.rows)<<32|uint64(t.cols), uint64(i)))
		w := planted.Matrix(r, t.rows, t.cols, t.entries, theta)
		s, err := spectrum.Analyzer{Workers: 1}.SingularValues(ctx, w)
		for _, noise := range scales {
			if err != nil {
				break
			}
			an := spectrum.Analyzer{Noise: noise, Edge: t.edge, Backend: planted.Known{Values: s}, Workers: 1}
			if noise == spectrum.NoiseIQR {
				an.Edge = rmt.EdgeDefault // it has no other
			}
			var a *spectrum.Analysis
			a, err = an.Analyze(ctx, w)
			analyses[i] = append(analyses[i], a)
		}
		errs[i] = err
	})
	if err != nil {
		return nil, err
	}
	out := make([]outcome, len(scales))
	for i := range analyses {
		if errs[i] != nil {
			return nil, errs[i]
		}
	}
	for j := range scales {
		sigma := make([]float64, t.draws)
		o := &out[j]
		draws := float64(t.draws)
		for i := range analyses {
			a := analyses[i][j]
			sigma[i] = a.Sigma
			o.fraction += float64(a.SignalCount) / float64(n) / draws
			switch {
			case a.SignalCount > len(theta):
				o.alarm += 1 / draws
			case a.SignalCount == len(theta):
				o.exact += 1 / draws
			}
			if k := len(theta); signalAbove(a.SingularValues, model.NoiseEdge(a.Edge)) == k {
				o.known += 1 / draws
			}
			for k, x := range theta {
				o.strength += (a.SpikedModel().Strength(a.SingularValues[k])/x - 1) / float64(len(theta)) / draws
			}
			d, _ := a.GoodnessOfFit()
			o.fit = append(o.fit, d*float64(a.NoiseCount))
		}
		o.bias, o.spread = stat.MeanStdDev(sigma, nil)
		o.bias--
	}
	return out, nil
}

// signalAbove counts the values above t.
func signalAbove(s []float64, t float64) int {
	n := 0
	for n < len(s) && s[n] > t {
		n++
	}
	return n
}
