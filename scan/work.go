package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
)

// finished is what a worker made of a job.
type finished struct {
	job
	analysis *spectrum.Analysis
	err      error
	elapsed  time.Duration
}

// outcome enters what a worker made of a job.
func (p *plan) outcome(f finished) Outcome {
	o := p.tensors[f.index]
	o.Analysis, o.Err, o.Elapsed = f.analysis, f.err, f.elapsed
	return o
}

// run works on the jobs until all are done, ctx ends or yield returns false.
func (p *plan) run(ctx context.Context, yield func(Outcome, error) bool) {
	for _, o := range p.tensors {
		if o.Reason != "" && !yield(o, nil) {
			return
		}
	}
	progress := Progress{Total: len(p.jobs)}
	for _, j := range p.jobs {
		progress.TotalWork += j.cost
	}
	p.report(progress)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // stops what is in flight when the loop is left early
	// Room for every job, so that a worker never waits for a reader who has left.
	done := make(chan finished, len(p.jobs))
	go p.dispatch(ctx, done)
	var shared *Outcome
	for progress.Done < progress.Total {
		f, ok := next(ctx, done)
		if !ok {
			break
		}
		o := p.outcome(f)
		if p.head != "" && o.Name == p.embedding {
			shared = &o
		}
		if !yield(o, nil) {
			return
		}
		progress.Done++
		progress.Work += f.cost
		progress.Last = &o
		p.report(progress)
	}
	if shared != nil && !yield(p.tied(*shared), nil) {
		return
	}
	if progress.Done < progress.Total {
		yield(Outcome{}, context.Cause(ctx))
	}
}

func (p *plan) report(progress Progress) {
	if p.opt.Progress != nil {
		p.opt.Progress(progress)
	}
}

// next waits for a job to be finished. When ctx has ended it returns those that
// were finished before, and then false.
func next(ctx context.Context, done <-chan finished) (finished, bool) {
	select {
	case f := <-done:
		return f, true
	case <-ctx.Done():
	}
	select {
	case f := <-done:
		return f, true
	default:
		return finished{}, false
	}
}

// dispatch starts the jobs in order, each as soon as the workers and the memory
// it needs are free: large matrices one after the other with all workers,
// small ones side by side with one each.
func (p *plan) dispatch(ctx context.Context, done chan<- finished) {
	res := newResources(p.opt.Jobs, p.opt.Memory)
	defer context.AfterFunc(ctx, res.wake)()
	for _, j := range p.jobs {
		t := p.tensors[j.index].Tensor
		r, c, _ := t.Dims()
		// A back-end of the caller's may ask for more than there are, which never come.
		workers := max(1, min(p.opt.Analyzer.Backend.Workers(r, c, p.opt.Jobs), p.opt.Jobs))
		need := demand{workers: workers, memory: j.memory}
		err := res.acquire(ctx, need)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			done <- finished{job: j, err: tensorError(t, err)}
			continue
		}
		go func() {
			buf := res.buffer()
			began := time.Now()
			a, err := p.analyse(ctx, t, need.workers, buf)
			res.release(need, buf)
			if err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
				done <- finished{j, a, err, time.Since(began)}
			}
		}()
	}
}

func (p *plan) analyse(ctx context.Context, t checkpoint.Tensor, workers int, buf *checkpoint.Buffer) (*spectrum.Analysis, error) {
	weights, err := p.model.Load(ctx, t, buf)
	if err != nil {
		return nil, err
	}
	an := p.opt.Analyzer
	an.Workers = workers
	a, err := an.Analyze(ctx, weights)
	if err != nil {
		return nil, tensorError(t, err)
	}
	return a, nil
}

func tensorError(t checkpoint.Tensor, err error) error {
	return fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, err)
}

// demand is what a job occupies while it runs.
type demand struct {
	workers int
	memory  int64
}

// resources hands out workers, memory and buffers.
type resources struct {
	mu      sync.Mutex
	free    *sync.Cond
	workers int   // not in use
	cap     int64 // on memory, 0 for none
	used    int64
	buffers []*checkpoint.Buffer // for the next job
}

func newResources(workers int, memory int64) *resources {
	r := &resources{workers: workers, cap: memory}
	r.free = sync.NewCond(&r.mu)
	return r
}

// wake makes all who wait look at their context.
func (r *resources) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free.Broadcast()
}

// acquire waits until d is free, or ctx ends. Memory that can never be had is
// an error that wraps ErrMemory.
func (r *resources) acquire(ctx context.Context, d demand) error {
	if r.cap > 0 && d.memory > r.cap {
		return fmt.Errorf("%w: it needs %d MiB, the cap is %d MiB", ErrMemory, (d.memory+1<<20-1)>>20, r.cap>>20)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for ctx.Err() == nil && (r.workers < d.workers || r.cap > 0 && r.used+d.memory > r.cap) {
		r.free.Wait()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.workers -= d.workers
	r.used += d.memory
	return nil
}

// buffer returns one that an earlier job has left, or a new one.
func (r *resources) buffer() *checkpoint.Buffer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.buffers); n > 0 {
		b := r.buffers[n-1]
		r.buffers = r.buffers[:n-1]
		return b
	}
	return &checkpoint.Buffer{}
}

func (r *resources) release(d demand, b *checkpoint.Buffer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.workers += d.workers
	r.used -= d.memory
	if r.cap == 0 { // a buffer that is kept is memory nobody counts
		r.buffers = append(r.buffers, b)
	}
	r.free.Broadcast()
}
