package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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
	var next atomic.Int64
	memory := newGate(opt.Memory)
	defer context.AfterFunc(ctx, memory.wake)()
	for range min(opt.jobs(), len(p.jobs)) {
		w := worker{model: m, opt: opt, memory: memory}
		go func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(p.jobs) {
					return
				}
				if row := w.analyse(ctx, p.jobs[i]); row != nil {
					done <- outcome{p.jobs[i], row}
				}
			}
		}()
	}
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

type worker struct {
	model  *checkpoint.Model
	opt    Options
	memory *gate
	buf    checkpoint.Buffer
}

// analyse returns the row of j, or nil if ctx ended first.
func (w *worker) analyse(ctx context.Context, j job) *results.Layer {
	began := time.Now()
	a, err := w.compute(ctx, j)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	t := j.tensor
	var row results.Layer
	if err == nil {
		row = results.NewLayer(t.Name, checkpoint.Type(t.Name), a)
		if w.opt.SingularValues {
			row.SingularValues = a.SingularValues
		}
	} else {
		r, c, _ := t.Dims()
		row = results.Layer{
			Name: t.Name, Type: checkpoint.Type(t.Name), DType: t.DType,
			Rows: int64(r), Cols: int64(c), Params: t.Params(), Backend: w.opt.backend().Name(),
		}
		row.Fail(err)
	}
	row.Ranked = true
	row.Seconds = results.Number(time.Since(began).Seconds())
	return &row
}

func (w *worker) compute(ctx context.Context, j job) (*spectrum.Analysis, error) {
	if err := w.memory.acquire(ctx, j.memory); err != nil {
		return nil, fmt.Errorf("%s: tensor %q: %w", j.tensor.File, j.tensor.Name, err)
	}
	defer w.memory.release(j.memory)
	if w.opt.Memory > 0 {
		w.buf = checkpoint.Buffer{} // a buffer kept for the next tensor is memory nobody counts
	}
	weights, err := w.model.Load(ctx, j.tensor, &w.buf)
	if err != nil {
		return nil, err
	}
	a, err := w.opt.Analyzer.Analyze(ctx, weights)
	if err != nil {
		return nil, fmt.Errorf("%s: tensor %q: %w", j.tensor.File, j.tensor.Name, err)
	}
	return a, nil
}

// gate admits work while the memory it needs stays under a cap.
type gate struct {
	mu   sync.Mutex
	room *sync.Cond
	cap  int64 // 0: no cap
	used int64
}

func newGate(capacity int64) *gate {
	g := &gate{cap: capacity}
	g.room = sync.NewCond(&g.mu)
	return g
}

// wake makes all who wait look at their context.
func (g *gate) wake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.room.Broadcast()
}

// acquire waits until n bytes fit, or ctx ends. What can never fit is an
// error that wraps ErrMemory.
func (g *gate) acquire(ctx context.Context, n int64) error {
	if g.cap == 0 {
		return ctx.Err()
	}
	if n > g.cap {
		return fmt.Errorf("%w: it needs %d MiB, the cap is %d MiB", ErrMemory, (n+1<<20-1)>>20, g.cap>>20)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.used+n > g.cap && ctx.Err() == nil {
		g.room.Wait()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	g.used += n
	return nil
}

func (g *gate) release(n int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cap > 0 {
		g.used -= n
		g.room.Broadcast()
	}
}
