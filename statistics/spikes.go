package statistics

import (
	"fmt"
	"math"

	"github.com/gospectrum/spectrum/internal/noise"
	"github.com/gospectrum/spectrum/rmt"
)

// Noise is what stands out of the noise of a matrix, and what lies below it, with the
// estimate of the noise and the edge by Kritchman & Nadler (2009) at the level 0.01,
// whatever else the spectrum was scored by.
type Noise struct {
	Spikes Count   // values above the edge
	Sigma  float64 // standard deviation of the entries of the noise
	Edge   float64 // above which noise has a value with probability 0.01
	// Strengths are those of the spikes, largest first: what the singular values would be
	// without the noise, which inflates them (Benaych-Georges & Nadakuditi 2012).
	Strengths []float64
	// Strength is that of the largest spike, NaN without any.
	Strength Estimate
	// Below is the share of all values below the lower edge of the Marchenko–Pastur law,
	// σ·(√(m−k) − √(n−k)) for k spikes: lost directions, which noise does not have. It
	// is NaN where σ is 0. A square matrix has no lower edge, and nothing below it.
	Below Estimate
}

// Noise tests the spectrum for spikes.
func (s *Spectrum) Noise() Noise {
	if s.zero() {
		return Noise{Spikes: Count{High: s.possible()}, Strength: undefined(), Below: undefined()}
	}
	small, large := min(s.rows, s.cols), max(s.rows, s.cols)
	kn := scaleOf("kn")
	sample := noise.Sample{Values: s.values, Errors: s.errs, Small: small, Large: large}
	_, exponent := math.Frexp(s.values[0])
	if exponent > 900 || exponent < -900 { // sums stay in the range of float64
		sample = sample.Scaled(-exponent)
	} else {
		exponent = 0
	}
	est := kn.Estimate(sample, kn.Level)
	if s.errs == nil {
		est.Error = 0
	}
	for _, v := range []*float64{&est.Sigma, &est.Threshold, &est.Error} {
		*v = math.Ldexp(*v, exponent)
	}
	relative := 0.
	if est.Error > 0 {
		relative = est.Error / est.Threshold // +Inf where σ may be anything
	}
	n := Noise{Sigma: est.Sigma, Edge: est.Threshold, Strength: undefined(), Below: undefined()}
	n.Spikes = s.above(est.Threshold-est.Error, est.Threshold, est.Threshold+est.Error)
	s.strengths(&n, relative)
	if k := n.Spikes.Value; n.Sigma > 0 && k < len(s.values) {
		edge := n.Sigma * (math.Sqrt(float64(large-k)) - math.Sqrt(float64(small-k)))
		n.Below = s.below(edge, relative, n.Spikes)
	}
	return n
}

func scaleOf(name string) (found noise.Scale) {
	for _, scale := range noise.Scales() {
		if scale.Name == name {
			found = scale
		}
	}
	return found
}

// strengths enters those of the spikes, σ being certain up to a relative error.
func (s *Spectrum) strengths(n *Noise, relative float64) {
	n.Strengths = make([]float64, n.Spikes.Value)
	strength := func(v, sigma float64) float64 {
		if sigma == 0 {
			return v
		}
		return rmt.SpikedModel{Rows: s.rows, Cols: s.cols, Sigma: sigma}.Strength(v)
	}
	for i := range n.Strengths {
		n.Strengths[i] = strength(s.values[i], n.Sigma)
	}
	if len(n.Strengths) == 0 {
		return
	}
	n.Strength = Estimate{n.Strengths[0], math.Inf(1)}
	if e := s.err(0); relative < 1 && e < s.values[0] {
		n.Strength = between(strength(s.values[0]-e, n.Sigma*(1+relative)), n.Strengths[0], strength(s.values[0]+e, n.Sigma*(1-relative)))
		n.Strength.Error += 0x1p-46 * n.Strengths[0]
	}
}

// below returns the share of values below an edge that is certain up to a relative error.
func (s *Spectrum) below(edge, relative float64, spikes Count) Estimate {
	var value, least, most int
	for i, v := range s.values {
		e := s.err(i)
		if v < edge {
			value++
		}
		if v+e < edge*(1-relative) {
			least++
		}
		if v-e < edge*(1+relative) {
			most++
		}
	}
	all := float64(len(s.values))
	switch {
	case s.errs == nil:
		return Estimate{float64(value) / all, 0}
	case !spikes.Certain() || !(relative < 1):
		return Estimate{float64(value) / all, 1}
	}
	return Estimate{float64(value) / all, float64(max(value-least, most-value, 0)) / all}
}

// HardRank returns the number of singular values above Gavish & Donoho's (2014) threshold
// for noise of unknown scale, ω(β) times their median: those that are worth keeping.
func (s *Spectrum) HardRank() Count {
	if s.zero() {
		return Count{High: s.possible()}
	}
	factor := rmt.MedianHardThreshold(s.rows, s.cols, 1)
	n := len(s.values)
	upper, lower := (n-1)/2, n/2
	median := s.values[upper]/2 + s.values[lower]/2
	t, e := factor*median, factor*max(s.err(upper), s.err(lower))
	e += 0x1p-46 * t
	return s.above(t-e, t, t+e)
}

func errShare(share float64) error {
	return fmt.Errorf("%w: a share of %v; want a number between 0 and 1", ErrOption, share)
}

func errEpsilon(epsilon float64) error {
	return fmt.Errorf("%w: an epsilon of %v", ErrOption, epsilon)
}
