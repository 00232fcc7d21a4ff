package delta

import (
	"math"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/rmt"
)

// level is the probability with which rounding alone passes the edge.
const level = 0.01

// rounding sums the variances of rounding errors over rows and columns. A nil rounding is that
// of weights whose rounding is not known.
type rounding struct {
	cols        []float64
	row         float64 // the largest sum over a row
	rows        int
	base, tuned format

	baseTable, tunedTable *[256]float64
}

// format says how far the neighbours of a number are apart in a type.
type format struct {
	precision int // bits, the hidden one included
	least     int // exponent of the least normal number
}

// formats are those of the types whose values tell the unit.
func formatOf(dtype string) (f format, known bool) {
	switch spectrum.DType(dtype) {
	case spectrum.BF16:
		return format{8, -126}, true
	case spectrum.F16:
		return format{11, -14}, true
	case spectrum.F32:
		return format{24, -126}, true
	case spectrum.F64:
		return format{53, -1022}, true
	}
	return f, false
}

// newRounding returns nil if the rounding of either type is not known.
func newRounding(rows, cols int, base, tuned string) *rounding {
	b, okBase := formatOf(base)
	t, okTuned := formatOf(tuned)
	if !okBase || !okTuned {
		return nil
	}
	return &rounding{cols: make([]float64, cols), rows: rows, base: b, tuned: t, baseTable: b.table(), tunedTable: t.table()}
}

func (r *rounding) reset() {
	if r != nil {
		clear(r.cols)
		r.row = 0
	}
}

// variance is that of the rounding error of a number of a binary exponent: u²/12.
func (f format) variance(exponent int) float64 {
	return math.Ldexp(1./12, 2*(max(exponent, f.least)+1-f.precision))
}

// table has the variance for each exponent of a float32.
func (f format) table() *[256]float64 {
	var t [256]float64
	for e := range t {
		t[e] = f.variance(max(e, 1) - 127)
	}
	return &t
}

// addSingle adds a row.
func (r *rounding) addSingle(base, tuned []float32, _ int) {
	if r == nil {
		return
	}
	tb, tt := r.baseTable, r.tunedTable
	cols := r.cols[:len(tuned)]
	sum := 0.
	for j, t := range tuned {
		v := max(tb[math.Float32bits(base[j])>>23&0xff], tt[math.Float32bits(t)>>23&0xff])
		cols[j] += v
		sum += v
	}
	r.row = max(r.row, sum)
}

// addDouble adds a row.
func (r *rounding) addDouble(base, tuned []float64, _ int) {
	if r == nil {
		return
	}
	sum := 0.
	for j, t := range tuned {
		v := max(r.base.variance(exponent(base[j])), r.tuned.variance(exponent(t)))
		r.cols[j] += v
		sum += v
	}
	r.row = max(r.row, sum)
}

// exponent is ⌊log₂|x|⌋, the least there is for zero.
func exponent(x float64) int {
	if x == 0 {
		return -1074
	}
	return math.Ilogb(x)
}

// edge returns the singular value that rounding alone passes with the probability of level, see
// the documentation of the package; nil where it is not known.
func (r *rounding) edge() *float64 {
	if r == nil || r.rows == 0 || len(r.cols) == 0 {
		return nil
	}
	most := 0.
	for _, v := range r.cols {
		most = max(most, v)
	}
	shape := func(rule rmt.EdgeRule) float64 {
		return rmt.SpikedModel{Rows: r.rows, Cols: len(r.cols), Sigma: 1}.NoiseEdge(rule)
	}
	e := (math.Sqrt(r.row) + math.Sqrt(most)) * shape(level) / shape(rmt.EdgeAsymptotic)
	if !(e <= math.MaxFloat64) {
		return nil
	}
	return &e
}
