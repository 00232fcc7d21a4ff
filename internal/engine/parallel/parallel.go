// Package parallel runs the loops of the native engine on an explicit number
// of workers. Nothing outlives a call.
package parallel

import (
	"context"
	"sync"
	"sync/atomic"
)

// For calls body for every i in [0, n), on up to workers goroutines including
// the caller's, each index on whichever is free. It stops handing out indices
// when ctx ends, waits for the calls under way and returns the context's error.
//
// Bodies that write to separate places give the same result for any number of
// workers.
func For(ctx context.Context, workers, n int, body func(i int)) error {
	return ForWorker(ctx, workers, n, func(_, i int) { body(i) })
}

// ForWorker is For for bodies that have scratch memory for each worker: worker
// is below workers and n.
func ForWorker(ctx context.Context, workers, n int, body func(worker, i int)) error {
	Each(min(workers, n), shareOut(ctx, n, body))
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
// caller's goroutine, and waits for all.
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
