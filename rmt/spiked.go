package rmt

import (
	"math"

	"github.com/gospectrum/spectrum/internal/law/mp"
	"github.com/gospectrum/spectrum/internal/law/tracywidom"
)

// SpikedModel is the model of a few strong directions in noise: W = Σ θᵢ·uᵢ·vᵢᵀ + X,
// where X is Rows×Cols with independent entries of mean zero and standard
// deviation Sigma, and the uᵢ, and the vᵢ, are orthonormal. It says what becomes
// of a strength θ in the singular values of W, and back, in the limit of large
// matrices.
//
// All strengths and singular values are in units of W. Where Rows, Cols or
// Sigma is not positive, Sigma is infinite, a strength is negative or an argument is
// NaN, every result is NaN, and nowhere else; one beyond the range of float64 is +Inf.
type SpikedModel struct {
	Rows, Cols int
	Sigma      float64
}

// NoiseEdge returns the edge of the noise: σ·(√n + √m) for [EdgeAsymptotic], the
// default, or at a level α
//
//	σ·√(μ + s·τ), μ = (√n' + √m')², τ = (√n' + √m')·(1/√n' + 1/√m')^{1/3}
//
// with s the upper α quantile of [TracyWidom]: Johnstone's (2001) centring and
// scaling with n' = n−½, m' = m−½, whose error is of second order (Ma 2012).
func (d SpikedModel) NoiseEdge(rule EdgeRule) float64 {
	if !d.valid() || rule.Check() != nil {
		return math.NaN()
	}
	if rule <= 0 {
		return d.Sigma * (math.Sqrt(float64(d.Rows)) + math.Sqrt(float64(d.Cols)))
	}
	return d.Sigma * math.Sqrt(tracywidom.Edge(d.Rows, d.Cols, tracywidom.UpperQuantile(float64(rule))))
}

// Detectable returns the smallest strength that shows in the singular values,
// σ·(n·m)^{1/4}; the singular value of a weaker one stays at the edge of the noise
// (Baik, Ben Arous & Péché 2005; Benaych-Georges & Nadakuditi 2012).
func (d SpikedModel) Detectable() float64 {
	if !d.valid() {
		return math.NaN()
	}
	return d.back(math.Sqrt(d.r()))
}

// Inflate returns the singular value that a strength theta has in noise:
// √((θ²+σ²n)·(θ²+σ²m))/θ, or the asymptotic edge if theta is not detectable
// (Benaych-Georges & Nadakuditi 2012, section 3.1).
func (d SpikedModel) Inflate(theta float64) float64 {
	if !d.valid() || math.IsNaN(theta) || theta < 0 {
		return math.NaN()
	}
	if theta <= d.Detectable() {
		return d.NoiseEdge(EdgeAsymptotic)
	}
	x, r := d.inUnits(theta), d.r()
	if x > noNoise {
		return theta
	}
	return d.back(math.Sqrt((x + 1/x) * (x + r*r/x)))
}

// Strength is the inverse of [SpikedModel.Inflate]: the strength of which s is
// the singular value in noise, or 0 if s does not exceed the asymptotic edge.
func (d SpikedModel) Strength(s float64) float64 {
	if !d.valid() || math.IsNaN(s) {
		return math.NaN()
	}
	if y := d.inUnits(s); y <= noNoise {
		return d.back(strength(y, d.r()))
	}
	return s
}

// noNoise is how many times the scale of the noise a value is beside which the noise
// does not show: it enters as the square of the quotient.
const noNoise = 0x1p60

// strength solves y² = (x+1/x)·(x+r²/x) for the larger x², 0 below the edge:
// x² = (b + √(b²−4r²))/2 with b = y²−1−r².
func strength(y, r float64) float64 {
	if y <= 1+r {
		return 0
	}
	b := y*y - 1 - r*r
	return math.Sqrt((b + math.Sqrt((b-2*r)*(b+2*r))) / 2)
}

// Overlap returns the cosines |⟨u, û⟩| and |⟨v, v̂⟩| between the directions of a
// strength theta and the left and right singular vectors of W; both are 0 if
// theta is not detectable (Benaych-Georges & Nadakuditi 2012, section 3.1;
// Gavish & Donoho 2017, equation 8).
func (d SpikedModel) Overlap(theta float64) (left, right float64) {
	if !d.valid() || math.IsNaN(theta) || theta < 0 {
		return math.NaN(), math.NaN()
	}
	short, long := overlap(d.inUnits(theta), d.r())
	if d.Rows <= d.Cols {
		return short, long
	}
	return long, short
}

// overlap returns the cosines of the vectors of length n and of length m.
func overlap(x, r float64) (short, long float64) {
	if x <= math.Sqrt(r) {
		return 0, 0
	}
	gain := 1 - r*r/(x*x*x*x)
	return math.Sqrt(gain / (1 + r*r/(x*x))), math.Sqrt(gain / (1 + 1/(x*x)))
}

// HardThreshold returns the threshold below which a singular value is best set
// to zero, if those above are kept as they are: λ(β)·σ·√m with
// λ² = 2(β+1) + 8β/(β+1+√(β²+14β+1)), optimal in squared error (Gavish & Donoho
// 2014, equation 11). It lies above the edge of the noise: a value so little
// above the edge that its vectors are mostly noise is not worth keeping.
// [MedianHardThreshold] needs no σ.
func (d SpikedModel) HardThreshold() float64 {
	if !d.valid() {
		return math.NaN()
	}
	r := d.r()
	b := r * r
	return d.back(math.Sqrt(2*(b+1) + 8*b/(b+1+math.Sqrt(b*b+14*b+1))))
}

// MedianHardThreshold returns the threshold of [SpikedModel.HardThreshold] for
// noise of unknown scale: ω(β) times the median singular value of the rows×cols
// matrix (Gavish & Donoho 2014, equation 4); ω(1) = 2.858. It is NaN where rows or
// cols is not positive.
func MedianHardThreshold(rows, cols int, median float64) float64 {
	unit := SpikedModel{Rows: rows, Cols: cols, Sigma: 1}
	if !unit.valid() {
		return math.NaN()
	}
	return unit.HardThreshold() / unit.back(mp.Median(unit.r())) * median
}

// Loss selects what a shrinker of singular values minimises: the norm of the
// difference between the signal and its estimate.
type Loss uint8

// The losses of [SpikedModel.Shrink].
const (
	LossFrobenius Loss = iota // squared error
	LossOperator              // largest singular value
	LossNuclear               // sum of singular values
)

// Shrink returns what the singular value s of W is best replaced by to
// estimate the signal, asymptotically: Gavish & Donoho (2017, section I-D) for the
// Frobenius and nuclear norms, Leeb (2022) for the operator norm, where Gavish &
// Donoho's [SpikedModel.Strength] is optimal for square matrices only. It is 0 at
// the edge of the noise and below. An unknown loss gives NaN.
func (d SpikedModel) Shrink(s float64, loss Loss) float64 {
	if !d.valid() || math.IsNaN(s) {
		return math.NaN()
	}
	y, r := d.inUnits(s), d.r()
	x := strength(y, r)
	switch {
	case loss > LossNuclear:
		return math.NaN()
	case y > noNoise:
		return s
	case x == 0:
		return 0
	case loss == LossOperator: // x times the smaller cosine over the larger
		return d.back(x * math.Sqrt((x*x+r*r)/(x*x+1)))
	case loss == LossFrobenius: // √((y²−β−1)²−4β)/y
		b := y*y - 1 - r*r
		return d.back(math.Sqrt((b-2*r)*(b+2*r)) / y)
	}
	return d.back(max(0, x*x*x*x-r*r-r*x*y) / (x * x * y))
}

func (d SpikedModel) valid() bool {
	return d.Rows > 0 && d.Cols > 0 && d.Sigma > 0 && !math.IsInf(d.Sigma, 1)
}

// r is √β, β = n/m.
func (d SpikedModel) r() float64 {
	return math.Sqrt(float64(min(d.Rows, d.Cols)) / float64(max(d.Rows, d.Cols)))
}

// unit is σ·√m, in whose multiples the formulas depend on β alone, as unit·2ᵉ: it may
// pass the range of float64 where a value in its multiples does not.
func (d SpikedModel) unit() (unit float64, e int) {
	sigma, e := math.Frexp(d.Sigma)
	return sigma * math.Sqrt(float64(max(d.Rows, d.Cols))), e
}

// inUnits returns s in multiples of the unit.
func (d SpikedModel) inUnits(s float64) float64 {
	unit, e := d.unit()
	return math.Ldexp(s, -e) / unit
}

// back returns a multiple of the unit in the units of W.
func (d SpikedModel) back(x float64) float64 {
	unit, e := d.unit()
	return math.Ldexp(unit*x, e)
}
