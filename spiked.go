package spectrum

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/law/mp"
	"github.com/gospectrum/spectrum/internal/law/tracywidom"
)

// Edge selects the edge of the noise, above which a singular value is signal.
// A number between 0 and 1 is the level α of the Tracy–Widom edge, which the
// largest singular value of pure Gaussian noise passes with probability α.
type Edge float64

const (
	// EdgeDefault is the choice of the noise scale: 0.01 for [NoiseKritchmanNadler] and
	// EdgeAsymptotic for all others.
	EdgeDefault Edge = 0
	// EdgeAsymptotic is σ·(√n + √m), to which the largest singular value of
	// noise converges (Geman 1980). Finite noise passes it now and then: with
	// probability 1 − F₁(0) = 0.168 in the limit.
	EdgeAsymptotic Edge = -1
)

// String returns the text used on the command line and in result files:
// "default", "asymptotic", or "tw:" and the level.
func (e Edge) String() string {
	switch e {
	case EdgeDefault:
		return "default"
	case EdgeAsymptotic:
		return "asymptotic"
	}
	return "tw:" + strconv.FormatFloat(float64(e), 'g', -1, 64)
}

// MarshalText returns the text, see [Edge.String].
func (e Edge) MarshalText() ([]byte, error) { return []byte(e.String()), e.check() }

// UnmarshalText sets e from its text. The error wraps [ErrOption].
func (e *Edge) UnmarshalText(text []byte) error {
	level, isLevel := strings.CutPrefix(string(text), "tw:")
	switch {
	case string(text) == "default":
		*e = EdgeDefault
		return nil
	case string(text) == "asymptotic":
		*e = EdgeAsymptotic
		return nil
	case isLevel:
		if v, err := strconv.ParseFloat(level, 64); err == nil && v > 0 && v < 1 {
			*e = Edge(v)
			return nil
		}
	}
	return fmt.Errorf("%w: edge %q; want asymptotic, or tw: and a level between 0 and 1, such as tw:0.01", ErrOption, text)
}

func (e Edge) check() error {
	if e == EdgeDefault || e == EdgeAsymptotic || e > 0 && e < 1 {
		return nil
	}
	return fmt.Errorf("%w: edge %v is not a level between 0 and 1", ErrOption, float64(e))
}

// SpikedModel is the model of a few strong directions in noise: W = Σ θᵢ·uᵢ·vᵢᵀ + X,
// where X is Rows×Cols with independent entries of mean zero and standard
// deviation Sigma, and the uᵢ, and the vᵢ, are orthonormal. It says what becomes
// of a strength θ in the singular values of W, and back, in the limit of large
// matrices.
//
// All strengths and singular values are in units of W. Where Rows, Cols or
// Sigma is not positive, every result is NaN.
type SpikedModel struct {
	Rows, Cols int
	Sigma      float64
}

// Edge returns the edge of the noise: σ·(√n + √m) for [EdgeAsymptotic], the
// default, or at a level α
//
//	σ·√(μ + s·τ), μ = (√n' + √m')², τ = (√n' + √m')·(1/√n' + 1/√m')^{1/3}
//
// with s the upper α quantile of [TracyWidom]: Johnstone's (2001) centring and
// scaling with n' = n−½, m' = m−½, whose error is of second order (Ma 2012).
func (d SpikedModel) Edge(e Edge) float64 {
	if !d.valid() || e.check() != nil {
		return math.NaN()
	}
	if e <= 0 {
		return d.Sigma * (math.Sqrt(float64(d.Rows)) + math.Sqrt(float64(d.Cols)))
	}
	return d.Sigma * math.Sqrt(tracyWidomEdge(d.Rows, d.Cols, tracywidom.UpperQuantile(float64(e))))
}

// tracyWidomEdge returns μ + s·τ of [SpikedModel.Edge], at least 0.
func tracyWidomEdge(rows, cols int, s float64) float64 {
	a, b := math.Sqrt(float64(rows)-0.5), math.Sqrt(float64(cols)-0.5)
	return max(0, (a+b)*(a+b)+s*(a+b)*math.Cbrt(1/a+1/b))
}

// Detectable returns the smallest strength that shows in the singular values,
// σ·(n·m)^{1/4}; the singular value of a weaker one stays at the edge of the noise
// (Baik, Ben Arous & Péché 2005; Benaych-Georges & Nadakuditi 2012).
func (d SpikedModel) Detectable() float64 {
	if !d.valid() {
		return math.NaN()
	}
	return d.unit() * math.Sqrt(d.r())
}

// Inflate returns the singular value that a strength theta has in noise:
// √((θ²+σ²n)·(θ²+σ²m))/θ, or the asymptotic edge if theta is not detectable
// (Benaych-Georges & Nadakuditi 2012, section 3.1).
func (d SpikedModel) Inflate(theta float64) float64 {
	if !d.valid() || math.IsNaN(theta) || theta < 0 {
		return math.NaN()
	}
	if theta <= d.Detectable() {
		return d.Edge(EdgeAsymptotic)
	}
	x, r := theta/d.unit(), d.r()
	return d.unit() * math.Sqrt((x+1/x)*(x+r*r/x))
}

// Strength is the inverse of [SpikedModel.Inflate]: the strength of which s is
// the singular value in noise, or 0 if s does not exceed the asymptotic edge.
func (d SpikedModel) Strength(s float64) float64 {
	if !d.valid() || math.IsNaN(s) {
		return math.NaN()
	}
	return d.unit() * strength(s/d.unit(), d.r())
}

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
	short, long := overlap(theta/d.unit(), d.r())
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
// Without a known σ use the estimate of [NoiseMedian], as their section III-E does.
func (d SpikedModel) HardThreshold() float64 {
	if !d.valid() {
		return math.NaN()
	}
	r := d.r()
	b := r * r
	return d.unit() * math.Sqrt(2*(b+1)+8*b/(b+1+math.Sqrt(b*b+14*b+1)))
}

// OptimalHardThreshold returns Gavish & Donoho's (2014, equation 4) threshold
// for unknown noise, ω(β) times the median singular value; ω(1) = 2.858. s
// holds all singular values of a rows×cols matrix in descending order. The error
// is that of [Analyzer.AnalyzeSpectrum].
func OptimalHardThreshold(s []float64, rows, cols int) (float64, error) {
	if err := checkSpectrum(s, rows, cols); err != nil {
		return 0, err
	}
	unit := SpikedModel{Rows: rows, Cols: cols, Sigma: 1}
	return unit.HardThreshold() / (unit.unit() * mp.Median(unit.r())) * quantile(s, 0.5), nil
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
	y, r := s/d.unit(), d.r()
	x := strength(y, r)
	switch {
	case loss > LossNuclear:
		return math.NaN()
	case x == 0:
		return 0
	case loss == LossOperator: // x times the smaller cosine over the larger
		return d.unit() * x * math.Sqrt((x*x+r*r)/(x*x+1))
	case loss == LossFrobenius: // √((y²−β−1)²−4β)/y
		b := y*y - 1 - r*r
		return d.unit() * math.Sqrt((b-2*r)*(b+2*r)) / y
	}
	return d.unit() * max(0, x*x*x*x-r*r-r*x*y) / (x * x * y)
}

func (d SpikedModel) valid() bool {
	return d.Rows > 0 && d.Cols > 0 && d.Sigma > 0 && !math.IsInf(d.Sigma, 1)
}

// r is √β, β = n/m.
func (d SpikedModel) r() float64 {
	return math.Sqrt(float64(min(d.Rows, d.Cols)) / float64(max(d.Rows, d.Cols)))
}

// unit is σ·√m: in its multiples the formulas depend on β alone.
func (d SpikedModel) unit() float64 {
	return d.Sigma * math.Sqrt(float64(max(d.Rows, d.Cols)))
}
