package noise

import (
	"math"

	"github.com/gospectrum/spectrum/internal/law/mp"
)

// Quantile returns the p-quantile of the descending values s by linear
// interpolation at p·(n−1) from the small end: definition 7 of Hyndman & Fan
// 1996, NumPy's "linear", with NumPy's order of operations.
func Quantile(s []float64, p float64) float64 {
	last := len(s) - 1
	pos := p * float64(last)
	k := int(pos)
	if k >= last {
		return s[0]
	}
	low, high, frac := s[last-k], s[last-k-1], pos-float64(k)
	if frac >= 0.5 {
		return high - (high-low)*(1-frac)
	}
	return low + (high-low)*frac
}

// interquartile is the paper's scale: the interquartile range of the singular
// values over that of the normal distribution, 1.349, and t = σ·(1+√β).
func interquartile(s Sample, _ float64) Estimate {
	return s.ofRange(1/1.349, 1+s.rootAspect())
}

// calibrated divides the interquartile range by that of the Marchenko–Pastur law.
func calibrated(s Sample, level float64) Estimate {
	r, lo, hi := s.rootAspect(), 0.25, 0.75
	if level > 0 {
		lo, hi = finiteLevel(lo, float64(s.Small), r), finiteLevel(hi, float64(s.Small), r)
	}
	scale := 1 / (math.Sqrt(float64(s.Large)) * (mp.QuantileSV(hi, r) - mp.QuantileSV(lo, r)))
	return s.ofRange(scale, edgeAt(level)(s.Small, s.Large))
}

// ofRange takes scale times the interquartile range for σ.
func (s Sample) ofRange(scale, edge float64) Estimate {
	e := Estimate{Sigma: scale * (Quantile(s.Values, 0.75) - Quantile(s.Values, 0.25))}
	e.Threshold = edge * e.Sigma
	if s.Errors != nil {
		e.Error = scale * edge * (Quantile(s.Errors, 0.75) + Quantile(s.Errors, 0.25))
	}
	return e
}

// median divides the median by that of the Marchenko–Pastur law.
func median(s Sample, level float64) Estimate {
	scale := 1 / (math.Sqrt(float64(s.Large)) * mp.Median(s.rootAspect()))
	edge := edgeAt(level)(s.Small, s.Large)
	e := Estimate{Sigma: scale * Quantile(s.Values, 0.5)}
	e.Threshold = edge * e.Sigma
	e.Error = e.Threshold * 0x1p-48
	if s.Errors != nil {
		e.Error += scale * edge * Quantile(s.Errors, 0.5)
	}
	return e
}

// rootAspect is √β.
func (s Sample) rootAspect() float64 { return math.Sqrt(float64(s.Small) / float64(s.Large)) }

// finiteLevel returns the level of the limit law at which the sample p-quantile
// of n values lies on average. The i-th value is near the level (i−½)/n of its own
// law, and the law of n values of a real matrix has the distribution function
// F(φ) + (¼ − φ/2π)/n (Johnstone & Forrester's 1/n term; Forrester, Frankel &
// Garoni 2006).
func finiteLevel(p, n, r float64) float64 {
	return (p*(n-1) + 0.5 - 0.25 + mp.Quantile(p, r)/(2*math.Pi)) / n
}
