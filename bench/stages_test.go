package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/measure"
	"github.com/gospectrum/spectrum/internal/engine/symmetric"
)

// stage is a step of the native engine on a square matrix.
type stage struct {
	name  string
	flops float64
	// prepare returns the stage on data of its own, which it may destroy.
	prepare func(workers int) func() error
}

// BenchmarkStage times the stages with one worker and with all, each after the
// peak of as many workers.
func BenchmarkStage(b *testing.B) {
	for _, n := range []int{1024, 2048, 4096} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			eachKernel(b,
				func(b *testing.B, k *kernel.Kernel[float32]) { benchmarkStages(b, k, n) },
				func(b *testing.B, k *kernel.Kernel[float64]) { benchmarkStages(b, k, n) })
		})
	}
}

func benchmarkStages[T kernel.Float](b *testing.B, k *kernel.Kernel[T], n int) {
	if slow(k.Name, n, n) {
		b.Skip("minutes: see -long")
	}
	all, err := stages(k, n)
	if err != nil {
		b.Fatal(err)
	}
	workers := runtime.GOMAXPROCS(0)
	const turn = 20 * time.Millisecond
	for _, st := range all {
		newPeak := func() measure.Work { return measure.Peak(k) }
		if st.name == "gram" && k.HasPairs() { // the noise is bfloat16
			newPeak = func() measure.Work { return measure.PeakPairs(k) }
		}
		b.Run(st.name, func(b *testing.B) {
			one, many := onWorkers(1, turn, newPeak), onWorkers(workers, turn, newPeak)
			s := samples{}
			for b.Loop() {
				top1, rate1 := one.Rate(), st.rate(b, 1)
				top, rate := many.Rate(), st.rate(b, workers)
				s.add("GFLOP/s", rate)
				s.add("%peak/1", 100*rate1/top1)
				s.add("%peak", 100*rate/top)
				s.add("speedup", rate/rate1)
			}
			s.report(b)
		})
	}
}

// rate runs the stage once and returns GFLOP/s.
func (s stage) rate(b *testing.B, workers int) float64 {
	run := s.prepare(workers)
	var err error
	rate := measure.Work{Flops: s.flops, Run: func() { err = run() }}.Rate()
	if err != nil {
		b.Fatal(err)
	}
	return rate
}

// stages returns the stages for n×n noise: products of Gram as for one half,
// the usual counts of the reductions, and for the tridiagonal values two
// sweeps over half the matrix for each value, of 13 flops a row.
func stages[T kernel.Float](k *kernel.Kernel[T], n int) ([]stage, error) {
	ctx := context.Background()
	workers := runtime.GOMAXPROCS(0)
	w, scale := noiseMatrix(n)
	slab := make([]T, block.GramLen(n))
	g, err := block.Gram(ctx, k, w, T(scale), workers, slab)
	if err != nil {
		return nil, err
	}
	band, err := symmetric.Reduce(ctx, k, g.Clone(), workers)
	if err != nil {
		return nil, err
	}
	d, e, err := symmetric.Tridiagonalise(ctx, k, band.Clone(), workers)
	if err != nil {
		return nil, err
	}
	n1 := float64(n)
	all := []stage{
		{"gram", n1 * n1 * n1, func(workers int) func() error {
			return func() error {
				_, err := block.Gram(ctx, k, w, T(scale), workers, slab)
				return err
			}
		}},
		{"band", 4. / 3 * n1 * n1 * n1, func(workers int) func() error {
			g := g.Clone()
			return func() error {
				_, err := symmetric.Reduce(ctx, k, g, workers)
				return err
			}
		}},
		{"tridiagonal", 6 * kernel.Band * n1 * n1, func(workers int) func() error {
			band := band.Clone()
			return func() error {
				_, _, err := symmetric.Tridiagonalise(ctx, k, band, workers)
				return err
			}
		}},
	}
	if !kernel.Single[T]() { // the only arithmetic of the last stage
		all = append(all, stage{"values", 13 * n1 * n1, func(int) func() error {
			d, e := slices.Clone(d), slices.Clone(e)
			return func() error { return symmetric.TridiagonalValues(ctx, k.NewSweeper, d, e) }
		}})
	}
	return all, nil
}
