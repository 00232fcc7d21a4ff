package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/results"
)

// outcome is the row a worker made of a job.
type outcome struct {
	job job
	row *results.Layer
}

// run works on the jobs until all are done or ctx ends.
func (p *plan) run(ctx context.Context, m *checkpoint.Model, opt Options) {
	progress := Progress{Total: len(p.jobs)}
	for _, j := range p.jobs {
		progress.TotalWork += j.cost
	}
	report := func() {
		if opt.Progress != nil {
			opt.Progress(progress)
		}
	}
	report()

	// Room for every outcome, so that a worker never waits for a reader who
	// has left.
	done := make(chan outcome, len(p.jobs))
	res := newResources(opt.jobs(), opt.Memory)
	defer context.AfterFunc(ctx, res.wake)()
	go p.dispatch(ctx, m, opt, res, done)
	for p.finished < len(p.jobs) {
		select {
		case o := <-done:
			p.rows[o.job.row] = o.row
			p.finished++
			progress.Done, progress.Layer = p.finished, o.row
			progress.Work += o.job.cost
			report()
		case <-ctx.Done():
			p.collect(done)
			return
		}
	}
}

// collect takes what was finished before the context ended.
func (p *plan) collect(done <-chan outcome) {
	for {
		select {
		case o := <-done:
			p.rows[o.job.row] = o.row
			p.finished++
		default:
			return
		}
	}
}

// dispatch starts the jobs in order, each as soon as the workers and the memory
// it needs are free: large matrices one after the other with all workers,
// small ones side by side with one each.
func (p *plan) dispatch(ctx context.Context, m *checkpoint.Model, opt Options, res *resources, done chan<- outcome) {
	for _, j := range p.jobs {
		r, c, _ := j.tensor.Dims()
		need := demand{workers: opt.Analyzer.Backend.Workers(r, c, opt.jobs()), memory: j.memory}
		err := res.acquire(ctx, need)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			done <- outcome{j, opt.row(j, nil, tensorError(j.tensor, err), 0)}
			continue
		}
		go func() {
			buf := res.buffer()
			began := time.Now()
			a, err := analyse(ctx, m, opt, j, need.workers, buf)
			res.release(need, buf)
			if err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
				done <- outcome{j, opt.row(j, a, err, time.Since(began))}
			}
		}()
	}
}

func analyse(ctx context.Context, m *checkpoint.Model, opt Options, j job, workers int, buf *checkpoint.Buffer) (*spectrum.Analysis, error) {
	weights, err := m.Load(ctx, j.tensor, buf)
	if err != nil {
		return nil, err
	}
	an := opt.Analyzer
	an.Workers = workers
	a, err := an.Analyze(ctx, weights)
	if err != nil {
		return nil, tensorError(j.tensor, err)
	}
	return a, nil
}

func tensorError(t checkpoint.Tensor, err error) error {
	return fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, err)
}

// row returns the row of j with its analysis or its error.
func (o *Options) row(j job, a *spectrum.Analysis, err error, took time.Duration) *results.Layer {
	t := j.tensor
	var row results.Layer
	if err == nil {
		row = results.NewLayer(t.Name, o.typeOf(t.Name), a)
		row.DType = t.DType // not what it was decoded to
		if o.SingularValues {
			row.SingularValues = a.SingularValues
		}
	} else {
		r, c, _ := t.Dims()
		row = results.Layer{
			Name: t.Name, Type: o.typeOf(t.Name), DType: t.DType,
			Rows: int64(r), Cols: int64(c), Params: t.Params(), Backend: o.Analyzer.Backend.Name(),
		}
		row.Fail(err)
	}
	row.Ranked = true
	row.Seconds = results.Number(took.Seconds())
	return &row
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
