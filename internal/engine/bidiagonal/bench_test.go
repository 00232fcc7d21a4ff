package bidiagonal

import (
	"context"
	"fmt"
	"testing"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// BenchmarkValues times the best kernel:
//
//	go test ./internal/engine/bidiagonal -run - -bench Values -benchtime 3x -cpuprofile cpu
func BenchmarkValues(b *testing.B) {
	b.Run("float32", benchmarkValues[float32])
	b.Run("float64", benchmarkValues[float64])
}

func benchmarkValues[T kernel.Float](b *testing.B) {
	k := kernel.All[T]()[0]
	for _, s := range [][2]int{{512, 512}, {1024, 1024}, {2048, 2048}, {1024, 4096}, {4096, 4096}} {
		_, w := gaussian(1, s[0], s[1])
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%dx%d/%d", s[0], s[1], workers), func(b *testing.B) {
				for b.Loop() {
					if _, err := Values(context.Background(), &k, w, 0x1p-18, false, workers); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
