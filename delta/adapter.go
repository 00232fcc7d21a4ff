package delta

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
)

// Adapter is a source of what a LoRA adapter adds to each weight of its base: (α/r)·B·A, or
// (α/√r)·B·A for rsLoRA, of which the product is never formed. It reads the adapters of PEFT, with
// rank_pattern and alpha_pattern by PEFT's own rule, and of the kohya scripts. What it does not
// read, DoRA and other kinds, is a row with an error. It satisfies [results.Change]. Its
// methods may be called by several goroutines at once.
type Adapter struct {
	model, base *checkpoint.Model
	pairs       []pair
	config      peftConfig
}

// pair is the two factors of one weight, and what else belongs to it.
type pair struct {
	checkpoint.Tensor // as the scan sees it
	module            string
	a, b, alpha       *checkpoint.Tensor
	transposed        bool
	kohya             bool
	other             string             // a part that is not read
	twice             bool               // it has two factors of one role
	weight            *checkpoint.Tensor // of the base
}

// NewAdapter returns the source of an adapter, nil for a model that is none. With a base, which
// may be nil, it knows how large the weights are that it changes. The caller closes both. The
// error wraps [spectrum.ErrOption] for a nil adapter.
func NewAdapter(adapter, base *checkpoint.Model) (*Adapter, error) {
	if adapter == nil {
		return nil, fmt.Errorf("%w: no adapter", spectrum.ErrOption)
	}
	about, ok := adapter.Adapter()
	if !ok {
		return nil, nil
	}
	a := &Adapter{model: adapter, base: base, config: readConfig(about.Config)}
	a.collect()
	a.findBase()
	seen := make(map[string]int, len(a.pairs))
	for i := range a.pairs { // several adapters of one module
		p := &a.pairs[i]
		if seen[p.Name]++; seen[p.Name] > 1 {
			p.Name = fmt.Sprintf("%s (%d)", p.Name, seen[p.Name])
		}
	}
	slices.SortStableFunc(a.pairs, func(x, y pair) int { return order(x.Tensor, y.Tensor) })
	return a, nil
}

// collect finds the pairs among the tensors.
func (a *Adapter) collect() {
	at := make(map[string]int)
	for _, t := range a.model.Tensors() {
		module, adapter, role := names.AdapterPart(t.Name)
		if role == names.NoRole {
			if t.Skip == "" {
				t.Skip = "kept whole by the adapter: it replaces a weight, and changes none"
			}
			a.pairs = append(a.pairs, pair{Tensor: t})
			continue
		}
		key := module + "\x00" + adapter
		i, seen := at[key]
		if !seen {
			i = len(a.pairs)
			at[key] = i
			a.pairs = append(a.pairs, pair{module: module, Tensor: checkpoint.Tensor{Name: names.Parameter(module), File: t.File}})
		}
		a.pairs[i].add(t, role)
	}
	for i := range a.pairs {
		a.pairs[i].describe(a.config.transposed)
	}
}

// add adds a part.
func (p *pair) add(t checkpoint.Tensor, role names.Role) {
	to := map[names.Role]**checkpoint.Tensor{names.FactorA: &p.a, names.FactorB: &p.b, names.Alpha: &p.alpha}[role]
	if to == nil {
		p.other = cmp.Or(p.other, t.Name)
		return
	}
	p.twice = p.twice || *to != nil
	*to = &t
	p.transposed = p.transposed || names.IsTransposedFactor(t.Name)
	_, kohya := names.FromKohya(p.module)
	p.kohya = p.kohya || role == names.Alpha || kohya
}

// describe completes what the scan sees: the shape of the weight that is changed.
func (p *pair) describe(fanIn bool) {
	if p.module == "" {
		return
	}
	p.transposed = p.transposed || fanIn // PEFT ignores the setting for embeddings
	for _, t := range []*checkpoint.Tensor{p.a, p.b} {
		if t != nil {
			p.DType, p.File = t.DType, t.File
			p.Size += t.Size
			p.Memory += t.Size
		}
	}
	p.Shape = []int{0, 0}
	if p.a != nil && p.b != nil && len(p.a.Shape) > 0 && len(p.b.Shape) > 0 {
		p.Shape = []int{p.b.Shape[0], rest(p.a.Shape)}
		if p.transposed {
			slices.Reverse(p.Shape)
		}
		if p.Shape[0] > 0 && p.Shape[1] > math.MaxInt/p.Shape[0] { // no such weight exists
			p.Shape, p.other = []int{0, 0}, "its size"
		}
	}
}

// rest is the product of all dimensions but the first.
func rest(shape []int) int {
	n := 1
	for _, d := range shape[1:] {
		n *= d // Open checked the product
	}
	return n
}

// findBase finds the weight of the base that each pair changes, by its name there, without what
// wraps the model, or by that of the kohya scripts.
func (a *Adapter) findBase() {
	if a.base == nil {
		return
	}
	by := make(map[string]*checkpoint.Tensor)
	put := func(name string, t *checkpoint.Tensor) {
		if _, ok := by[name]; !ok {
			by[name] = t
		}
	}
	all := a.base.Tensors()
	for i := range all {
		put(all[i].Name, &all[i])
	}
	for i := range all {
		put(names.Unwrapped(all[i].Name), &all[i])
		put("kohya "+names.KohyaModule(all[i].Name), &all[i])
	}
	for i := range a.pairs {
		p := &a.pairs[i]
		if p.module == "" {
			continue
		}
		rest, kohya := names.FromKohya(p.module)
		switch {
		case by[p.Name] != nil:
			p.weight = by[p.Name]
		case kohya && by["kohya "+rest] != nil:
			p.weight = by["kohya "+rest]
			p.Stored, p.Name = p.module, p.weight.Name
		default:
			p.weight = by[names.Unwrapped(p.Name)]
		}
	}
}

// Kind implements [results.Change].
func (a *Adapter) Kind() results.Kind { return results.KindAdapter }

// Model returns the adapter's files.
func (a *Adapter) Model() *checkpoint.Model {
	if a == nil {
		return nil
	}
	return a.model
}

// Base returns the model that it changes, nil if none was given.
func (a *Adapter) Base() *checkpoint.Model {
	if a == nil {
		return nil
	}
	return a.base
}

// Len implements [scan.Source].
func (a *Adapter) Len() int {
	if a == nil {
		return 0
	}
	return len(a.pairs)
}

// Tensor implements [scan.Source].
func (a *Adapter) Tensor(i int) (t checkpoint.Tensor, ok bool) {
	if i < 0 || i >= a.Len() {
		return t, false
	}
	t = a.pairs[i].Tensor
	t.Shape = slices.Clone(t.Shape)
	return t, true
}

// Loaded returns the names of the base, as far as they are known without one.
func (a *Adapter) Loaded(transformers string) (*checkpoint.Loaded, error) {
	if b := a.Base(); b != nil {
		return b.Loaded(transformers)
	}
	return a.Model().Loaded(transformers)
}

// TiedHead returns nothing: an adapter shares no matrices.
func (a *Adapter) TiedHead() (head, embedding string) { return "", "" }

// Work implements [scan.Source].
func (a *Adapter) Work(t checkpoint.Tensor, _ spectrum.Backend) (flops float64, workspace int64) {
	p := a.find(t)
	if p == nil || p.a == nil || p.b == nil || len(p.a.Shape) == 0 || len(p.b.Shape) == 0 {
		return 0, 0
	}
	k, sides := float64(p.a.Shape[0]), float64(p.b.Shape[0])+float64(rest(p.a.Shape))
	bytes := 8 * (2*k*(sides+k) + sides)
	if p.weight != nil {
		bytes += float64(p.weight.Memory)
	}
	return k * k * sides, int64(min(bytes, 1<<62))
}

// find returns the pair of a tensor.
func (a *Adapter) find(t checkpoint.Tensor) *pair {
	if a == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(a.pairs, t, func(p pair, t checkpoint.Tensor) int { return order(p.Tensor, t) })
	if !ok {
		return nil
	}
	return &a.pairs[i]
}

// Read implements [scan.Source].
func (a *Adapter) Read(ctx context.Context, t checkpoint.Tensor, buf *checkpoint.Buffer) (m scan.Matrix, err error) {
	if ctx == nil {
		return m, fmt.Errorf("%w: nil context", spectrum.ErrOption)
	}
	p := a.find(t)
	switch {
	case p == nil:
		err = checkpoint.ErrNoTensor
	case p.module == "":
		err = fmt.Errorf("%w: %s", checkpoint.ErrUnsupported, p.Skip)
	default:
		m, err = a.read(ctx, p, buf)
	}
	if err != nil {
		return m, fmt.Errorf("%s: adapter of %q: %w", t.File, t.Name, err)
	}
	return m, nil
}

// read reads the factors of a pair.
func (a *Adapter) read(ctx context.Context, p *pair, forA *checkpoint.Buffer) (m scan.Matrix, err error) {
	if err := a.unread(p); err != nil {
		return m, err
	}
	if forA == nil {
		forA = new(checkpoint.Buffer)
	}
	forB := forA.Other()
	if m.Right, err = a.model.LoadPart(ctx, *p.a, forA); err != nil {
		return m, err
	}
	if m.Left, err = a.model.LoadPart(ctx, *p.b, forB); err != nil {
		return m, err
	}
	rank, _ := m.Right.Dims()
	if _, k := m.Left.Dims(); k != rank {
		return m, fmt.Errorf("%w: A has %d rows and B %d columns", spectrum.ErrShape, rank, k)
	}
	var remarks []string
	if m.Scale, err = a.scaling(ctx, p, rank, &remarks); err != nil {
		return m, err
	}
	m.Transposed = p.transposed
	m.SHA256 = digest(forA.SHA256(), forB.SHA256())
	if a.config.initial != "" {
		remarks = append(remarks, "init_lora_weights is "+a.config.initial+": unless it was converted when it was saved, the base is another than the original")
	}
	scale := m.Scale
	m.Change = &scan.Change{Rank: rank, Scaling: &scale}
	if p.weight != nil && p.weight.Name != p.Name {
		m.Change.Base = p.weight.Name
	}
	if a.base != nil {
		if m.Change.Norm, err = a.norm(ctx, p); err != nil {
			remarks = append(remarks, err.Error())
		}
	}
	m.Change.Remark = strings.Join(remarks, "; ")
	return m, nil
}

// unread says why a pair is not read.
func (a *Adapter) unread(p *pair) error {
	if err := a.config.refuses(); err != nil && !p.kohya {
		return err
	}
	switch {
	case p.twice:
		return fmt.Errorf("%w: it has two factors of one name", checkpoint.ErrUnsupported)
	case names.IsDoRA(p.other):
		return errDoRA
	case p.other != "":
		return fmt.Errorf("%w: %s is a part of it, which is not read", checkpoint.ErrUnsupported, p.other)
	case p.a == nil && p.b == nil:
		return fmt.Errorf("%w: a scaling without factors", checkpoint.ErrFormat)
	case p.a == nil:
		return fmt.Errorf("%w: factor B without a factor A", checkpoint.ErrFormat)
	case p.b == nil:
		return fmt.Errorf("%w: factor A without a factor B", checkpoint.ErrFormat)
	case len(p.a.Shape) < 2 || len(p.b.Shape) < 2 || slices.Contains(p.a.Shape, 0) || slices.Contains(p.b.Shape, 0):
		return fmt.Errorf("%w: factors of shape %d and %d", spectrum.ErrEmpty, p.b.Shape, p.a.Shape)
	case rest(p.b.Shape) != p.a.Shape[0]:
		return fmt.Errorf("%w: factors of shape %d and %d", spectrum.ErrShape, p.b.Shape, p.a.Shape)
	}
	return nil
}

// scaling returns what multiplies the product.
func (a *Adapter) scaling(ctx context.Context, p *pair, rank int, remarks *[]string) (float64, error) {
	switch {
	case p.alpha != nil:
		w, err := a.model.LoadPart(ctx, *p.alpha, nil)
		if err != nil {
			return 0, err
		}
		if r, c := w.Dims(); r != 1 || c != 1 {
			return 0, fmt.Errorf("%w: alpha is %d×%d", checkpoint.ErrFormat, r, c)
		}
		s := w.At(0, 0) / float64(rank)
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return 0, fmt.Errorf("%w: alpha is %v", checkpoint.ErrFormat, w.At(0, 0))
		}
		return s, nil
	case p.kohya: // the scripts take the rank for it
		return 1, nil
	case !a.config.known:
		*remarks = append(*remarks, "no adapter_config.json: the scaling is not known, and taken for 1")
		return 1, nil
	}
	return a.config.scaling(p.module, rank)
}

// norm returns the Frobenius norm of the base's weight.
func (a *Adapter) norm(ctx context.Context, p *pair) (*float64, error) {
	if p.weight == nil {
		return nil, fmt.Errorf("%w: the base has no such weight", checkpoint.ErrNoTensor)
	}
	w, err := a.base.Load(ctx, *p.weight, nil)
	if err != nil {
		return nil, err
	}
	rows, cols := w.Dims()
	if !slices.Equal([]int{rows, cols}, p.Shape) {
		return nil, fmt.Errorf("%w: the base's weight is %d×%d", spectrum.ErrShape, rows, cols)
	}
	row, sum, exp := make([]float64, cols), 0., 0
	for pass := range 2 { // the first finds the scale, so that squares stay in range
		most := 0.
		for i := range rows {
			if i%rowsAtOnce == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			for _, v := range w.Row(row, i) {
				if pass == 0 {
					most = max(most, math.Abs(v))
					continue
				}
				v = math.Ldexp(v, exp)
				sum += v * v
			}
		}
		if pass == 0 && most > 0 {
			exp = -math.Ilogb(most)
		}
	}
	n := math.Ldexp(math.Sqrt(sum), -exp)
	if !(n <= math.MaxFloat64) {
		return nil, fmt.Errorf("%w in the base", spectrum.ErrNotFinite)
	}
	return &n, nil
}
