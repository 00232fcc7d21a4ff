package scan

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/gospectrum/spectrum/checkpoint"
)

// loan is what a job occupies from when its weights are read.
type loan struct {
	memory  int64 // bytes of workspace and of the buffer, once that has grown
	buffer  *checkpoint.Buffer
	workers int // once it computes
}

// resources hands out memory and buffers to jobs that read their weights, and workers to
// those that have them. A few jobs are ahead of the workers, so that reading goes on
// while others compute.
type resources struct {
	mu      sync.Mutex
	free    *sync.Cond
	workers int                  // not in use
	limit   int64                // on memory
	used    int64                // memory, that of kept buffers too
	kept    []*checkpoint.Buffer // left by earlier jobs, for the next
	ahead   int                  // jobs that may still begin to read
	ready   []*loan              // that have their weights and wait for workers, in this order
}

func newResources(workers int, memory int64) *resources {
	r := &resources{workers: workers, limit: memory, ahead: workers + 1}
	r.free = sync.NewCond(&r.mu)
	return r
}

// wake makes all who wait look at their context.
func (r *resources) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free.Broadcast()
}

// admit waits until a job may read its weights, or ctx ends. Memory that can never be
// had is an error that wraps [checkpoint.ErrMemory].
func (r *resources) admit(ctx context.Context, j job) (*loan, error) {
	if need := j.workspace + j.weights; need > r.limit || need < 0 {
		return nil, fmt.Errorf("%w: it needs %d MiB, the cap is %d MiB", checkpoint.ErrMemory, uint64(need+1<<20-1)>>20, r.limit>>20)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for ctx.Err() == nil {
		if r.ahead > 0 {
			if l := r.lend(j); l != nil {
				return l, nil
			}
		}
		r.free.Wait()
	}
	return nil, ctx.Err()
}

// lend takes the memory of a job, with a buffer that an earlier one has left if it may
// be as large as that is; else with a new one, for which the others are given up if need
// be. It returns nil if there is not enough.
func (r *resources) lend(j job) *loan {
	l := new(loan)
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
			return nil
		}
	}
	r.ahead--
	r.used += l.memory
	return l
}

// start waits until a job that has its weights may compute, or ctx ends. Jobs start in
// the order in which they ask, so that one that needs all workers is not passed over.
func (r *resources) start(ctx context.Context, l *loan, workers int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ready = append(r.ready, l)
	for ctx.Err() == nil && (r.ready[0] != l || r.workers < workers) {
		r.free.Wait()
	}
	r.ready = slices.DeleteFunc(r.ready, func(x *loan) bool { return x == l })
	if err := ctx.Err(); err != nil {
		return err
	}
	l.workers = workers
	r.workers -= workers
	r.ahead++
	r.free.Broadcast()
	return nil
}

// release takes back what a job had, and keeps its buffer for the next.
func (r *resources) release(l *loan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.workers == 0 { // it never started
		r.ahead++
	}
	r.workers += l.workers
	r.used += l.buffer.Size() - l.memory
	r.kept = append(r.kept, l.buffer)
	r.free.Broadcast()
}
