//go:build netlib && cgo

package spectrum

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Calls that want different numbers of threads never overlap, and all come
// through.
func TestThreadGate(t *testing.T) {
	var gate threadGate
	var inside [4]atomic.Int32
	var all sync.WaitGroup
	for i := range 200 {
		threads := 1 + i%3
		all.Go(func() {
			leave, err := gate.enter(context.Background(), threads)
			if !assert.NoError(t, err) {
				return
			}
			defer leave()
			inside[threads].Add(1)
			for other := range inside {
				assert.True(t, other == threads || inside[other].Load() == 0)
			}
			time.Sleep(10 * time.Microsecond)
			inside[threads].Add(-1)
		})
	}
	all.Wait()
}

// The wait for other calls, and for LAPACK, ends with the context.
func TestNetlibCanceled(t *testing.T) {
	var gate threadGate
	leave, err := gate.enter(context.Background(), 1)
	require.NoError(t, err)
	defer leave()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err = gate.enter(ctx, 2)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	data := make([]float32, 800*800)
	for i := range data {
		data[i] = rand.Float32()
	}
	w, err := NewWeights(800, 800, data)
	require.NoError(t, err)
	_, err = Analyzer{Backend: netlibBackend{}}.Analyze(ctx, w)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	ctx, cancel = context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	_, err = Analyzer{Backend: netlibBackend{}}.Analyze(ctx, w)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
