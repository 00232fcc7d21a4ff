package scan

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/names"
)

// job is one matrix to analyse.
type job struct {
	index     int     // of the tensor in the model
	cost      float64 // flops of its spectrum, up to a constant
	weights   int64   // bytes
	workspace int64   // bytes beside the weights
}

// plan is what a scan has to do.
type plan struct {
	model  Source
	opt    Options // resolved
	loaded *checkpoint.Loaded
	jobs   []job // largest first, once they are asked for
	done   int   // matrices that the caller has already

	flight flight

	sharedDone *Outcome // the embedding of a tied head, if it is one of these

	head, embedding string // names of a tied output head and what it shares, or empty
}

// newPlan resolves what a scan of m needs.
func newPlan(m Source, opt Options) (*plan, error) {
	opt, err := opt.Resolve()
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fmt.Errorf("%w: no model", spectrum.ErrOption)
	}
	p := &plan{model: m, opt: opt}
	if p.loaded, err = m.Loaded(opt.Transformers); err != nil {
		return nil, err
	}
	p.head, p.embedding = m.TiedHead()
	return p, p.checkPatterns()
}

// checkPatterns reports a pattern that matches nothing.
func (p *plan) checkPatterns() error {
	patterns := slices.Concat(p.opt.Include, p.opt.Exclude)
	named := func(i int) (name, typ string) {
		t, _ := p.model.Tensor(i)
		return t.Name, p.opt.Type(t.Name)
	}
	if none := names.Unmatched(patterns, p.model.Len(), named); none != "" {
		return fmt.Errorf("%w: pattern %q matches no tensor", spectrum.ErrOption, none)
	}
	return nil
}

// tensors yields an outcome of nothing so far but the reason for each tensor of the
// model. None is kept: there may be a million.
func (p *plan) tensors() iter.Seq2[int, Outcome] {
	return func(yield func(int, Outcome) bool) {
		for i := 0; ; i++ {
			if t, ok := p.model.Tensor(i); !ok || !yield(i, p.begin(t)) {
				return
			}
		}
	}
}

// begin returns the outcome of a tensor of which nothing is known so far but the reason.
func (p *plan) begin(t checkpoint.Tensor) Outcome {
	o := Outcome{Tensor: t, Type: p.opt.Type(t.Name)}
	o.Block, _ = names.Block(t.Name)
	o.Parameter, o.Absent = p.loaded.Parameter(t)
	if o.Reason = p.reason(&o); o.Reason == "" {
		o.Backend = p.opt.Analyzer.Backend.Name()
	}
	return o
}

// newJob returns the job of analysing the tensor t, the i-th of the model.
func (p *plan) newJob(i int, t checkpoint.Tensor) job {
	flops, workspace := p.model.Work(t, p.opt.Analyzer.Backend)
	return job{index: i, cost: flops, weights: t.Memory, workspace: workspace}
}

// costOf returns the flops of the spectrum of an r×c matrix, up to a constant.
func costOf(r, c int) float64 {
	small, large := float64(min(r, c)), float64(max(r, c))
	return small * small * (large + small)
}

// gather makes the jobs, in their order, and hands out the tensors that are not analysed. It
// reports whether yield wanted all of them.
func (p *plan) gather(yield func(Outcome, error) bool) bool {
	for i, o := range p.tensors() {
		if o.Reason == "" {
			p.jobs = append(p.jobs, p.newJob(i, o.Tensor))
		} else if !yield(o, nil) {
			return false
		}
	}
	p.arrange()
	return true
}

// arrange leaves of the jobs those of the shard that the caller does not have the analyses
// of, and sorts them.
func (p *plan) arrange() {
	p.jobs = p.opt.Shard.of(p.jobs, func(i int) string { t, _ := p.model.Tensor(i); return t.File })
	if p.opt.Done != nil {
		p.jobs = slices.DeleteFunc(p.jobs, p.isDone)
	}
	slices.SortStableFunc(p.jobs, func(a, b job) int { return cmp.Compare(b.cost, a.cost) })
}

// isDone reports a job that the caller has the analysis of, and counts it.
func (p *plan) isDone(j job) bool {
	t, _ := p.model.Tensor(j.index)
	if !p.opt.Done(t.Name) {
		return false
	}
	p.done++
	if p.head != "" && t.Name == p.embedding {
		o := p.begin(t)
		p.sharedDone = &o
	}
	return true
}

// reason returns why a tensor is not analysed, or "".
func (p *plan) reason(o *Outcome) string {
	if len(p.opt.Include) > 0 {
		if _, ok := names.Match(p.opt.Include, o.Name, o.Type); !ok {
			return "not included"
		}
	}
	pattern, excluded := names.Match(p.opt.Exclude, o.Name, o.Type)
	switch {
	case excluded:
		return fmt.Sprintf("excluded by %q", pattern)
	case o.Skip != "":
		return o.Skip
	case p.head != "" && o.Name == p.head:
		return tiedTo(p.embedding)
	case o.Vector() && !p.opt.Vectors:
		return "1-D, ranked only on request"
	}
	return ""
}

func tiedTo(embedding string) string { return "tied to " + embedding }

// tied repeats the outcome of the embedding under the name of the head that shares
// it, so that the head is reported, once, and ranked only with its embedding.
func (p *plan) tied(o Outcome) Outcome {
	o.Name, o.TiedTo, o.Elapsed = p.head, o.Name, 0
	o.Type = p.opt.Type(o.Name)
	o.Block, _ = names.Block(o.Name)
	o.Parameter, o.Absent = "", ""
	o.Reason = tiedTo(o.TiedTo)
	return o
}
