// Package parallel runs the loops of the native engine on an explicit number
// of workers. Nothing outlives a call.
package parallel

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Useful returns how many of that many workers are worth starting: at least one, and
// no more than can run at a time, but for a few that do no harm and show on any
// machine that results do not depend on their number. Whoever makes goroutines or
// memory out of a number of workers asks first.
func Useful(workers int) int {
	return max(1, min(workers, max(8, runtime.GOMAXPROCS(0))))
}

// For calls body for every i in [0, n), on up to [Useful] workers goroutines
// including the caller's, each index on whichever is free. It stops handing out indices
// when ctx ends, waits for the calls under way and returns the context's error.
//
// Bodies that write to separate places give the same result for any number of
// workers.
func For(ctx context.Context, workers, n int, body func(i int)) error {
	return ForWorker(ctx, workers, n, func(_, i int) { body(i) })
}

// ForWorker is For for bodies that have scratch memory for each worker: worker
// is below [Useful] workers and n.
func ForWorker(ctx context.Context, workers, n int, body func(worker, i int)) error {
	Each(min(Useful(workers), n), shareOut(ctx, n, body))
	return ctx.Err()
}

// shareOut returns what each worker of a loop runs.
func shareOut(ctx context.Context, n int, body func(worker, i int)) func(worker int) {
	var next atomic.Int64
	return func(worker int) {
		for worker < n && ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			body(worker, i)
		}
	}
}

// Each calls body once for each of n workers at the same time, the first on the
// caller's goroutine, and waits for all. It starts as many as it is told to.
func Each(n int, body func(worker int)) {
	var others sync.WaitGroup
	for w := 1; w < n; w++ {
		others.Go(func() { body(w) })
	}
	if n > 0 {
		body(0)
	}
	others.Wait()
}
