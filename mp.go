package spectrum

import (
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/noise"
	"github.com/gospectrum/spectrum/rmt"
)

// ResolvedEdge returns the rule that a uses: Edge, or the default of Noise where
// that is [rmt.EdgeDefault].
func (a Analyzer) ResolvedEdge() rmt.EdgeRule {
	if a.Noise.check() != nil {
		return rmt.EdgeDefault
	}
	if a.Edge != rmt.EdgeDefault {
		return a.Edge
	}
	if level := a.Noise.scale().Level; level > 0 {
		return rmt.EdgeRule(level)
	}
	return rmt.EdgeAsymptotic
}

// SpikedModel returns the model of signal in noise that a describes. For
// [NoiseIQR], whose σ is not that of the entries, and where σ is 0 or infinite, all
// its results are NaN.
func (a *Analysis) SpikedModel() rmt.SpikedModel {
	return rmt.SpikedModel{Rows: a.Rows, Cols: a.Cols, Sigma: a.entriesSigma()}
}

// Law returns the law of the noise values of a in the units of its singular values:
// that of a matrix of independent entries with standard deviation σ, in the shape
// that the noise has without its signal directions, (n−k)×(m−k) for k of them. For
// [NoiseIQR], whose σ is not that of the entries, and where no value is noise or the
// scale of the law is 0 or infinite, all its results are NaN.
func (a *Analysis) Law() rmt.MarchenkoPasturSV { return a.law(a.entriesSigma()) }

// law is the law of the noise values where its entries have the standard deviation sigma.
func (a *Analysis) law(sigma float64) rmt.MarchenkoPasturSV {
	k := a.SignalCount
	small, large := float64(min(a.Rows, a.Cols)-k), float64(max(a.Rows, a.Cols)-k)
	return rmt.MarchenkoPasturSV{Aspect: small / large, Sigma: sigma * math.Sqrt(large)}
}

// entriesSigma is the standard deviation of the entries of the noise, or NaN where
// σ is something else.
func (a *Analysis) entriesSigma() float64 {
	if a.Noise.check() != nil || !a.Noise.scale().OfEntries {
		return math.NaN()
	}
	return a.Sigma
}

// Strengths returns the estimated true strength of each signal value, largest
// first: what it would be without the noise, which inflates it. See
// [rmt.SpikedModel.Strength]. Where σ is 0 that is the value itself; for [NoiseIQR],
// whose σ is not that of the entries, and an infinite σ it is NaN.
func (a *Analysis) Strengths() []float64 {
	if a.entriesSigma() == 0 {
		return slices.Clone(a.SingularValues[:a.SignalCount])
	}
	m := a.SpikedModel()
	out := make([]float64, a.SignalCount)
	for i := range out {
		out[i] = m.Strength(a.SingularValues[i])
	}
	return out
}

// HardThreshold returns the threshold below which a singular value is best set to
// zero, for noise of unknown scale: see [rmt.MedianHardThreshold]. It does not
// depend on the noise scale of a.
func (a *Analysis) HardThreshold() float64 {
	if len(a.SingularValues) == 0 {
		return math.NaN()
	}
	return rmt.MedianHardThreshold(a.Rows, a.Cols, noise.Quantile(a.SingularValues, 0.5))
}

// GoodnessOfFit returns the Kolmogorov–Smirnov distance between the noise
// values and the Marchenko–Pastur law of σ, and the limit below which it stays for
// 99 % of Gaussian noise with as many values.
//
// Singular values repel each other and lie far more evenly than independent
// numbers: their distance falls like log n/n and not like 1/√n, so the usual
// tables of the test would pass anything. The limit was measured, see
// docs/noise.md, with σ of [NoiseKritchmanNadler]; a coarser σ passes it more often.
// Both are 0 for [NoiseIQR], whose σ belongs to no law, and where there is no
// noise, σ is 0 or infinite, or the counts do not fit the values.
func (a *Analysis) GoodnessOfFit() (distance, limit float64) {
	k, n, sigma := a.SignalCount, a.NoiseCount, a.entriesSigma()
	if n == 0 || k < 0 || k > len(a.SingularValues) || !(sigma > 0) || math.IsInf(sigma, 1) {
		return 0, 0
	}
	// In units of σ, whose multiples may pass the range of float64.
	unit, e := math.Frexp(sigma)
	law := a.law(unit)
	for i, v := range a.SingularValues[k:] {
		above := law.Survival(math.Ldexp(v, -e))
		distance = max(distance, above-float64(i)/float64(n), float64(i+1)/float64(n)-above)
	}
	return distance, fitLimit(n)
}

// fitLimit is the measured 99 % quantile of the distance for n values.
func fitLimit(n int) float64 {
	return min(1, (1.05+0.46*math.Log(float64(n)))/float64(n))
}
