package bench

import (
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

var long = flag.Bool("long", false, "run the slow back-ends on the large matrices too, which takes minutes each")

// work is something to time.
type work struct {
	flops float64 // made by one call of run
	run   func()
}

// seconds times one call.
func (w work) seconds() float64 {
	start := time.Now()
	w.run()
	return time.Since(start).Seconds()
}

// rate times one call and returns GFLOP/s.
func (w work) rate() float64 { return w.flops / w.seconds() / 1e9 }

// times is w repeated.
func (w work) times(n int) work {
	return work{flops: w.flops * float64(n), run: func() {
		for range n {
			w.run()
		}
	}}
}

// repeats returns how often w runs in about the given time. The best of three
// counts, or an interruption would leave too few.
func (w work) repeats(d time.Duration) int {
	n := 1
	for {
		t := w.times(n)
		if min(t.seconds(), t.seconds(), t.seconds()) >= d.Seconds()/2 {
			return n
		}
		n *= 2
	}
}

// lasting is w repeated for about the given time.
func (w work) lasting(d time.Duration) work { return w.times(w.repeats(d)) }

// onWorkers is what source makes, repeated for about the given time by each
// worker on data of its own.
func onWorkers(workers int, d time.Duration, source func() work) work {
	all := make([]work, workers)
	repeats := source().repeats(d)
	for i := range all {
		all[i] = source().times(repeats)
	}
	return work{
		flops: all[0].flops * float64(workers),
		run:   func() { parallel.Each(workers, func(i int) { all[i].run() }) },
	}
}

// peak is the most that the instructions of k can do.
func peak[T kernel.Float](k *kernel.Kernel[T]) work {
	const rounds = 1000 // microseconds
	x, sum := random[T](k.NR), make([]T, k.NR)
	return work{flops: k.Peak(rounds, x, sum), run: func() { k.Peak(rounds, x, sum) }}
}

// peakPairs is peak for pairs of bfloat16 numbers.
func peakPairs[T kernel.Float](k *kernel.Kernel[T]) work {
	const rounds = 1000
	x, sum := make([]uint32, k.NR), make([]T, k.NR)
	return work{flops: k.PeakPairs(rounds, x, sum), run: func() { k.PeakPairs(rounds, x, sum) }}
}

// samples are what the iterations of a benchmark measured, by unit.
type samples map[string][]float64

func (s samples) add(unit string, v float64) { s[unit] = append(s[unit], v) }

// report reports the median of each unit in place of the time of an iteration,
// which holds more than what is measured.
func (s samples) report(b *testing.B) {
	b.ReportMetric(0, "ns/op")
	for unit, v := range s {
		b.ReportMetric(median(v), unit)
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// eachKernel runs f for every kernel in both arithmetics.
func eachKernel(b *testing.B, f32 func(*testing.B, *kernel.Kernel[float32]), f64 func(*testing.B, *kernel.Kernel[float64])) {
	for _, k := range kernel.All[float32]() {
		b.Run("float32/"+k.Name, func(b *testing.B) { f32(b, &k) })
	}
	for _, k := range kernel.All[float64]() {
		b.Run("float64/"+k.Name, func(b *testing.B) { f64(b, &k) })
	}
}

// random returns n numbers between 0 and ½.
func random[T kernel.Float](n int) []T {
	rnd := rand.New(rand.NewPCG(uint64(n), 1))
	s := make([]T, n)
	for i := range s {
		s[i] = T(rnd.Float64() / 2)
	}
	return s
}

// noise returns bfloat16 Gaussian noise of standard deviation 0.02. With this seed
// no value lies within the error bound of the threshold, which is so in about one
// draw of a hundred and costs it a second run in float64.
func noise(n int) []spectrum.BFloat16 {
	rnd := rand.New(rand.NewPCG(uint64(n), 3))
	data := make([]spectrum.BFloat16, n)
	for i := range data {
		data[i] = spectrum.ToBFloat16(float32(0.02 * rnd.NormFloat64()))
	}
	return data
}

// noiseWeights returns r×c noise.
func noiseWeights(b *testing.B, r, c int) *spectrum.Weights {
	w, err := spectrum.NewWeights(r, c, noise(r*c))
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// noiseMatrix returns n×n noise and the factor that brings its norm near 1.
func noiseMatrix(n int) (w *kernel.Matrix, scale float64) {
	w = &kernel.Matrix{Rows: n, Cols: n, Stride: n}
	for _, v := range noise(n * n) {
		w.BF16 = append(w.BF16, uint16(v))
	}
	return w, math.Ldexp(1, 5-math.Ilogb(float64(n)))
}
