// Package delta makes matrices of what changed: the differences of the weights of two models,
// [Pair], and what an adapter adds to a model, [Adapter]. Both are sources that package scan
// walks like a model, a tensor at a time.
//
// # Differences
//
// ΔW = tuned − base is formed in float32 where every difference of a tensor is a float32, or what
// that rounds is in all below 2⁻³⁰ of ‖ΔW‖, as of bfloat16 weights with a few next to zero;
// else in float64. The error of every difference is known exactly, and the norm of all of them is
// added to the error bound of every singular value.
//
// # Rounding noise
//
// The stored weights are rounded. An element t of a type with p bits of precision is off by up to
// half a unit in its last place, u = 2^(⌊log₂|t|⌋+1−p), and, where what was rounded is spread
// over many units or has nothing to do with the grid of the type, uniformly so: with variance
// u²/12. The matrix of these errors has independent entries of different variances v. Its
// largest singular value is at most about
//
//	maxᵢ √Σⱼ vᵢⱼ + maxⱼ √Σᵢ vᵢⱼ
//
// (Bandeira & van Handel 2016), which is the Marchenko–Pastur edge σ(√m+√n) where all variances
// are σ², and above the edge where they are not. It fluctuates as the Tracy–Widom law says. So
// the edge that [scan.Change] gives is that sum, times the quotient of the Tracy–Widom edge of
// the shape at the level of 1 % and its asymptotic edge: rounding alone passes it in at most 1 %
// of all matrices. This is calibrated (TestRoundingAlone) and not proved. For u the larger unit
// of the two weights counts. It is not known of quantised weights, whose values do not tell the
// step.
package delta

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
)

// Pair is a source of the differences of two models. It satisfies [results.Change]. Its methods
// may be called by several goroutines at once.
type Pair struct {
	base, tuned *checkpoint.Model
	entries     []entry
	gguf        side
}

// The first words of the reasons why a tensor that only one of the models has is not compared.
const (
	Added   = "added"   // only the tuned model has it
	Missing = "missing" // only the base has it
)

// entry is a tensor of the difference.
type entry struct {
	checkpoint.Tensor                   // as the scan sees it
	base, tuned       checkpoint.Tensor // what it is the difference of
	rows              int               // of both that are compared; 0 for all
	problem           error             // why there is no difference
	remark            string
}

// NewPair aligns the tensors of two models: by the names that they are stored under, by what the
// loaded models call them, and without the components that only wrap a model. What one of
// them does not have is listed, and has a reason in [checkpoint.Tensor.Skip]. The caller closes
// the models. The error wraps [spectrum.ErrOption] for a nil model, or for two that have no
// name in common.
func NewPair(base, tuned *checkpoint.Model) (*Pair, error) {
	if base == nil || tuned == nil {
		return nil, fmt.Errorf("%w: two models are compared, and one is missing", spectrum.ErrOption)
	}
	p := &Pair{base: base, tuned: tuned, gguf: whichGGUF(base, tuned)}
	found, err := align(base, tuned)
	if err != nil {
		return nil, err
	}
	common := 0
	for _, t := range tuned.Tensors() {
		b, ok := found[t.Name]
		switch {
		case ok:
			common++
			p.entries = append(p.entries, p.compare(b, t))
		case t.Skip != "":
			p.entries = append(p.entries, entry{Tensor: t})
		default:
			t.Skip = Added + ": the base has no such tensor"
			p.entries = append(p.entries, entry{Tensor: t})
		}
	}
	if common == 0 {
		return nil, fmt.Errorf("%w: %s and %s have no tensor in common; what an adapter adds is seen by a scan of the adapter, with its base", spectrum.ErrOption, base.Path(), tuned.Path())
	}
	p.addMissing(found)
	slices.SortStableFunc(p.entries, func(a, b entry) int { return order(a.Tensor, b.Tensor) })
	return p, nil
}

// addMissing lists what the tuned model does not have.
func (p *Pair) addMissing(found map[string]checkpoint.Tensor) {
	used, taken := make(map[string]bool, len(found)), make(map[string]bool, len(p.entries))
	for _, b := range found {
		used[b.Name] = true
	}
	for i := range p.entries {
		taken[p.entries[i].Name] = true
	}
	for _, b := range p.base.Tensors() {
		if used[b.Name] || b.Skip != "" || taken[b.Name] {
			continue
		}
		b.Skip = Missing + ": only the base has this tensor"
		p.entries = append(p.entries, entry{Tensor: b})
	}
}

// compare describes the difference of two tensors.
func (p *Pair) compare(b, t checkpoint.Tensor) entry {
	e := entry{Tensor: t, base: b, tuned: t}
	if t.Skip == "" && b.Skip != "" {
		e.Skip = "of the base: " + b.Skip
	}
	if e.Skip != "" {
		return e
	}
	br, bc, _ := b.Dims()
	tr, tc, _ := t.Dims()
	switch {
	case p.reordered(t):
		e.problem = fmt.Errorf("%w: a GGUF file has the rows of %s in another order than other formats; compare two files of one format", checkpoint.ErrUnsupported, t.Name)
	case br == tr && bc == tc && b.Vector() == t.Vector():
	case bc == tc && !b.Vector() && !t.Vector() && grows(t.Name):
		e.rows = min(br, tr)
		e.Shape = []int{e.rows, tc}
		e.remark = fmt.Sprintf("the common %d rows, of %d in the base and %d in the tuned model", e.rows, br, tr)
	default:
		e.problem = fmt.Errorf("%w: the base has %d×%d, the tuned model %d×%d", spectrum.ErrShape, br, bc, tr, tc)
	}
	// Both weights, and their difference in the wider of its two types.
	e.Memory = t.Memory + b.Memory + 8*e.Params()
	if e.Memory < 0 {
		e.Memory, e.Skip = 0, "too large"
	}
	return e
}

// Kind implements [results.Change].
func (p *Pair) Kind() results.Kind { return results.KindDelta }

// Model returns the tuned model.
func (p *Pair) Model() *checkpoint.Model {
	if p == nil {
		return nil
	}
	return p.tuned
}

// Base returns the model that it is compared with.
func (p *Pair) Base() *checkpoint.Model {
	if p == nil {
		return nil
	}
	return p.base
}

// Len implements [scan.Source].
func (p *Pair) Len() int {
	if p == nil {
		return 0
	}
	return len(p.entries)
}

// Tensor implements [scan.Source].
func (p *Pair) Tensor(i int) (t checkpoint.Tensor, ok bool) {
	if i < 0 || i >= p.Len() {
		return t, false
	}
	t = p.entries[i].Tensor
	t.Shape = slices.Clone(t.Shape)
	return t, true
}

// Loaded returns the names of the tuned model.
func (p *Pair) Loaded(transformers string) (*checkpoint.Loaded, error) {
	return p.Model().Loaded(transformers)
}

// TiedHead is that of the tuned model where the base ties its head too. Where only one does, the
// head of the one is compared with the embedding of the other.
func (p *Pair) TiedHead() (head, embedding string) {
	head, embedding = p.Model().TiedHead()
	if other, _ := p.Base().TiedHead(); other == "" {
		return "", ""
	}
	return head, embedding
}

// Work implements [scan.Source].
func (p *Pair) Work(t checkpoint.Tensor, b spectrum.Backend) (flops float64, workspace int64) {
	return scan.DenseWork(t, b)
}

// find returns the entry of a tensor.
func (p *Pair) find(t checkpoint.Tensor) *entry {
	if p == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(p.entries, t, func(e entry, t checkpoint.Tensor) int { return order(e.Tensor, t) })
	if !ok {
		return nil
	}
	return &p.entries[i]
}

// order is that of the tensors of a model.
func order(a, b checkpoint.Tensor) int {
	return cmp.Or(checkpoint.Compare(a.Name, b.Name), checkpoint.Compare(a.File, b.File))
}

// Read implements [scan.Source].
func (p *Pair) Read(ctx context.Context, t checkpoint.Tensor, buf *checkpoint.Buffer) (m scan.Matrix, err error) {
	if ctx == nil {
		return m, fmt.Errorf("%w: nil context", spectrum.ErrOption)
	}
	e := p.find(t)
	switch {
	case e == nil:
		err = checkpoint.ErrNoTensor
	case e.Skip != "":
		err = fmt.Errorf("%w: %s", checkpoint.ErrUnsupported, e.Skip)
	case e.problem != nil:
		err = e.problem
	default:
		m, err = p.subtract(ctx, e, buf)
	}
	if err != nil {
		return m, fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, err)
	}
	return m, nil
}
