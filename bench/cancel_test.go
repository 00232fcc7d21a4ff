package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gospectrum/spectrum"
)

// BenchmarkCancel measures how long a spectrum goes on after its context ends
// at a random moment.
func BenchmarkCancel(b *testing.B) {
	const n = 4096
	w := noiseWeights(b, n, n)
	for _, p := range []spectrum.Precision{spectrum.PrecisionAuto, spectrum.PrecisionFloat64} {
		b.Run(fmt.Sprintf("%d/%v", n, p), func(b *testing.B) { cancellation(b, w, p) })
	}
}

func cancellation(b *testing.B, w *spectrum.Weights, p spectrum.Precision) {
	an := spectrum.Analyzer{Precision: p}
	start := time.Now()
	if _, err := an.Analyze(context.Background(), w); err != nil {
		b.Fatal(err)
	}
	whole := time.Since(start)
	rnd := rand.New(rand.NewPCG(1, 1))
	var latencies []float64
	for b.Loop() {
		ctx, cancel := context.WithCancel(context.Background())
		var canceled time.Time
		done := make(chan struct{})
		timer := time.AfterFunc(time.Duration(rnd.Float64()*float64(whole)), func() {
			canceled = time.Now()
			cancel()
			close(done)
		})
		_, err := an.Analyze(ctx, w)
		returned := time.Now()
		if timer.Stop() {
			cancel() // the spectrum was faster than the first
			continue
		}
		<-done
		if err != nil {
			latencies = append(latencies, 1e3*returned.Sub(canceled).Seconds())
		}
	}
	if len(latencies) == 0 {
		b.Skip("never canceled")
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(latencies), "median-ms")
	b.ReportMetric(slices.Max(latencies), "max-ms")
}
