package spectrum

import (
	"math"

	"github.com/gospectrum/spectrum/internal/law/mp"
	"github.com/gospectrum/spectrum/internal/law/tracywidom"
	"github.com/gospectrum/spectrum/internal/noise"
)

// NoiseScale selects how the scale σ of the noise is estimated from the
// singular values, and with it the threshold t between noise and signal.
//
// All scales but [NoiseIQR] estimate the standard deviation of the entries of
// the noise, and their threshold is the [Edge] of the noise. docs/noise.md shows
// bias and spread of each on planted models.
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

var noiseNames = []string{
	NoiseIQR: "iqr", NoiseCalibrated: "calibrated", NoiseMedian: "median", NoiseKritchmanNadler: "kn",
	NoiseStdDev: "std", NoiseMAD: "mad", NoiseML: "ml",
}

// NoiseScales returns all noise scales.
func NoiseScales() []NoiseScale {
	all := make([]NoiseScale, len(noiseNames))
	for i := range all {
		all[i] = NoiseScale(i)
	}
	return all
}

// String returns the name used on the command line and in result files.
func (n NoiseScale) String() string { return nameOf(noiseNames, int(n)) }

// MarshalText returns the name, see [NoiseScale.String].
func (n NoiseScale) MarshalText() ([]byte, error) { return []byte(n.String()), n.check() }

// UnmarshalText sets n from its name. The error wraps [ErrOption].
func (n *NoiseScale) UnmarshalText(text []byte) error {
	i, err := indexOf(noiseNames, "noise scale", string(text))
	*n = NoiseScale(i)
	return err
}

func (n NoiseScale) check() error { return checkIndex(noiseNames, "noise scale", int(n)) }

// ResolvedEdge returns the edge that a uses: Edge, or the default of Noise for it.
func (a Analyzer) ResolvedEdge() Edge {
	switch {
	case a.Edge != EdgeDefault:
		return a.Edge
	case a.Noise == NoiseKritchmanNadler:
		return 0.01
	}
	return EdgeAsymptotic
}

// given is the spectrum whose noise is estimated.
type given struct {
	s, errs    []float64 // singular values, and bounds on their errors; nil means exact
	rows, cols int
	medianAbs  float64 // median magnitude of the entries, for NoiseMAD
}

// estimate returns the noise scale and the threshold, with a bound on the error
// that the errors of the singular values give the threshold.
func (a Analyzer) estimate(g given) noise.Estimate {
	switch a.Noise {
	case NoiseKritchmanNadler:
		return g.scaled(noise.KritchmanNadler, a.ResolvedEdge())
	case NoiseML:
		return g.scaled(noise.MaximumLikelihood, a.ResolvedEdge())
	case NoiseStdDev:
		return g.scaled(rootMeanSquare, a.ResolvedEdge())
	case NoiseMAD:
		// Phi^-1(3/4); exact but for rounding.
		sigma := g.medianAbs / 0.67448975019608174
		t := sigma * unitEdge(g.rows, g.cols, a.ResolvedEdge())
		return noise.Estimate{Sigma: sigma, Threshold: t, Error: t * 0x1p-48}
	case NoiseMedian:
		scale, edge := a.factors(g.rows, g.cols)
		e := noise.Estimate{Sigma: scale * quantile(g.s, 0.5)}
		e.Threshold = edge * e.Sigma
		e.Error = e.Threshold * 0x1p-48
		if g.errs != nil {
			e.Error += scale * edge * quantile(g.errs, 0.5)
		}
		return e
	}
	scale, edge := a.factors(g.rows, g.cols)
	e := noise.Estimate{Sigma: scale * (quantile(g.s, 0.75) - quantile(g.s, 0.25))}
	e.Threshold = edge * e.Sigma
	if g.errs != nil {
		e.Error = scale * edge * (quantile(g.errs, 0.75) + quantile(g.errs, 0.25))
	}
	return e
}

// factors returns σ divided by the interquartile range, or the median, of the
// singular values, and t/σ.
func (a Analyzer) factors(rows, cols int) (scale, edge float64) {
	small, large := float64(min(rows, cols)), float64(max(rows, cols))
	r := math.Sqrt(small / large)
	edge = unitEdge(rows, cols, a.ResolvedEdge())
	switch a.Noise {
	case NoiseCalibrated:
		lo, hi := 0.25, 0.75
		if a.ResolvedEdge() > 0 {
			lo, hi = finiteLevel(lo, small, r), finiteLevel(hi, small, r)
		}
		scale = 1 / (math.Sqrt(large) * (mp.QuantileSV(hi, r) - mp.QuantileSV(lo, r)))
	case NoiseMedian:
		scale = 1 / (math.Sqrt(large) * mp.Median(r))
	default: // NoiseIQR, whose σ is in units of singular values
		scale, edge = 1/1.349, 1+r
	}
	return scale, edge
}

// finiteLevel returns the level of the limit law at which the sample p-quantile
// of n values lies on average. The i-th value is near the level (i−½)/n of its own
// law, and the law of n values of a real matrix has the distribution function
// F(φ) + (¼ − φ/2π)/n (Johnstone & Forrester's 1/n term; Forrester, Frankel &
// Garoni 2006).
func finiteLevel(p, n, r float64) float64 {
	return (p*(n-1) + 0.5 - 0.25 + mp.Quantile(p, r)/(2*math.Pi)) / n
}

func unitEdge(rows, cols int, e Edge) float64 {
	return SpikedModel{Rows: rows, Cols: cols, Sigma: 1}.Edge(e)
}

// scaled runs an estimator on the spectrum divided by its largest value, whose
// squares cannot overflow.
func (g given) scaled(estimator func(noise.Spectrum, noise.Edge) noise.Estimate, e Edge) noise.Estimate {
	unit := g.s[0]
	if unit == 0 {
		return noise.Estimate{}
	}
	spec := noise.Spectrum{Values: divided(g.s, unit), Small: min(g.rows, g.cols), Large: max(g.rows, g.cols)}
	if g.errs != nil {
		spec.Errors = divided(g.errs, unit)
	}
	est := estimator(spec, edges(e))
	est.Sigma *= unit
	est.Threshold *= unit
	est.Error *= unit
	return est
}

// edges returns the edge e for unit variance as a function of the shape; the
// quantile is the same for all.
func edges(e Edge) noise.Edge {
	if e == EdgeAsymptotic {
		return func(n, m int) float64 { return unitEdge(n, m, e) }
	}
	s := tracywidom.UpperQuantile(float64(e))
	return func(n, m int) float64 { return math.Sqrt(tracyWidomEdge(n, m, s)) }
}

func divided(v []float64, by float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = x / by
	}
	return out
}

// rootMeanSquare is NoiseStdDev. The norm of the errors bounds the error of the
// norm.
func rootMeanSquare(s noise.Spectrum, edge noise.Edge) noise.Estimate {
	var squares, errs float64
	for i, v := range s.Values {
		squares += v * v
		if s.Errors != nil {
			errs += s.Errors[i] * s.Errors[i]
		}
	}
	root := math.Sqrt(float64(s.Small) * float64(s.Large))
	factor := edge(s.Small, s.Large)
	e := noise.Estimate{Sigma: math.Sqrt(squares) / root}
	e.Threshold = e.Sigma * factor
	e.Error = factor*math.Sqrt(errs)/root + float64(len(s.Values)+64)*0x1p-51*e.Threshold
	return e
}
