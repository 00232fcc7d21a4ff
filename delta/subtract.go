package delta

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
)

// rowsAtOnce is how many rows are subtracted between two looks at the context.
const rowsAtOnce = 64

// subtract reads both weights and makes their difference.
func (p *Pair) subtract(ctx context.Context, e *entry, buf *checkpoint.Buffer) (m scan.Matrix, err error) {
	var forTuned, forBase checkpoint.Buffer // given up when the difference is there
	tuned, err := p.tuned.Load(ctx, e.tuned, &forTuned)
	if err != nil {
		return m, err
	}
	base, err := p.base.Load(ctx, e.base, &forBase)
	if err != nil {
		return m, fmt.Errorf("of the base: %w", err)
	}
	if buf == nil {
		buf = new(checkpoint.Buffer)
	}
	rows, cols, _ := e.Dims()
	s := &sums{rounding: newRounding(rows, cols, e.base.DType, e.tuned.DType)}
	if m.Weights, err = difference(ctx, s, rows, cols, base, tuned, buf); err != nil {
		return m, err
	}
	m.Error = s.lost()
	m.SHA256 = digest(forBase.SHA256(), forTuned.SHA256())
	m.Change = &scan.Change{Remark: e.remark, RoundingEdge: s.rounding.edge()}
	if e.base.Name != e.Name {
		m.Change.Base = e.base.Name
	}
	m.Change.Relative, m.Change.Cosine = s.compared()
	return m, nil
}

// digest joins those of two weights.
func digest(base, tuned string) string {
	sum := sha256.Sum256([]byte(base + tuned))
	return hex.EncodeToString(sum[:])
}

// negligible is the part of the norm of a difference that float32 may round in all: it is beyond
// what a score shows, and in the bounds all the same.
const negligible = 0x1p-30

// difference returns tuned − base of the first rows, in float32 if every element is one, but for
// what is negligible.
func difference(ctx context.Context, s *sums, rows, cols int, base, tuned *spectrum.Weights, buf *checkpoint.Buffer) (*spectrum.Weights, error) {
	if base.DType() != spectrum.F64 && tuned.DType() != spectrum.F64 {
		w, good, err := single(ctx, s, rows, cols, base, tuned, buf)
		if good || err != nil {
			return w, err
		}
	}
	s.reset()
	d, err := buf.Float64(rows * cols)
	if err != nil {
		return nil, err
	}
	b := make([]float64, cols)
	s.scaleFor(base, tuned, rows, b)
	t := make([]float64, cols)
	for i := range rows {
		if i%rowsAtOnce == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		s.double(d[i*cols:][:cols], base.Row(b, i), tuned.Row(t, i), i)
	}
	return spectrum.NewWeights(rows, cols, d)
}

// single is difference in float32, and reports false where that rounds too much.
func single(ctx context.Context, s *sums, rows, cols int, base, tuned *spectrum.Weights, buf *checkpoint.Buffer) (w *spectrum.Weights, good bool, err error) {
	d, err := buf.Float32(rows * cols)
	if err != nil {
		return nil, false, err
	}
	b, t := make([]float32, cols), make([]float32, cols)
	for i := range rows {
		if i%rowsAtOnce == 0 && ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		base.RowFloat32(b, i)
		tuned.RowFloat32(t, i)
		s.single(d[i*cols:][:cols], b, t, i)
	}
	if !(s.error <= negligible*negligible*s.change) { // NaN too
		return nil, false, nil
	}
	w, err = spectrum.NewWeights(rows, cols, d)
	return w, true, err
}

// sums is what is summed over the elements of two weights and of their difference.
type sums struct {
	rounding *rounding
	exp      int     // of the power of two by which float64 is scaled, so that squares stay in range
	base     float64 // Σ of squares
	tuned    float64
	product  float64 // Σ of base times tuned
	change   float64 // Σ of squares of the difference
	error    float64 // Σ of squares of what the difference was rounded by
	most     float64 // largest magnitude of that
	elements int
}

// reset begins again.
func (s *sums) reset() {
	*s = sums{rounding: s.rounding}
	s.rounding.reset()
}

// single subtracts a row in float32 and sums what rounding that takes. The error of a difference
// is itself a float, which six operations give (Knuth, TAOCP 2, 4.2.2, theorem B); it is not a
// number where the difference overflows, or where one of the two weights is none.
func (s *sums) single(d, base, tuned []float32, row int) {
	base, tuned = base[:len(d)], tuned[:len(d)]
	var bb, tt, bt, dd float64
	for j, t := range tuned {
		b := base[j]
		x := t - b
		back := t - x
		e := (b - back) - (t - (x + back))
		if e != 0 { // NaN too
			wrong := math.Abs(float64(e))
			s.error += wrong * wrong
			s.most = max(s.most, wrong)
		}
		d[j] = x
		b64, t64, x64 := float64(b), float64(t), float64(x)
		bb += b64 * b64
		tt += t64 * t64
		bt += b64 * t64
		dd += x64 * x64
	}
	s.base, s.tuned, s.product, s.change = s.base+bb, s.tuned+tt, s.product+bt, s.change+dd
	s.elements += len(d)
	s.rounding.addSingle(base, tuned, row)
}

// scaleFor chooses the power of two for the sums of float64.
func (s *sums) scaleFor(base, tuned *spectrum.Weights, rows int, scratch []float64) {
	most := 0.
	for _, w := range []*spectrum.Weights{base, tuned} {
		for i := range rows {
			for _, v := range w.Row(scratch, i) {
				if v = math.Abs(v); v > most && v <= math.MaxFloat64 {
					most = v
				}
			}
		}
	}
	if most > 0 {
		s.exp = max(-1000, min(1000, -math.Ilogb(most)))
	}
}

// double subtracts a row in float64 and sums what rounding that takes.
func (s *sums) double(d, base, tuned []float64, row int) {
	scale := math.Ldexp(1, s.exp)
	for j, t := range tuned {
		b := base[j]
		x := t - b
		back := t - x
		e := (b - back) - (t - (x + back))
		d[j] = x
		if e != 0 { // NaN too: then x is no number either, which the analysis refuses
			e *= scale
			s.error += e * e
			s.most = max(s.most, math.Abs(e))
		}
		b, t, x = b*scale, t*scale, x*scale
		s.base += b * b
		s.tuned += t * t
		s.product += b * t
		s.change += x * x
	}
	s.elements += len(d)
	s.rounding.addDouble(base, tuned, row)
}

// lost bounds the Frobenius norm of what the difference was rounded by. The sum of n squares is
// itself rounded n times at most; those that underflow are covered by the largest.
func (s *sums) lost() float64 {
	if s.most == 0 || math.IsNaN(s.error) {
		return 0
	}
	n := float64(s.elements)
	up := math.Sqrt(s.error*(1+n*0x1p-52)) + math.Sqrt(n)*0x1p-530
	return math.Ldexp(up*(1+0x1p-50), -s.exp) + 0x1p-1074
}

// compared returns the norm of the change over that of the base, and the cosine of the angle
// between the two weights, nil where it is not defined.
func (s *sums) compared() (relative, cosine *float64) {
	r := math.Sqrt(s.change) / math.Sqrt(s.base)
	if s.change == 0 {
		r = 0
	}
	if s.base > 0 && s.tuned > 0 {
		c := max(-1, min(1, s.product/(math.Sqrt(s.base)*math.Sqrt(s.tuned))))
		cosine = &c
	}
	return &r, cosine
}
