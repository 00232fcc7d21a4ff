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
	progress := Progress{Done: p.done, Total: p.done + len(p.jobs)}
	for _, j := range p.jobs {
		progress.TotalWork += j.cost
	}
	p.report(progress)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // stops what is in flight when the loop is left early
	// Room for every job, so that a worker never waits for a reader who has left.
	done := make(chan finished, len(p.jobs))
	go p.dispatch(ctx, done)
	shared := p.sharedDone
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
			done <- finished{job: j, err: tensorError(p.tensors[j.index].Tensor, err)}
			continue
		}
		running.Go(func() {
			f := p.work(ctx, res, l, j)
			res.release(l)
			if f.err == nil || ctx.Err() == nil || !errors.Is(f.err, ctx.Err()) {
				done <- f
			}
		})
	}
}

// work reads the weights of a job and analyses them. The time it takes is that of both,
// without what it waits for workers.
func (p *plan) work(ctx context.Context, res *resources, l *loan, j job) (f finished) {
	f.job = j
	t := p.tensors[j.index].Tensor
	began := time.Now()
	weights, err := p.model.Load(ctx, t, l.buffer)
	f.elapsed = time.Since(began)
	if err != nil {
		f.err = err
		return f
	}
	an := p.opt.Analyzer
	r, c, _ := t.Dims()
	// A back-end of the caller's may ask for more than there are, which never come.
	an.Workers = max(1, min(an.Backend.Workers(r, c, p.opt.Jobs), p.opt.Jobs))
	if f.err = res.start(ctx, l, an.Workers); f.err != nil {
		return f
	}
	began = time.Now()
	if f.analysis, err = an.Analyze(ctx, weights); err != nil {
		f.err = tensorError(t, err)
	}
	f.elapsed += time.Since(began)
	return f
}

func tensorError(t checkpoint.Tensor, err error) error {
	return fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, err)
}
