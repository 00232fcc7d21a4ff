package spectrum

import (
	"math"

	"github.com/gospectrum/spectrum/internal/law/mp"
)

// SpikedModel returns the model of signal in noise that a describes. For
// [NoiseIQR], whose σ is not that of the entries, all its results are NaN.
func (a *Analysis) SpikedModel() SpikedModel {
	m := SpikedModel{Rows: a.Rows, Cols: a.Cols, Sigma: a.Sigma}
	if a.Noise == NoiseIQR {
		m.Sigma = math.NaN()
	}
	return m
}

// Strengths returns the estimated true strength of each signal value, largest
// first: what it would be without the noise, which inflates it. See
// [SpikedModel.Strength].
func (a *Analysis) Strengths() []float64 {
	m := a.SpikedModel()
	out := make([]float64, a.SignalCount)
	for i := range out {
		out[i] = m.Strength(a.SingularValues[i])
	}
	return out
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
// noise or σ is 0.
func (a *Analysis) GoodnessOfFit() (distance, limit float64) {
	k, n := a.SignalCount, a.NoiseCount
	unit := a.SpikedModel().Sigma * math.Sqrt(float64(max(a.Rows, a.Cols)-k))
	if n == 0 || !(unit > 0) {
		return 0, 0
	}
	r := math.Sqrt(float64(n) / float64(max(a.Rows, a.Cols)-k))
	for i, v := range a.SingularValues[k:] {
		above := mp.Survival(mp.Angle(v/unit, r), r)
		distance = max(distance, above-float64(i)/float64(n), float64(i+1)/float64(n)-above)
	}
	return distance, fitLimit(n)
}

// fitLimit is the measured 99 % quantile of the distance for n values.
func fitLimit(n int) float64 {
	return min(1, (1.05+0.46*math.Log(float64(n)))/float64(n))
}
