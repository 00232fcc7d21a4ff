package checkpoint

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
)

// lengths are the other half of a weight that is stored as directions, the tensor
// that has them, and lengths. The weight is each direction times its length over its
// norm (Salimans & Kingma 2016, equation 2).
type lengths struct {
	stored
	axis int // of the weight, along which there is a direction for each index; -1 for one in all
}

const (
	lengthsReason      = "lengths of other weights, into which they are multiplied"
	parametrizedReason = "parametrized: the model computes the weight from it, which is not done here"
)

// parametrized says why t, which a module keeps in place of a weight, is not read. The
// directions and lengths of weight normalisation are: directions stand for the
// weight, and lengths are marked as theirs.
func (l *lister) parametrized(t *stored) string {
	if name, ok := names.Lengths(t.name); ok {
		if g := l.get(name); g != nil {
			if _, fits := lengthsAxis(t, g); !fits {
				return fmt.Sprintf("its lengths %s are %s of shape %d, which do not fit %s of shape %d", g.name, g.dtype, g.shape, t.dtype, t.shape)
			}
			l.consumed[g.name] = lengthsReason
			return ""
		}
	}
	if name, ok := names.Directions(t.name); ok && l.get(name) != nil {
		if _, fits := lengthsAxis(l.get(name), t); !fits {
			return "lengths of " + name + ", which they do not fit"
		}
		return ""
	}
	if _, _, _, ok := names.Parametrized(t.name); ok {
		return parametrizedReason
	}
	return l.reparametrized(t)
}

// reparametrized knows what torch.nn.utils.spectral_norm and prune keep in place of a
// weight: weight_orig, and what it is divided by or masked with.
func (l *lister) reparametrized(t *stored) string {
	has := func(last string) bool { return l.get(names.Sibling(t.name, last)) != nil }
	_, last := cutLast(t.name)
	switch last {
	case "weight_orig", "weight_mask", "weight_u", "weight_v":
	default:
		return ""
	}
	switch {
	case !has("weight_orig"):
	case last == "weight_orig" && (has("weight_u") || has("weight_mask")), last == "weight_mask":
		return parametrizedReason
	case has("weight_u") && (last == "weight_u" || last == "weight_v"):
		return "singular vectors of another weight"
	}
	return ""
}

// lengthsAxis finds the axis of v that g has a length for each index of: g has as many
// there, and one along all others. One length for all has no axis.
func lengthsAxis(v, g *stored) (axis int, ok bool) {
	if !plainFloat(v) || !plainFloat(g) || g.skip != "" || len(v.shape) == 0 {
		return 0, false
	}
	if len(g.shape) == 0 {
		return -1, true
	}
	if len(g.shape) != len(v.shape) {
		return 0, false
	}
	axis = -1
	for i, n := range g.shape {
		switch {
		case n == 1:
		case n != v.shape[i] || axis >= 0:
			return 0, false
		default:
			axis = i
		}
	}
	return axis, axis >= 0 || slices.Contains(v.shape, 1)
}

// plainFloat reports whether the elements are numbers as they stand.
func plainFloat(s *stored) bool {
	return !s.ggml.Quantised() && spectrum.DType(s.dtype).Size() > 0
}

// norm makes e, where it is the directions of a weight, the weight.
func (l *lister) norm(e *entry) {
	name, ok := names.Lengths(e.name)
	if !ok || e.Skip != "" {
		return
	}
	g := l.get(name)
	if g == nil {
		return
	}
	axis, _ := lengthsAxis(&e.stored, g)
	e.lengths = &lengths{*g, axis}
	if e.out != spectrum.F64 {
		e.out = spectrum.F32
	}
}

// multiply puts the weight in place of its directions raw, at the start of buf.
func (e *entry) multiply(ctx context.Context, buf *Buffer, raw []byte, n int) error {
	g, err := e.lengths.values(ctx)
	if err != nil {
		return fmt.Errorf("its lengths %q in %s: %w", e.lengths.name, e.lengths.shard.name, err)
	}
	if width := spectrum.DType(e.dtype).Size(); e.bigEndian != bigEndian() {
		swap(raw, width)
	}
	outer, count, inner := 1, 1, n
	if axis := e.lengths.axis; axis >= 0 {
		count = len(g)
		for _, d := range e.stored.shape[:axis] {
			outer *= int(d)
		}
		inner = n / count / outer
	}
	if e.out == spectrum.F64 {
		scaleDirections(view[float64](buf, n), g, outer, count, inner)
		return nil
	}
	w := view[float32](buf, n)
	for i := range w { // raw is at the end of buf and never shorter
		w[i] = float32(native(raw, i, spectrum.DType(e.dtype)))
	}
	scaleDirections(w, g, outer, count, inner)
	return nil
}

// scaleDirections gives the directions in w, of which there are as many as lengths g,
// those lengths. An element's direction is its second index of outer×count×inner.
func scaleDirections[T float32 | float64](w []T, g []float64, outer, count, inner int) {
	for k := range count {
		largest, sum := 0.0, 0.0
		each := func(do func(v *T)) {
			for o := range outer {
				for i := range inner {
					do(&w[(o*count+k)*inner+i])
				}
			}
		}
		each(func(v *T) { largest = max(largest, math.Abs(float64(*v))) })
		each(func(v *T) { x := float64(*v) / largest; sum += x * x })
		factor := g[k] / math.Sqrt(sum)
		each(func(v *T) { *v = T(float64(*v) / largest * factor) }) // 0/0 where there is no direction, as in torch
	}
}

// values reads the lengths.
func (r *lengths) values(ctx context.Context) ([]float64, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	b := make([]byte, r.packedSize())
	if err := r.stored.read(ctx, b); err != nil {
		return nil, err
	}
	dtype := spectrum.DType(r.dtype)
	if r.bigEndian != bigEndian() {
		swap(b, dtype.Size())
	}
	g := make([]float64, len(b)/dtype.Size())
	for i := range g {
		g[i] = native(b, i, dtype)
	}
	return g, nil
}
