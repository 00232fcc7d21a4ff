package parallel

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Every index of every loop is handed out once, to a worker that exists, and what
// a loop wrote is seen by the next.
func TestTeam(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 7} {
		team := NewTeam(workers)
		const size = 40
		var values [size]int
		loops := 0
		for n := range size {
			for range 20 {
				loops++
				err := team.ForWorker(context.Background(), n, func(worker, i int) {
					if worker < 0 || worker >= max(1, min(workers, n)) {
						t.Errorf("worker %d of %d for %d indices", worker, workers, n)
					}
					values[size-1-i]++ // a race unless loops exclude each other
				})
				require.NoError(t, err)
			}
			if n%8 == 0 {
				time.Sleep(2 * awake) // long enough for the workers to fall asleep
			}
		}
		for i := range size {
			require.Equal(t, 20*i, values[i], "%d workers, index %d", workers, size-1-i)
		}
		team.Stop()
	}
}

// A loop does not return before its slowest body has, even when the owner has
// fallen asleep meanwhile.
func TestTeamSlow(t *testing.T) {
	team := NewTeam(3)
	defer team.Stop()
	for range 5 {
		var done atomic.Int32
		require.NoError(t, team.For(context.Background(), 3, func(i int) {
			time.Sleep(time.Duration(i) * 3 * awake)
			done.Add(1)
		}))
		require.EqualValues(t, 3, done.Load())
	}
}

func TestTeamCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	team := NewTeam(2)
	var calls atomic.Int32
	err := team.For(ctx, 1000, func(int) {
		if calls.Add(1) == 3 {
			cancel()
		} else if calls.Load() > 3 {
			<-ctx.Done()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, calls.Load(), int32(6))
	require.ErrorIs(t, team.For(ctx, 1, func(int) { t.Error("called after the end of the context") }), context.Canceled)
	team.Stop()
}

func TestTeamLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 50 {
		team := NewTeam(8)
		team.Stop()
	}
	// A goroutine reports its end a moment before it is gone.
	for deadline := time.Now().Add(time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "goroutines are left")
	}
}
