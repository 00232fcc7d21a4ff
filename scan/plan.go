package scan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/names"
)

// job is one matrix to analyse.
type job struct {
	index     int     // in plan.tensors
	cost      float64 // flops of its spectrum, up to a constant
	weights   int64   // bytes
	workspace int64   // bytes beside the weights
}

// plan is what a scan has to do.
type plan struct {
	model   *checkpoint.Model
	opt     Options   // resolved
	tensors []Outcome // of nothing so far but the reasons, in the order of the model
	jobs    []job     // largest first
	done    int       // matrices that the caller has already

	sharedDone *Outcome // the embedding of a tied head, if it is one of these

	head, embedding string // names of a tied output head and what it shares, or empty
}

// newPlan sorts the tensors of m into jobs and those that are left out.
func newPlan(m *checkpoint.Model, opt Options) (*plan, error) {
	opt, err := opt.Resolve()
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fmt.Errorf("%w: no model", spectrum.ErrOption)
	}
	p := &plan{model: m, opt: opt}
	loaded, err := m.Loaded(opt.Transformers)
	if err != nil {
		return nil, err
	}
	p.head, p.embedding = m.TiedHead()
	for i, t := range m.Tensors() {
		o := Outcome{Tensor: t, Type: opt.Type(t.Name)}
		o.Block, _ = names.Block(t.Name)
		o.Parameter, o.Absent = loaded.Parameter(t)
		o.Reason = p.reason(&o)
		if o.Reason == "" {
			o.Backend = opt.Analyzer.Backend.Name()
			r, c, _ := t.Dims()
			small, large := float64(min(r, c)), float64(max(r, c))
			p.jobs = append(p.jobs, job{
				index:   i,
				cost:    small * small * (large + small),
				weights: t.Memory, workspace: opt.Analyzer.Backend.Workspace(r, c),
			})
		}
		p.tensors = append(p.tensors, o)
	}
	named := func(i int) (name, typ string) { return p.tensors[i].Name, p.tensors[i].Type }
	if none := names.Unmatched(slices.Concat(opt.Include, opt.Exclude), len(p.tensors), named); none != "" {
		return nil, fmt.Errorf("%w: pattern %q matches no tensor", spectrum.ErrOption, none)
	}
	p.jobs = opt.Shard.of(p.jobs, p.tensors)
	p.leaveDone()
	slices.SortStableFunc(p.jobs, func(a, b job) int { return cmp.Compare(b.cost, a.cost) })
	return p, nil
}

// leaveDone takes out the jobs that the caller has the analyses of.
func (p *plan) leaveDone() {
	if p.opt.Done == nil {
		return
	}
	p.jobs = slices.DeleteFunc(p.jobs, func(j job) bool {
		o := &p.tensors[j.index]
		if !p.opt.Done(o.Name) {
			return false
		}
		p.done++
		if p.head != "" && o.Name == p.embedding {
			p.sharedDone = o
		}
		return true
	})
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
