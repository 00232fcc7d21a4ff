package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/measure"
)

// shapes of the whole spectra: squares, then the shapes of the speed goals.
var shapes = [][2]int{{256, 256}, {512, 512}, {1024, 1024}, {2048, 2048}, {4096, 4096}, {1024, 4096}, {4096, 14336}}

// eachShape runs f for noise of every shape.
func eachShape(b *testing.B, f func(b *testing.B, w *spectrum.Weights)) {
	for _, shape := range shapes {
		b.Run(fmt.Sprintf("%dx%d", shape[0], shape[1]), func(b *testing.B) {
			f(b, noiseWeights(b, shape[0], shape[1]))
		})
	}
}

// flops is the arithmetic of the Gram matrix and of the reduction of an r×c
// matrix.
func flops(r, c int) (gram, reduction float64) {
	n, m := float64(min(r, c)), float64(max(r, c))
	return n * n * m, 4. / 3 * n * n * n
}

// slow reports whether an r×c spectrum by that back-end or kernel takes most of a
// minute or more, and -long was not given.
func slow(name string, r, c int) bool {
	gram, reduction := flops(r, c)
	return !*long && (name == "gonum" || strings.HasSuffix(name, "generic")) && gram+reduction > 3e10
}

// BenchmarkSVD times whole spectra by every back-end of this build. gonum
// knows only one precision; the kernels of native other than the default follow.
func BenchmarkSVD(b *testing.B) {
	backends := spectrum.Backends()
	backends = slices.DeleteFunc(backends, func(be spectrum.Backend) bool {
		return be.Name() == "native/"+kernel.All[float64]()[0].Name // is native
	})
	eachShape(b, func(b *testing.B, w *spectrum.Weights) {
		r, c := w.Dims()
		for _, be := range backends {
			for _, p := range []spectrum.Precision{spectrum.PrecisionAuto, spectrum.PrecisionFloat64} {
				if p == spectrum.PrecisionAuto && be.Name() == "gonum" {
					continue
				}
				b.Run(fmt.Sprintf("%s/%v", be.Name(), p), func(b *testing.B) {
					if slow(be.Name(), r, c) {
						b.Skip("minutes: see -long")
					}
					b.ReportAllocs()
					an := spectrum.Analyzer{Backend: be, Precision: p}
					for b.Loop() {
						if _, err := an.Analyze(context.Background(), w); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	})
}

// BenchmarkFloor compares whole spectra by the native back-end with the time
// that their arithmetic takes at the rate of Strip in the cache, on all workers: the
// Gram matrix in its layout, with Pairs where they are used, the reduction in the faster
// of its two.
func BenchmarkFloor(b *testing.B) {
	eachShape(b, func(b *testing.B, w *spectrum.Weights) {
		b.Run("auto", func(b *testing.B) {
			floor(b, w, spectrum.PrecisionAuto, &kernel.All[float32]()[0], "float32")
		})
		b.Run("float64", func(b *testing.B) {
			floor(b, w, spectrum.PrecisionFloat64, &kernel.All[float64]()[0], "float64")
		})
	})
}

func floor[T kernel.Float](b *testing.B, w *spectrum.Weights, p spectrum.Precision, k *kernel.Kernel[T], arithmetic string) {
	r, c := w.Dims()
	if slow(k.Name, r, c) {
		b.Skip("minutes: see -long")
	}
	be, err := spectrum.BackendByName("native")
	if err != nil {
		b.Fatal(err)
	}
	an := spectrum.Analyzer{Backend: be, Precision: p}
	workers := runtime.GOMAXPROCS(0)
	strips := make(map[string]measure.Work)
	for _, l := range layouts(k) {
		strips[l.name] = onWorkers(workers, 20*time.Millisecond, func() measure.Work { return measure.Strip(k, l.Layout) })
	}
	if k.HasPairs() { // all matrices here are bfloat16
		strips["gram"] = onWorkers(workers, 20*time.Millisecond, func() measure.Work { return measure.Pairs(k, k.NR) })
	}
	gram, reduction := flops(r, c)
	s := samples{}
	for b.Loop() {
		gramRate := strips["gram"].Rate()
		reductionRate := max(strips["product"].Rate(), strips["update"].Rate())
		floor := (gram/gramRate + reduction/reductionRate) / 1e9
		start := time.Now()
		a, err := an.Analyze(context.Background(), w)
		took := time.Since(start).Seconds()
		if err != nil {
			b.Fatal(err)
		}
		if a.Precision != arithmetic {
			b.Skipf("computed in %s, not in %s", a.Precision, arithmetic)
		}
		s.add("ms", 1e3*took)
		s.add("floor-ms", 1e3*floor)
		s.add("x-floor", took/floor)
	}
	s.report(b)
}
