package checkpoint

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
)

// part is one of the matrices that were fused into another.
type part struct {
	name string // of its module
	axis axis   // what it has of the rows or columns
}

// split lists e, a fused projection as its parts if that was asked for and config.json
// has the numbers to do it with. Where they do not fit, the matrix stays whole.
func (l *lister) split(e *entry) {
	var parts []entry
	if l.model.split {
		z := l.model.config.sizes
		z.modelType = l.model.config.ModelType
		parts = z.split(e)
	}
	if parts == nil {
		l.keep(e)
	}
	for i := range parts {
		l.keep(&parts[i])
	}
}

// sizes are the numbers of config.json that say where fused projections join.
type sizes struct {
	modelType                        string
	hidden, heads, keyHeads, headDim int64
}

// split returns the parts of a fused projection, nil for what stays whole.
func (z *sizes) split(e *entry) []entry {
	if len(e.Shape) != 2 || e.stride != nil {
		return nil
	}
	module, weight := names.Module(e.Name)
	i := strings.LastIndexByte(module, '.') + 1
	parts, columns := z.parts(module[i:], names.IsExpert(module), e.mxfp4, e.Shape[0], e.Shape[1])
	n := axisLength(columns, e.Shape[0], e.Shape[1])
	var out []entry
	for _, p := range parts {
		x := *e
		x.Name, x.Stored, x.Whole = module[:i]+p.name, cmp.Or(e.inFile, e.name), cmp.Or(e.Whole, e.Name)
		if weight {
			x.Name = names.Parameter(x.Name)
		}
		x.pick = &pick{all(e.Shape[0]), all(e.Shape[1]), e.Shape[1]}
		x.Shape = slices.Clone(e.Shape)
		if columns {
			x.pick.cols, x.Shape[1] = p.axis, p.axis.count
		} else {
			x.pick.rows, x.Shape[0] = p.axis, p.axis.count
		}
		x.Size = e.Size / int64(n) * int64(p.axis.count)
		out = append(out, x)
	}
	return out
}

// parts says what the module called name, a matrix of rows×cols, was fused
// from, and whether columns are split and not rows. It returns nil for
// everything that is not fused or does not have the sizes it should.
func (z *sizes) parts(name string, expert, mxfp4 bool, rows, cols int) (parts []part, columns bool) {
	switch name {
	case "qkv_proj", "c_attn", "Wqkv":
		q, kv := z.heads*z.headDim, z.keyHeads*z.headDim
		// GPT-2's Conv1D stores in×out, so there the columns are fused.
		columns = name == "c_attn" && int64(rows) == z.hidden && int64(rows) != q+2*kv
		return consecutive(axisLength(columns, rows, cols), columns, part{"q_proj", axis{count: int(q)}},
			part{"k_proj", axis{count: int(kv)}}, part{"v_proj", axis{count: int(kv)}})
	case "query_key_value":
		return z.perHead(rows), false
	case "gate_up_proj":
		columns, ok := z.gateUpColumns(expert && !mxfp4, rows, cols)
		n := axisLength(columns, rows, cols)
		if !ok || n%2 != 0 {
			return nil, false
		}
		if expert && z.modelType == "gpt_oss" { // gate and up take turns
			return []part{{"gate_proj", axis{0, 1, 2, n / 2}}, {"up_proj", axis{1, 1, 2, n / 2}}}, columns
		}
		return consecutive(n, columns, part{"gate_proj", axis{count: n / 2}}, part{"up_proj", axis{count: n / 2}})
	}
	return nil, false
}

func axisLength(columns bool, rows, cols int) int {
	if columns {
		return cols
	}
	return rows
}

// consecutive places parts one behind the other; they must fill n.
func consecutive(n int, columns bool, parts ...part) ([]part, bool) {
	at := 0
	for i := range parts {
		a := &parts[i].axis
		if a.count <= 0 || a.count > n-at {
			return nil, false
		}
		a.first, a.run, a.step = at, a.count, a.count
		at += a.count
	}
	if at != n {
		return nil, false
	}
	return parts, columns
}

// perHead is the order of GPT-NeoX and BLOOM: query, key and value of the first
// head, then those of the second, …
func (z *sizes) perHead(rows int) []part {
	d := z.headDim
	if z.modelType != "gpt_neox" && z.modelType != "bloom" || d <= 0 || z.heads <= 0 || int64(rows) != 3*z.heads*d {
		return nil
	}
	var parts []part
	for i, name := range []string{"query", "key", "value"} {
		parts = append(parts, part{name, axis{i * int(d), int(d), 3 * int(d), rows / 3}})
	}
	return parts
}

// gateUpColumns tells which side of a gate_up_proj is fused: the one that is not
// hidden_size. Experts come in both layouts; other layers are out×in.
func (z *sizes) gateUpColumns(experts bool, rows, cols int) (columns, ok bool) {
	h := z.hidden
	switch {
	case !experts:
		return false, int64(cols) == h
	case int64(rows) == h && int64(cols) != h:
		return true, true
	case int64(cols) == h && int64(rows) != h:
		return false, true
	}
	return false, false
}
