package parallel

import (
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A number of workers that nothing could run, or none, starts what can run.
func TestWorkersBeyondUse(t *testing.T) {
	limit := max(8, runtime.GOMAXPROCS(0))
	for _, workers := range []int{math.MinInt, -1, 0, 1, 7, 1e9, math.MaxInt} {
		useful := Useful(workers)
		assert.True(t, useful >= 1 && useful <= limit, workers)
		if workers >= 1 && workers <= 8 {
			assert.Equal(t, workers, useful, "some more than processors are started when asked for")
		}
		before := runtime.NumGoroutine()
		most := make([]int, 1000)
		team := NewTeam(workers)
		assert.LessOrEqual(t, runtime.NumGoroutine()-before, limit, workers)
		require.NoError(t, team.ForWorker(t.Context(), len(most), func(worker, i int) { most[i] = worker + 1 }))
		team.Stop()
		require.NoError(t, ForWorker(t.Context(), workers, len(most), func(worker, i int) { most[i] = max(most[i], worker+1) }))
		for _, m := range most {
			require.True(t, m >= 1 && m <= useful, "%d workers, the %d-th of them", workers, m)
		}
	}
}
