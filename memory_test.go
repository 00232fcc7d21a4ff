package spectrum_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/engine/native"
)

// allocated returns the number of bytes that f allocates and does not collect
// itself. Nothing else is collected on the way.
func allocated(f func()) int64 {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// What the native back-end allocates for one matrix stays within two Gram
// matrices and 64 MiB, and within the estimate that a scan plans its memory by.
func TestNativeMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	// Not estimated: the small matrices of the reduction, scratch of each
	// worker, vectors as long as the spectrum, in both arithmetics.
	const slack = 384 << 10
	const workers = 2
	for _, be := range spectrum.Backends() {
		kernel, found := strings.CutPrefix(be.Name(), "native/")
		for _, shape := range [][2]int{{1024, 1024}, {1000, 3000}, {2048, 512}} {
			r, c := shape[0], shape[1]
			if !found || kernel == "generic" && r != 2048 { // the others take seconds
				continue
			}
			n := int64(min(r, c))
			rnd := rand.New(rand.NewPCG(1, 1))
			data := make([]float32, r*c)
			for i := range data {
				data[i] = 2*rnd.Float32() - 1
			}
			// Dependent rows and columns: the Gram matrix does not resolve a value of 0.
			copy(data[c:2*c], data[:c])
			for i := range r {
				data[i*c+1] = data[i*c]
			}
			problem := spectrum.Problem{W: weights(t, r, c, data), MaxAbs: 1, Workers: workers}
			for _, run := range []struct {
				name              string
				accept            string // arithmetic
				precision         spectrum.Precision
				widest, workspace int64
			}{
				{"float32", "float32", spectrum.PrecisionAuto, 4, native.SingleWorkspace(r, c)},
				{"float64", "float64", spectrum.PrecisionFloat64, 8, max(native.GramWorkspace(r, c, 8), native.DirectWorkspace(r, c, 8))},
				{"escalated", "float64", spectrum.PrecisionAuto, 8, be.Workspace(r, c)},
				{"escalated twice", "float64", spectrum.PrecisionAuto, 8, be.Workspace(r, c)},
			} {
				t.Run(fmt.Sprintf("%s/%dx%d/%s", kernel, r, c, run.name), func(t *testing.T) {
					p := problem
					p.Precision = run.precision
					got := allocated(func() {
						var s *spectrum.Spectrum
						for better, err := range be.Spectra(context.Background(), p) {
							require.NoError(t, err)
							s = better
							if s.Precision == run.accept && run.name != "escalated twice" {
								break
							}
						}
						require.Equal(t, run.accept, s.Precision)
						direct := run.name == "escalated twice" || run.name == "float64" && r == c
						require.Equal(t, direct, strings.HasSuffix(s.Kernel, " direct"))
					})
					t.Logf("%d bytes allocated, %d estimated", got, run.workspace)
					require.LessOrEqual(t, got, 2*run.widest*n*n+64<<20)
					require.LessOrEqual(t, got, run.workspace+slack)
				})
			}
		}
	}
}

// So does what float32 allocates when it takes out what dominates a matrix, and when it does
// not square it.
func TestDominatedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("large matrices on one goroutine: nothing for the race detector")
	}
	for _, c := range []struct {
		r, c, spikes int
		direct       bool
	}{{500, 1700, 8, false}, {1700, 500, 60, false}, {512, 4096, 1, false}, {1024, 1400, 3, false}, {1600, 1600, 8, true}, {1700, 1400, 60, true}} {
		w := withSpikes(t, 2, c.r, c.c, c.spikes, 20)
		p := spectrum.Problem{W: w, MaxAbs: maxAbs(w), Workers: 2}
		got := allocated(func() {
			for s, err := range backend(t, "native").Spectra(context.Background(), p) {
				require.NoError(t, err)
				require.Equal(t, "float32", s.Precision)
				require.Equal(t, c.direct, strings.HasSuffix(s.Kernel, " direct"))
				break
			}
		})
		estimate := native.SingleWorkspace(c.r, c.c)
		t.Logf("%d×%d: %d bytes allocated, %d estimated", c.r, c.c, got, estimate)
		n := int64(min(c.r, c.c))
		require.LessOrEqual(t, got, 2*4*n*n+64<<20)
		require.LessOrEqual(t, got, estimate+1<<20)
	}
}

func maxAbs(w *spectrum.Weights) (most float64) {
	r, c := w.Dims()
	for i := range r {
		for j := range c {
			most = max(most, math.Abs(w.At(i, j)))
		}
	}
	return most
}

// The same for matrices too large to try, by the estimate.
func TestNativeWorkspace(t *testing.T) {
	for _, shape := range [][2]int{{1, 1}, {4096, 4096}, {4096, 14336}, {8192, 28672}, {128256, 4096}} {
		r, c := shape[0], shape[1]
		n := int64(min(r, c))
		require.LessOrEqual(t, backend(t, "native").Workspace(r, c), 2*8*n*n+64<<20, "%d×%d", r, c)
	}
}
