// Package tracywidom evaluates the Tracy–Widom distribution of β = 1, the limit
// law of the largest eigenvalue of real symmetric and real Wishart matrices
// (Tracy & Widom 1996; Johnstone 2001). Its table is made and checked by make.py.
package tracywidom

import (
	"math"

	"github.com/gospectrum/spectrum/internal/law/bisect"
)

// piece is a Chebyshev expansion on [lo, hi].
type piece struct {
	lo, hi float64
	c      [20]float64
}

// at sums the expansion by Clenshaw's recurrence.
func (p *piece) at(s float64) float64 {
	t := (2*s - p.lo - p.hi) / (p.hi - p.lo)
	var b1, b2 float64
	for j := len(p.c) - 1; j > 0; j-- {
		b1, b2 = 2*t*b1-b2+p.c[j], b1
	}
	return t*b1 - b2 + p.c[0]
}

// middle is where the table changes from log F₁ to log(1 − F₁).
const middle = -0.5

// tabulated returns the value of the table at s, which it first moves into
// the range of the table.
func tabulated(pieces []piece, s float64) float64 {
	s = max(s, pieces[0].lo)
	for i := range pieces {
		if s <= pieces[i].hi {
			return pieces[i].at(s)
		}
	}
	last := &pieces[len(pieces)-1]
	return last.at(min(s, last.hi)) // NaN for NaN
}

// logCDF returns log F₁(s) for s ≤ middle. Left of the table it follows
// −|s|³/24 − |s|^{3/2}/(3√2) − log|s|/16 (Baik, Buckingham & DiFranco 2008).
func logCDF(s float64) float64 {
	pieces := lower()
	shape := func(s float64) float64 {
		return s*s*s/24 - math.Pow(-s, 1.5)/(3*math.Sqrt2) - math.Log(-s)/16
	}
	v := tabulated(pieces, s)
	if end := pieces[0].lo; s < end {
		v += shape(s) - shape(end)
	}
	return v
}

// logSurvival returns log(1 − F₁(s)) for s ≥ middle. Right of the table it
// follows −(2/3)·s^{3/2} − ¾·log s, from ½∫Ai.
func logSurvival(s float64) float64 {
	pieces := upper()
	shape := func(s float64) float64 { return -2./3*s*math.Sqrt(s) - 0.75*math.Log(s) }
	v := tabulated(pieces, s)
	if end := pieces[len(pieces)-1].hi; s > end {
		v += shape(s) - shape(end)
	}
	return v
}

// CDF returns F₁(s).
func CDF(s float64) float64 {
	if s < middle {
		return math.Exp(logCDF(s))
	}
	return -math.Expm1(logSurvival(s)) // NaN for NaN
}

// Survival returns 1 − F₁(s), accurate where it is small.
func Survival(s float64) float64 {
	if s < middle {
		return -math.Expm1(logCDF(s))
	}
	return math.Exp(logSurvival(s))
}

// Quantile returns the s with F₁(s) = p, ±Inf for p = 0 and 1, and NaN outside
// [0, 1].
func Quantile(p float64) float64 {
	switch {
	case !(p >= 0 && p <= 1):
		return math.NaN()
	case p == 0:
		return math.Inf(-1)
	case p < CDF(middle):
		want := math.Log(p)
		return bisect.End(-60, middle, func(s float64) bool { return logCDF(s) < want })
	}
	return UpperQuantile(1 - p)
}

// UpperQuantile returns the s with 1 − F₁(s) = alpha: the critical value of a
// test of level alpha.
func UpperQuantile(alpha float64) float64 {
	switch {
	case !(alpha >= 0 && alpha <= 1):
		return math.NaN()
	case alpha == 0:
		return math.Inf(1)
	case alpha > Survival(middle):
		return Quantile(1 - alpha)
	}
	want := math.Log(alpha)
	return bisect.End(middle, 200, func(s float64) bool { return logSurvival(s) > want })
}
