package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gospectrum/spectrum"
)

// shapes of the whole-spectrum benchmarks: squares, then the shapes of the
// speed goals.
var shapes = [][2]int{{512, 512}, {1024, 1024}, {2048, 2048}, {4096, 4096}, {1024, 4096}, {4096, 14336}}

// noise returns bfloat16 Gaussian noise of standard deviation 0.02.
func noise(r, c int) *spectrum.Weights {
	rnd := rand.New(rand.NewPCG(uint64(r), uint64(c)))
	data := make([]spectrum.BFloat16, r*c)
	for i := range data {
		data[i] = spectrum.ToBFloat16(float32(0.02 * rnd.NormFloat64()))
	}
	w, err := spectrum.NewWeights(r, c, data)
	if err != nil {
		panic(err)
	}
	return w
}

// BenchmarkSVD times whole spectra by every back-end: run with
//
//	go test ./bench -bench SVD -benchtime 5x
//
// The gonum back-end takes most of a minute for the largest squares; -short
// leaves out what takes it more than a few seconds.
func BenchmarkSVD(b *testing.B) {
	for _, shape := range shapes {
		r, c := shape[0], shape[1]
		w := noise(r, c)
		for _, backend := range []string{"native", "gonum"} {
			be, err := spectrum.BackendByName(backend)
			if err != nil {
				b.Fatal(err)
			}
			for _, p := range []spectrum.Precision{spectrum.PrecisionAuto, spectrum.PrecisionFloat64} {
				if backend == "gonum" && (p == spectrum.PrecisionAuto || testing.Short() && min(r, c) > 1024) {
					continue
				}
				b.Run(fmt.Sprintf("%dx%d/%s/%v", r, c, backend, p), func(b *testing.B) {
					an := spectrum.Analyzer{Backend: be, Precision: p}
					for b.Loop() {
						if _, err := an.Analyze(context.Background(), w); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
