package rmt

import (
	"math"
	"math/cmplx"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"

	"github.com/gospectrum/spectrum/internal/law/mp"
)

// MarchenkoPastur is the limit law of the eigenvalues of X·Xᵀ/m, where X is
// n×m with independent entries of mean zero and standard deviation Sigma, as n
// and m grow with n/m → Aspect (Marchenko & Pastur 1967). With Aspect > 1 the
// matrix is rank-deficient and the law has an atom of 1 − 1/Aspect at zero.
// [MarchenkoPasturSV] is the law of the square roots.
//
// The methods are those of the distributions in gonum's stat/distuv, except
// that nothing panics: where Aspect or Sigma is not positive and finite, a
// probability outside [0, 1] or another argument NaN, the result is NaN, and
// nowhere else. What passes the range of float64 is 0 or infinite.
type MarchenkoPastur struct {
	Aspect float64 // n/m
	Sigma  float64 // standard deviation of the entries of X

	Src rand.Source // for Rand; nil uses the shared source of math/rand/v2
}

// Support returns the ends of the continuous part: Sigma²·(1∓√Aspect)².
func (d MarchenkoPastur) Support() (lower, upper float64) {
	if !d.valid() {
		return math.NaN(), math.NaN()
	}
	r := math.Sqrt(d.Aspect)
	lower, upper = d.Sigma*(1-r), d.Sigma*(1+r)
	return lower * lower, upper * upper
}

// Prob returns the density at x of the continuous part,
// √((x₊−x)(x−x₋))/(2π·Aspect·Sigma²·x), which integrates to min(1, 1/Aspect).
// With Aspect 1 it is +Inf at zero.
func (d MarchenkoPastur) Prob(x float64) float64 {
	if !d.valid() || math.IsNaN(x) {
		return math.NaN()
	}
	d, e := d.unit()
	x = math.Ldexp(x, -2*e)
	lower, upper := d.Support()
	switch {
	case x == 0 && lower == 0:
		return math.Inf(1)
	case x <= lower || x >= upper:
		return 0
	}
	density := math.Sqrt(upper-x) * math.Sqrt(x-lower) / x / d.Aspect / (2 * math.Pi * d.Sigma * d.Sigma)
	return math.Ldexp(density, -2*e)
}

// LogProb returns the logarithm of [MarchenkoPastur.Prob].
func (d MarchenkoPastur) LogProb(x float64) float64 { return math.Log(d.Prob(x)) }

// CDF returns the probability of an eigenvalue at most x, in closed form.
func (d MarchenkoPastur) CDF(x float64) float64 { return d.cdf(root(x)) }

// Survival returns the probability of an eigenvalue above x, accurate also
// where it is small.
func (d MarchenkoPastur) Survival(x float64) float64 { return d.survival(root(x)) }

// Quantile returns the smallest x with CDF(x) ≥ p.
func (d MarchenkoPastur) Quantile(p float64) float64 {
	y := d.quantile(p)
	return y * y
}

// Median returns the x with CDF(x) = ½, 0 with Aspect > 2.
func (d MarchenkoPastur) Median() float64 { return d.Quantile(0.5) }

// Mean returns Sigma².
func (d MarchenkoPastur) Mean() float64 { return d.Moment(1) }

// Variance returns Sigma⁴·Aspect.
func (d MarchenkoPastur) Variance() float64 {
	mean := d.Mean()
	return mean * mean * d.Aspect
}

// StdDev returns the square root of the variance.
func (d MarchenkoPastur) StdDev() float64 { return d.Mean() * math.Sqrt(d.Aspect) }

// Skewness returns √Aspect.
func (d MarchenkoPastur) Skewness() float64 {
	if !d.valid() {
		return math.NaN()
	}
	return math.Sqrt(d.Aspect)
}

// ExKurtosis returns the excess kurtosis, Aspect − 1.
func (d MarchenkoPastur) ExKurtosis() float64 {
	if !d.valid() {
		return math.NaN()
	}
	return d.Aspect - 1
}

// Rand returns a random eigenvalue, by inversion of the CDF.
func (d MarchenkoPastur) Rand() float64 { return d.Quantile(uniform(d.Src)) }

// Stieltjes returns the Stieltjes transform ∫ dμ(x)/(x−z) of the law μ, the
// solution of Aspect·Sigma²·z·g² + (z − Sigma²·(1−Aspect))·g + 1 = 0 that
// vanishes at infinity. On the real axis inside the support it is the limit
// from above: its imaginary part is π times the density.
func (d MarchenkoPastur) Stieltjes(z complex128) complex128 {
	if !d.valid() || cmplx.IsNaN(z) {
		return cmplx.NaN()
	}
	law, e := d.unit()
	near := shifted(z, -2*e)
	if cmplx.Abs(near) > noNoise*noNoise {
		return -1 / z // so far off, the law is a point
	}
	g := shifted(law.stieltjes(near), -2*e)
	if cmplx.IsInf(g) {
		return cmplx.Inf()
	}
	return g
}

// stieltjes is the transform of a law that unit made.
func (d MarchenkoPastur) stieltjes(z complex128) complex128 {
	lower, upper := d.Support()
	v := d.Sigma * d.Sigma
	// A product of two principal roots has its cut between the ends.
	root := cmplx.Sqrt(z-complex(lower, 0)) * cmplx.Sqrt(z-complex(upper, 0))
	a := complex(v*(1-d.Aspect), 0) - z
	// (a+root)·(a−root) = 4·Aspect·Sigma²·z: take the factor that does not cancel.
	if cmplx.Abs(a-root) >= cmplx.Abs(a+root) {
		return 2 / (a - root)
	}
	return (a + root) / complex(2*(d.Aspect*v), 0) / z
}

// shifted returns 2ᵉ·z.
func shifted(z complex128, e int) complex128 {
	return complex(math.Ldexp(real(z), e), math.Ldexp(imag(z), e))
}

// MarchenkoPasturSV is the limit law of the singular values of X/√m, for X as in
// [MarchenkoPastur]: of the square roots of its eigenvalues. With Aspect 1 it is
// Wigner's quarter-circle law on [0, 2·Sigma]. The two types convert into each
// other: MarchenkoPasturSV(law).
type MarchenkoPasturSV MarchenkoPastur

// Support returns the ends of the continuous part: Sigma·|1∓√Aspect|.
func (d MarchenkoPasturSV) Support() (lower, upper float64) {
	if !d.law().valid() {
		return math.NaN(), math.NaN()
	}
	r := math.Sqrt(d.Aspect)
	return d.Sigma * math.Abs(1-r), d.Sigma * (1 + r)
}

// Prob returns the density at y of the continuous part, 2y times that of the
// eigenvalue y².
func (d MarchenkoPasturSV) Prob(y float64) float64 { return math.Exp(d.LogProb(y)) }

// LogProb returns the logarithm of [MarchenkoPasturSV.Prob].
func (d MarchenkoPasturSV) LogProb(y float64) float64 {
	if !d.law().valid() || math.IsNaN(y) {
		return math.NaN()
	}
	law, e := d.law().unit()
	scale := law.scale()
	log := mp.LogProbSV(math.Ldexp(y, -e)/scale, law.r())
	return log - math.Log(scale) - float64(e)*math.Ln2 - math.Log(max(1, d.Aspect))
}

// CDF returns the probability of a singular value at most y, in closed form.
func (d MarchenkoPasturSV) CDF(y float64) float64 { return d.law().cdf(y) }

// Survival returns the probability of a singular value above y, accurate also
// where it is small.
func (d MarchenkoPasturSV) Survival(y float64) float64 { return d.law().survival(y) }

// Quantile returns the smallest y with CDF(y) ≥ p.
func (d MarchenkoPasturSV) Quantile(p float64) float64 { return d.law().quantile(p) }

// Median returns the y with CDF(y) = ½, 0 with Aspect > 2.
func (d MarchenkoPasturSV) Median() float64 { return d.Quantile(0.5) }

// Mean returns Sigma·₂F₁(−½, ½; 2; Aspect) for Aspect ≤ 1, in terms of complete
// elliptic integrals.
func (d MarchenkoPasturSV) Mean() float64 {
	if !d.law().valid() {
		return math.NaN()
	}
	return d.Sigma * (1 - d.law().defect()) / math.Sqrt(max(1, d.Aspect))
}

// Variance returns the mean of the squares less the square of the mean.
func (d MarchenkoPasturSV) Variance() float64 {
	v, e := d.variance()
	return math.Ldexp(v, 2*e)
}

// StdDev returns the square root of the variance.
func (d MarchenkoPasturSV) StdDev() float64 {
	v, e := d.variance()
	return math.Ldexp(math.Sqrt(v), e)
}

// variance returns that of the law whose Sigma is 2ᵉ times less.
func (d MarchenkoPasturSV) variance() (v float64, e int) {
	if !d.law().valid() {
		return math.NaN(), 0
	}
	law, e := d.law().unit()
	if d.Aspect <= 1 { // 1 − (1−δ)² without cancellation
		v := law.defect()
		return law.Sigma * law.Sigma * v * (2 - v), e
	}
	mean := MarchenkoPasturSV(law).Mean()
	return law.Sigma*law.Sigma - mean*mean, e
}

// Rand returns a random singular value, by inversion of the CDF.
func (d MarchenkoPasturSV) Rand() float64 { return d.Quantile(uniform(d.Src)) }

func (d MarchenkoPasturSV) law() MarchenkoPastur { return MarchenkoPastur(d) }

func (d MarchenkoPastur) valid() bool {
	return d.Aspect > 0 && d.Sigma > 0 && !math.IsInf(d.Aspect, 1) && !math.IsInf(d.Sigma, 1)
}

// unit returns the law divided by 2ᵉ so that its scale is in [½, 1): nothing then
// passes the range of float64 on the way to a result, and no bit of one changes.
func (d MarchenkoPastur) unit() (law MarchenkoPastur, e int) {
	sigma, e := math.Frexp(d.Sigma)
	d.Sigma = sigma
	_, more := math.Frexp(d.scale())
	d.Sigma = math.Ldexp(sigma, -more)
	return d, e + more
}

// r is the root of the aspect ratio of the non-zero eigenvalues, at most 1:
// X·Xᵀ and Xᵀ·X share them.
func (d MarchenkoPastur) r() float64 { return math.Sqrt(min(d.Aspect, 1/d.Aspect)) }

// scale is the standard deviation of the law of aspect r² ≤ 1 that describes
// the non-zero singular values.
func (d MarchenkoPastur) scale() float64 { return d.Sigma * math.Sqrt(max(1, d.Aspect)) }

// atom is the probability of zero.
func (d MarchenkoPastur) atom() float64 { return max(0, 1-1/d.Aspect) }

// cdf is the distribution function of singular values.
func (d MarchenkoPastur) cdf(y float64) float64 {
	if !d.valid() || math.IsNaN(y) {
		return math.NaN()
	}
	if y < 0 {
		return 0
	}
	return d.atom() + (1-d.atom())*mp.CDF(d.angle(y), d.r())
}

// survival is 1 − cdf.
func (d MarchenkoPastur) survival(y float64) float64 {
	if !d.valid() || math.IsNaN(y) {
		return math.NaN()
	}
	if y < 0 {
		return 1
	}
	return (1 - d.atom()) * mp.Survival(d.angle(y), d.r())
}

// angle is that of a singular value.
func (d MarchenkoPastur) angle(y float64) float64 {
	d, e := d.unit()
	return mp.Angle(math.Ldexp(y, -e)/d.scale(), d.r())
}

// quantile is the quantile of singular values.
func (d MarchenkoPastur) quantile(p float64) float64 {
	if !d.valid() || !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	atom := d.atom()
	if p <= atom && atom > 0 {
		return 0
	}
	d, e := d.unit()
	return math.Ldexp(d.scale()*mp.QuantileSV((p-atom)/(1-atom), d.r()), e)
}

// defect is 1 − ₂F₁(−½, ½; 2; β) with β = min(Aspect, 1/Aspect) ≤ 1: how far the
// mean singular value lies below the root of the mean eigenvalue. The closed
// form is (4/3πβ)·((1+β)·E(β) − (1−β)·K(β)).
func (d MarchenkoPastur) defect() float64 {
	beta := min(d.Aspect, 1/d.Aspect)
	switch {
	case beta == 1:
		return 1 - 8/(3*math.Pi)
	case beta > 0.5:
		return 1 - 4/(3*math.Pi*beta)*((1+beta)*mathext.CompleteE(beta)-(1-beta)*mathext.CompleteK(beta))
	}
	var sum float64
	term := 1.0
	for k := range 60 {
		j := float64(k)
		term *= (j - 0.5) * (j + 0.5) / ((j + 2) * (j + 1)) * beta
		sum -= term
	}
	return sum
}

// root returns √x, and a negative number for one.
func root(x float64) float64 {
	if x < 0 {
		return -1
	}
	return math.Sqrt(x)
}

func uniform(src rand.Source) float64 {
	if src == nil {
		return rand.Float64()
	}
	return rand.New(src).Float64()
}
