// Package noise holds every way to estimate the scale of the noise in a spectrum,
// and with it the threshold between noise and signal. Each estimate comes with a
// bound on what errors of the singular values do to it.
//
// An estimator is one function in a file of its own and one entry of the table
// that [Scales] returns.
package noise

import (
	"math"

	"github.com/gospectrum/spectrum/internal/law/tracywidom"
)

// Sample is what is known of a Small×Large matrix, Small ≤ Large: its singular
// values in descending order, and bounds on their errors.
type Sample struct {
	Values       []float64 // Small of them
	Errors       []float64 // nil: exact
	Small, Large int
	MedianAbs    float64 // median magnitude of the entries, where a scale [Scale.NeedsEntries]
}

// Estimate is a noise scale and the threshold that goes with it.
type Estimate struct {
	Sigma     float64 // standard deviation of the entries, see [Scale.OfEntries]
	Threshold float64 // values above it are signal
	Error     float64 // bound on the error of Threshold; +Inf if a decision was too close to call
}

// Scale is one way to estimate the noise.
type Scale struct {
	Name string // the word on the command line and in result files
	// OfEntries says that σ is the standard deviation of the entries of the noise,
	// so that the noise has a Marchenko–Pastur law and a Tracy–Widom edge.
	OfEntries bool
	// NeedsEntries says that the spectrum is not enough: MedianAbs is used.
	NeedsEntries bool
	// Level is that of the edge by default, 0 for the asymptotic edge.
	Level float64
	// Estimate works on a sample; a level above 0 is that of the Tracy–Widom edge.
	Estimate func(s Sample, level float64) Estimate
}

// Scales returns all noise scales. The constants of type spectrum.NoiseScale
// are indices of it.
func Scales() []Scale {
	return []Scale{
		{Name: "iqr", Estimate: interquartile},
		{Name: "calibrated", OfEntries: true, Estimate: calibrated},
		{Name: "median", OfEntries: true, Estimate: median},
		{Name: "kn", OfEntries: true, Level: 0.01, Estimate: scaled(kritchmanNadler)},
		{Name: "std", OfEntries: true, Estimate: scaled(rootMeanSquare)},
		{Name: "mad", OfEntries: true, NeedsEntries: true, Estimate: medianOfEntries},
		{Name: "ml", OfEntries: true, Estimate: scaled(maximumLikelihood)},
	}
}

// unitEdge returns the edge of the noise of a small×large matrix of unit variance.
type unitEdge func(small, large int) float64

// edgeAt returns the edge for a level as a function of the shape. The quantile of
// the Tracy–Widom law is the same for all shapes and computed once.
func edgeAt(level float64) unitEdge {
	if level <= 0 {
		return func(n, m int) float64 { return math.Sqrt(float64(n)) + math.Sqrt(float64(m)) }
	}
	s := tracywidom.UpperQuantile(level)
	return func(n, m int) float64 { return math.Sqrt(tracywidom.Edge(n, m, s)) }
}

// scaled runs an estimator on the sample divided by its largest value, whose
// squares cannot overflow.
func scaled(estimate func(Sample, unitEdge) Estimate) func(Sample, float64) Estimate {
	return func(s Sample, level float64) Estimate {
		unit := s.Values[0]
		if unit == 0 {
			return Estimate{}
		}
		s.Values = divided(s.Values, unit)
		if s.Errors != nil {
			s.Errors = divided(s.Errors, unit)
		}
		e := estimate(s, edgeAt(level))
		e.Sigma *= unit
		e.Threshold *= unit
		e.Error *= unit
		return e
	}
}

// Scaled returns the sample of the matrix multiplied by 2ᵉ.
func (s Sample) Scaled(e int) Sample {
	s.Values = shiftExponents(s.Values, e)
	s.Errors = shiftExponents(s.Errors, e)
	s.MedianAbs = math.Ldexp(s.MedianAbs, e)
	return s
}

func shiftExponents(v []float64, e int) []float64 {
	if v == nil {
		return nil
	}
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = math.Ldexp(x, e)
	}
	return out
}

func divided(v []float64, by float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = x / by
	}
	return out
}

// rounding is the relative error allowed for arithmetic of our own: sums of n
// squares and a Newton iteration.
func rounding(n int) float64 { return float64(n+64) * 0x1p-51 }

// Three spectra are looked at: as given, and changed within their errors so that
// an estimate which is monotone in every value is lowest, and highest.
const (
	nominal = iota
	lowest
	highest
)

// shifted returns the values moved by sign times their errors, but not below 0.
func (s Sample) shifted(sign float64) []float64 {
	out := make([]float64, len(s.Values))
	for i, v := range s.Values {
		out[i] = max(0, v+sign*s.Errors[i])
	}
	return out
}

// finish turns the three values of a scale into an estimate with the edge they
// were held against.
func finish(sigma [3]float64, edge float64, certain bool, n int) Estimate {
	e := Estimate{Sigma: sigma[nominal], Threshold: sigma[nominal] * edge, Error: math.Inf(1)}
	if certain {
		e.Error = edge*max(sigma[highest]-sigma[nominal], sigma[nominal]-sigma[lowest]) + rounding(n)*e.Threshold
	}
	return e
}
