package rmt

import (
	"math/rand/v2"

	"github.com/gospectrum/spectrum/internal/law/tracywidom"
)

// TracyWidom is the Tracy–Widom distribution F₁ of β = 1: the limit law of the
// largest eigenvalue of X·Xᵀ, X with independent real entries, centred and
// scaled as [SpikedModel.NoiseEdge] does (Tracy & Widom 1996; Johnstone 2001).
//
// Values come from a Chebyshev table of the Hastings–McLeod solution of
// Painlevé II, checked against Fredholm determinants (Bornemann 2010): relative
// errors of the CDF and the survival function are below 1e-12 from −9 to 16, and
// asymptotic formulas continue them beyond. Probabilities outside [0, 1] give NaN.
type TracyWidom struct {
	Src rand.Source // for Rand; nil uses the shared source of math/rand/v2
}

// CDF returns F₁(x).
func (TracyWidom) CDF(x float64) float64 { return tracywidom.CDF(x) }

// Survival returns 1 − F₁(x), accurate also where it is small.
func (TracyWidom) Survival(x float64) float64 { return tracywidom.Survival(x) }

// Quantile returns the x with F₁(x) = p.
func (TracyWidom) Quantile(p float64) float64 { return tracywidom.Quantile(p) }

// Median returns the x with F₁(x) = ½.
func (TracyWidom) Median() float64 { return tracywidom.Quantile(0.5) }

// Mean returns the mean (Bornemann 2010, table 10).
func (TracyWidom) Mean() float64 { return -1.2065335745820 }

// Variance returns the variance (Bornemann 2010, table 10).
func (TracyWidom) Variance() float64 { return 1.6077810345810 }

// Rand returns a random number, by inversion of the CDF.
func (d TracyWidom) Rand() float64 { return d.Quantile(uniform(d.Src)) }
