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
	"github.com/gospectrum/spectrum/internal/engine/measure"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

var long = flag.Bool("long", false, "run the slow back-ends on the large matrices too, which takes minutes each")

// onWorkers is what source makes, repeated for about the given time by each
// worker on data of its own.
func onWorkers(workers int, d time.Duration, source func() measure.Work) measure.Work {
	all := make([]measure.Work, workers)
	repeats := source().Repeats(d)
	for i := range all {
		all[i] = source().Times(repeats)
	}
	return measure.Work{
		Flops: all[0].Flops * float64(workers),
		Run:   func() { parallel.Each(workers, func(i int) { all[i].Run() }) },
	}
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
