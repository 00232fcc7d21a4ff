package scan_test

import (
	"context"
	"iter"
	"math"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/scan"
)

// counting is a back-end that says how many matrices it works on at a time at most, and
// asks for as many workers as it is told to.
type counting struct {
	spectrum.Backend
	asks          int
	running, most *atomic.Int32
	given         *atomic.Int64
}

func (c counting) Workers(_, _, _ int) int { return c.asks }

func (c counting) Spectra(ctx context.Context, p spectrum.Problem) iter.Seq2[*spectrum.Spectrum, error] {
	return func(yield func(*spectrum.Spectrum, error) bool) {
		now := c.running.Add(1)
		defer c.running.Add(-1)
		for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
		}
		c.given.Store(max(c.given.Load(), int64(p.Workers)))
		time.Sleep(time.Millisecond) // so that whatever was started is there together
		c.Backend.Spectra(ctx, p)(yield)
	}
}

// However many workers are asked for, no more than are of use are started, and a
// back-end that asks for more than there are, or none, is given some.
func TestWorkersBeyondUse(t *testing.T) {
	gonum, err := spectrum.BackendByName("gonum")
	require.NoError(t, err)
	m := open(t, filepath.Join("..", "testdata", "tiny-llama"))
	for _, jobs := range []int{0, 1, 1e9, math.MaxInt} {
		for _, asks := range []int{-1, 0, 1, math.MaxInt} {
			b := counting{gonum, asks, new(atomic.Int32), new(atomic.Int32), new(atomic.Int64)}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			all, err := scan.Collect(ctx, m, scan.Options{Jobs: jobs, Analyzer: spectrum.Analyzer{Backend: b}})
			cancel()
			require.NoError(t, err, "%d jobs, a back-end that asks for %d", jobs, asks)
			require.NotEmpty(t, analysed(all))
			limit := max(8, runtime.GOMAXPROCS(0))
			assert.LessOrEqual(t, int(b.most.Load()), limit, "%d jobs", jobs)
			assert.LessOrEqual(t, b.given.Load(), int64(limit), "%d jobs, a back-end that asks for %d", jobs, asks)
		}
	}
	opt, err := scan.Options{Jobs: math.MaxInt}.Resolve()
	require.NoError(t, err)
	assert.LessOrEqual(t, opt.Jobs, max(8, runtime.GOMAXPROCS(0)), "what the result file says is what ran")
}
