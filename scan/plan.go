package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/results"
)

// job is one matrix to analyse.
type job struct {
	tensor checkpoint.Tensor
	row    int     // index into plan.rows
	cost   float64 // flops of its spectrum, up to a constant
	memory int64   // bytes of weights and workspace
}

// plan is what a scan has to do and what came of it.
type plan struct {
	jobs     []job // largest first
	rows     []*results.Layer
	skipped  []results.Skipped
	finished int // jobs whose row is there

	head, embedding string // names of a tied output head and what it shares, or empty
}

// newPlan sorts the tensors of m into jobs and skipped ones.
func newPlan(m *checkpoint.Model, opt Options) *plan {
	p := &plan{}
	p.head, p.embedding = TiedHead(m)
	for _, t := range m.Tensors() {
		if reason := p.skip(t, opt); reason != "" {
			skipped := results.Skipped{Name: t.Name, DType: t.DType, Reason: reason}
			for _, d := range t.Shape {
				skipped.Shape = append(skipped.Shape, int64(d))
			}
			p.skipped = append(p.skipped, skipped)
			continue
		}
		r, c, _ := t.Dims()
		small, large := float64(min(r, c)), float64(max(r, c))
		p.jobs = append(p.jobs, job{
			tensor: t,
			row:    len(p.jobs),
			cost:   small * small * (large + small),
			memory: t.Memory + opt.Analyzer.Backend.Workspace(r, c),
		})
	}
	p.rows = make([]*results.Layer, len(p.jobs))
	slices.SortStableFunc(p.jobs, func(a, b job) int { return cmp.Compare(b.cost, a.cost) })
	return p
}

// skip returns why t is not analysed, or "".
func (p *plan) skip(t checkpoint.Tensor, opt Options) string {
	switch {
	case len(opt.Include) > 0 && opt.match(opt.Include, t.Name) == "":
		return "not included"
	case opt.match(opt.Exclude, t.Name) != "":
		return fmt.Sprintf("excluded by %q", opt.match(opt.Exclude, t.Name))
	case t.Skip != "":
		return t.Skip
	case t.Name == p.head:
		return "tied to " + p.embedding
	case t.Vector() && !opt.Vectors:
		return "1-D, ranked only on request"
	}
	return ""
}

// match returns the first pattern that fits the tensor's name, its
// module's or its type, or "". The patterns are known to be well-formed.
func (o *Options) match(patterns []string, name string) string {
	pattern, _ := names.Match(patterns, name, o.typeOf(name))
	return pattern
}

const headName = "lm_head.weight"

// TiedHead returns the name of the output head of a model with tied embeddings
// and that of the token embedding it shares. Both are empty when config.json
// does not say tie_word_embeddings, or no embedding is found.
func TiedHead(m *checkpoint.Model) (head, embedding string) {
	if !m.Config().TieWordEmbeddings {
		return "", ""
	}
	for _, t := range m.Tensors() {
		if len(t.Shape) != 2 {
			continue
		}
		for _, suffix := range []string{"embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight", "shared.weight"} {
			if t.Name == suffix || strings.HasSuffix(t.Name, "."+suffix) {
				return headName, t.Name
			}
		}
	}
	return "", ""
}

// addTied repeats the row of the embedding under the name of the head that
// shares it, so that the head is reported, once, and ranked only with its
// embedding.
func (p *plan) addTied(file *results.File, opt Options) {
	for _, l := range file.Layers {
		if l.Name == p.embedding {
			l.Name, l.TiedTo, l.Ranked, l.Seconds = p.head, p.embedding, false, 0
			l.Type = opt.typeOf(p.head)
			file.Layers = append(file.Layers, l)
			return
		}
	}
}
