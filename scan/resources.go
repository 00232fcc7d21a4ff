package scan

import (
	"context"
	"fmt"
	"sync"

	"github.com/gospectrum/spectrum/checkpoint"
)

// loan is what a job occupies while it runs.
type loan struct {
	workers int
	memory  int64 // bytes of workspace and of the buffer, once that has grown
	buffer  *checkpoint.Buffer
}

// resources hands out workers, memory and buffers.
type resources struct {
	mu      sync.Mutex
	free    *sync.Cond
	workers int                  // not in use
	limit   int64                // on memory
	used    int64                // memory, that of kept buffers too
	kept    []*checkpoint.Buffer // left by earlier jobs, for the next
}

func newResources(workers int, memory int64) *resources {
	r := &resources{workers: workers, limit: memory}
	r.free = sync.NewCond(&r.mu)
	return r
}

// wake makes all who wait look at their context.
func (r *resources) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free.Broadcast()
}

// acquire waits until what a job needs is free, or ctx ends. Memory that can never be
// had is an error that wraps [checkpoint.ErrMemory].
func (r *resources) acquire(ctx context.Context, j job, workers int) (loan, error) {
	if need := j.workspace + j.weights; need > r.limit || need < 0 {
		return loan{}, fmt.Errorf("%w: it needs %d MiB, the cap is %d MiB", checkpoint.ErrMemory, uint64(need+1<<20-1)>>20, r.limit>>20)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for ctx.Err() == nil {
		if r.workers >= workers {
			if l, ok := r.lend(j, workers); ok {
				return l, nil
			}
		}
		r.free.Wait()
	}
	return loan{}, ctx.Err()
}

// lend takes the memory of a job, with a buffer that an earlier one has left if it may
// be as large as that is; else with a new one, for which the others are given up if need
// be.
func (r *resources) lend(j job, workers int) (loan, bool) {
	l := loan{workers: workers}
	if n := len(r.kept); n > 0 {
		b := r.kept[n-1]
		if l.memory = j.workspace + max(j.weights, b.Size()); r.used-b.Size()+l.memory <= r.limit {
			l.buffer, r.kept = b, r.kept[:n-1]
			r.used -= b.Size()
		}
	}
	if l.buffer == nil {
		l.memory, l.buffer = j.workspace+j.weights, new(checkpoint.Buffer)
		for len(r.kept) > 0 && r.used+l.memory > r.limit {
			r.used -= r.kept[0].Size()
			r.kept = r.kept[1:]
		}
		if r.used+l.memory > r.limit {
			return loan{}, false
		}
	}
	r.workers -= workers
	r.used += l.memory
	return l, true
}

// release takes back what a job had, and keeps its buffer for the next.
func (r *resources) release(l loan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.workers += l.workers
	r.used += l.buffer.Size() - l.memory
	r.kept = append(r.kept, l.buffer)
	r.free.Broadcast()
}
