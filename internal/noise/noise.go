// Package noise estimates the scale of the noise in a spectrum together with
// the number of values that are not noise. Each estimate comes with a bound on
// what errors of the singular values do to it.
package noise

import "math"

// Spectrum is what is known of a Small×Large matrix, Small ≤ Large: its singular
// values in descending order, not all zero, and bounds on their errors. The
// caller scales them so that their squares stay in the range of float64.
type Spectrum struct {
	Values       []float64 // Small of them
	Errors       []float64 // nil: exact
	Small, Large int
}

// Estimate is a noise scale and the threshold that goes with it.
type Estimate struct {
	Sigma     float64 // standard deviation of the entries
	Threshold float64 // values above it are signal
	Error     float64 // bound on the error of Threshold; +Inf if a decision was too close to call
}

// Edge returns the edge of the noise of a small×large matrix of unit variance.
type Edge func(small, large int) float64

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
func (s Spectrum) shifted(sign float64) []float64 {
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
