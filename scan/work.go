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
	sha256   string
	reused   bool
	change   *Change
}

// outcome enters what a worker made of a job.
func (p *plan) outcome(f finished) Outcome {
	t, _ := p.model.Tensor(f.index)
	o := p.begin(t)
	o.Analysis, o.Err, o.Elapsed, o.SHA256, o.Reused = f.analysis, f.err, f.elapsed, f.sha256, f.reused
	o.Change = f.change
	return o
}

// run works on the jobs until all are done, ctx ends or yield returns false.
func (p *plan) run(ctx context.Context, yield func(Outcome, error) bool) {
	if !p.gather(yield) {
		return
	}
	progress := Progress{Done: p.done, Total: p.done + len(p.jobs)}
	for _, j := range p.jobs {
		progress.TotalWork += j.cost
	}
	p.report(progress)
	if p.opt.Progress != nil && progress.TotalWork > lasting && p.opt.Memory > 1<<28 {
		// An estimate that cannot be had stops nothing: what is wrong is said of a matrix.
		p.flight.speed, _ = measureSpeed(ctx, p.opt.Analyzer)
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // stops what is in flight when the loop is left early
	done := make(chan finished, min(len(p.jobs), ahead))
	go p.dispatch(ctx, done)
	shared := p.sharedDone
	for progress.Done < progress.Total {
		f, ok := p.next(ctx, done, tick.C, progress)
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
		progress.Last, progress.InFlight = &o, p.flight.work()
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

// lasting is the cost from which on a scan may take so long that the speed is measured
// before, which takes some tenths of a second.
const lasting = 1.4e12

// next waits for a job to be finished, and reports at every tick how far that is. When ctx
// has ended it returns those that were finished before, and then false.
func (p *plan) next(ctx context.Context, done <-chan finished, tick <-chan time.Time, progress Progress) (finished, bool) {
	progress.Last = nil
	for ctx.Err() == nil {
		select {
		case f := <-done:
			return f, true
		case <-tick:
			progress.InFlight = p.flight.work()
			p.report(progress)
		case <-ctx.Done():
		}
	}
	select {
	case f := <-done:
		return f, true
	default:
		return finished{}, false
	}
}

// ahead is how many jobs may be finished before the first of them is looked at. It bounds
// what a reader who is slower than the workers can make a scan keep.
const ahead = 1 << 10

// deliver hands out what a worker made of a job, unless ctx ends before there is room for
// it: then the reader may have left.
func deliver(ctx context.Context, done chan<- finished, f finished) {
	select {
	case done <- f:
		return
	default:
	}
	select {
	case done <- f:
	case <-ctx.Done():
	}
}

// dispatch starts the jobs in order: each reads its weights as soon as there is memory
// for it, a few ahead of the workers, and computes as soon as workers are free: large
// matrices one after the other with all of them, small ones side by side with one each.
func (p *plan) dispatch(ctx context.Context, done chan<- finished) {
	res := newResources(p.opt.Jobs, p.opt.Memory)
	defer context.AfterFunc(ctx, res.wake)()
	var running sync.WaitGroup
	defer running.Wait() // for those who are woken when ctx ends
	for _, j := range p.jobs {
		l, err := res.admit(ctx, j)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			t, _ := p.model.Tensor(j.index)
			deliver(ctx, done, finished{job: j, err: tensorError(t, err)})
			continue
		}
		running.Go(func() {
			f := p.work(ctx, res, l, j)
			res.release(l)
			if f.err == nil || ctx.Err() == nil || !errors.Is(f.err, ctx.Err()) {
				deliver(ctx, done, f)
			}
		})
	}
}

// work reads the weights of a job and analyses them. The time it takes is that of both,
// without what it waits for workers.
func (p *plan) work(ctx context.Context, res *resources, l *loan, j job) (f finished) {
	f.job = j
	t, _ := p.model.Tensor(j.index)
	began := time.Now()
	m, err := p.model.Read(ctx, t, l.buffer)
	f.elapsed = time.Since(began)
	if err != nil {
		f.err = err
		return f
	}
	f.sha256, f.change = m.SHA256, m.Change
	if p.opt.Reuse != nil && p.opt.Reuse(t.Name, f.sha256) {
		f.reused = true
		return f
	}
	an := p.opt.Analyzer
	r, c, _ := t.Dims()
	// A back-end of the caller's may ask for more than there are, which never come.
	an.Workers = max(1, min(an.Backend.Workers(r, c, p.opt.Jobs), p.opt.Jobs))
	if m.Weights == nil {
		an.Workers = 1 // factors are thin
	}
	if f.err = res.start(ctx, l, an.Workers); f.err != nil {
		return f
	}
	began = time.Now()
	p.flight.begin(j, an.Workers)
	defer p.flight.end(j)
	if f.analysis, err = m.analyze(ctx, an); err != nil {
		f.err = tensorError(t, err)
	}
	f.elapsed += time.Since(began)
	return f
}

func tensorError(t checkpoint.Tensor, err error) error {
	return fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, err)
}
