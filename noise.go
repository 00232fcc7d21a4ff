package spectrum

import (
	"github.com/gospectrum/spectrum/internal/noise"
	"github.com/gospectrum/spectrum/internal/option"
)

// NoiseScale selects how the scale σ of the noise is estimated from the
// singular values, and with it the threshold t between noise and signal.
//
// All scales but [NoiseIQR] estimate the standard deviation of the entries of
// the noise, and their threshold is the edge of the noise, see [rmt.EdgeRule].
// docs/noise.md shows bias and spread of each on planted models.
type NoiseScale uint8

const (
	// NoiseIQR is σ = (Q(¾)−Q(¼))/1.349 and t = σ·(1+√β): the paper
	// (Hartford et al. 2024, equation 5) and the reference implementation.
	//
	// It is not the edge of the noise: on pure Gaussian noise it calls 24 % of
	// the values signal at β = 1 and all of them at β ≤ ¼. It ranks layers
	// of one shape.
	NoiseIQR NoiseScale = iota
	// NoiseCalibrated is σ = (Q(¾)−Q(¼))/(√m·(q(¾)−q(¼))), q the quantiles of
	// the Marchenko–Pastur singular-value law of aspect ratio β, and
	// t = σ·√m·(1+√β) or the Tracy–Widom edge. It is robust against up to a
	// quarter of signal values, but coarse: its spread is far wider than the
	// fluctuation of the edge. With a Tracy–Widom edge the quantiles q are those of the
	// plotting positions (p·(n−1)+½)/n, which removes most of its bias for small n.
	NoiseCalibrated
	// NoiseMedian is σ = Q(½)/√(m·μ), μ the median of the Marchenko–Pastur law of
	// eigenvalues (Gavish & Donoho 2014, section III-E). Robust, and more precise
	// than NoiseCalibrated; biased upwards by signal, a little for each value.
	NoiseMedian
	// NoiseKritchmanNadler tests the values one after the other, largest first,
	// against the edge of what remains, with the mean of the noise values
	// corrected for what noise adds to the signal (Kritchman & Nadler 2008,
	// 2009). On Gaussian noise it calls anything signal with the probability
	// that its edge states, by default 1 %.
	NoiseKritchmanNadler
	// NoiseStdDev is the root mean square of all entries, ‖W‖_F/√(n·m): exact
	// for pure noise, and wrong as soon as the signal carries energy.
	NoiseStdDev
	// NoiseMAD is the median of |w|/0.6745 over all entries: the standard
	// deviation of Gaussian noise under a signal that is spread over few entries
	// (Hampel 1974). It presumes Gaussian entries, and needs the matrix.
	NoiseMAD
	// NoiseML fits the Marchenko–Pastur law by maximum likelihood to the middle 80 % of
	// the values that are not above the edge of the fit itself.
	NoiseML
)

// scale returns the estimator of n, which is known.
func (n NoiseScale) scale() noise.Scale { return noise.Scales()[n] }

func noiseScales() option.Enum {
	e := option.Enum{What: "noise scale"}
	for _, s := range noise.Scales() {
		e.Names = append(e.Names, s.Name)
	}
	return e
}

// NoiseScales returns all noise scales.
func NoiseScales() []NoiseScale {
	all := make([]NoiseScale, len(noise.Scales()))
	for i := range all {
		all[i] = NoiseScale(i)
	}
	return all
}

// String returns the name used on the command line and in result files.
func (n NoiseScale) String() string { return noiseScales().Name(uint8(n)) }

// MarshalText returns the name, see [NoiseScale.String].
func (n NoiseScale) MarshalText() ([]byte, error) { return noiseScales().Marshal(uint8(n)) }

// UnmarshalText sets n from its name. The error wraps [ErrOption].
func (n *NoiseScale) UnmarshalText(text []byte) error {
	return option.Unmarshal(noiseScales(), n, text)
}

func (n NoiseScale) check() error { return noiseScales().Check(uint8(n)) }
