package main

import (
	"cmp"

	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/internal/saturate"
	"github.com/gospectrum/spectrum/results"
)

// paramsOf lists the parameters of the loaded model as far as a result knows them:
// those of its rows, and what was skipped. A reference's file does not have sizes, and
// only some of the modules: nil.
func paramsOf(res *results.Scores) []emit.Param {
	if res.Result == nil {
		return nil
	}
	list := []emit.Param{}
	at := make(map[string]int)
	add := func(name string, params, rows int64, dims int) {
		i, seen := at[name]
		if !seen {
			i = len(list)
			at[name] = i
			list = append(list, emit.Param{Name: name, Dims: dims})
		}
		list[i].Params = saturate.Sum(list[i].Params, params)
		list[i].Rows = max(list[i].Rows, rows)
	}
	for _, row := range res.Result.Rows {
		if row.Absent != "" || row.TiedTo != "" {
			continue
		}
		name, rows := cmp.Or(row.Parameter, row.Name), row.Rows
		if n, single := names.ExpertIn(name, row.Name); single {
			rows = n + 1
		} else if row.PartOf != "" {
			rows = 0
		}
		add(name, row.Params, rows, 2)
	}
	head, known := res.Result.TiedHead(), res.Known()
	for _, t := range res.Result.Skipped {
		if t.Parameter == "" && known || t.Name == head {
			continue
		}
		add(cmp.Or(t.Parameter, t.Name), t.Params(), 0, len(t.Shape))
	}
	return list
}

// paramsIn lists the parameters of a dump of the loaded model.
func paramsIn(p *results.Parameters) []emit.Param {
	list := []emit.Param{}
	for _, name := range p.Names() {
		shape := p.Shape(name)
		x := emit.Param{Name: name, Dims: len(shape)}
		if len(shape) > 0 {
			x.Params, x.Rows = saturate.Product(shape...), shape[0]
		}
		list = append(list, x)
	}
	return list
}

// rowsOf says which rows of a parameter the candidates are that are single experts.
func rowsOf(candidates []results.Candidate) map[string]emit.Rows {
	rows := make(map[string]emit.Rows)
	for _, c := range candidates {
		if c.Expert == "" {
			continue
		}
		if n, ok := names.ExpertIn(c.Parameter, c.Name); ok {
			rows[c.Name] = emit.Rows{Parameter: c.Parameter, From: n, To: n + 1}
		}
	}
	return rows
}
