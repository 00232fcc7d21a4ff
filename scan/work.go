package scan

import (
	"context"
	"errors"
	"fmt"
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
	t, _ := p.model.Tensor(f.index)
	o := p.begin(t)
	o.Analysis, o.Err, o.Elapsed = f.analysis, f.err, f.elapsed
	return o
}

// run works on the jobs until all are done, ctx ends or yield returns false.
func (p *plan) run(ctx context.Context, yield func(Outcome, error) bool) {
	for i, o := range p.tensors() {
		if o.Reason == "" {
			p.jobs = append(p.jobs, p.newJob(i, o.Tensor))
		} else if !yield(o, nil) {
			return
		}
	}
	p.order()
	progress := Progress{Total: len(p.jobs)}
	for _, j := range p.jobs {
		progress.TotalWork += j.cost
	}
	p.report(progress)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // stops what is in flight when the loop is left early
	done := make(chan finished, min(len(p.jobs), ahead))
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

// dispatch starts the jobs in order, each as soon as the workers and the memory
// it needs are free: large matrices one after the other with all workers,
// small ones side by side with one each.
func (p *plan) dispatch(ctx context.Context, done chan<- finished) {
	res := newResources(p.opt.Jobs, p.opt.Memory)
	defer context.AfterFunc(ctx, res.wake)()
	for _, j := range p.jobs {
		t, _ := p.model.Tensor(j.index)
		r, c, _ := t.Dims()
		lent, err := res.acquire(ctx, j, p.opt.Analyzer.Backend.Workers(r, c, p.opt.Jobs))
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			deliver(ctx, done, finished{job: j, err: tensorError(t, err)})
			continue
		}
		go func() {
			began := time.Now()
			a, err := p.analyse(ctx, t, lent.workers, lent.buffer)
			res.release(lent)
			if err == nil || ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
				deliver(ctx, done, finished{j, a, err, time.Since(began)})
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
