package spectrum

import (
	"fmt"
	"math"
	"slices"
)

// NoiseScale selects how the scale σ of the noise is estimated from the
// singular values, and with it the threshold t between noise and signal.
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
	// t = σ·√m·(1+√β). σ estimates the standard deviation of the entries and t
	// the largest singular value that pure noise has as n grows (Marchenko &
	// Pastur 1967), so noise has (almost) no signal values.
	NoiseCalibrated
)

var noiseNames = []string{NoiseIQR: "iqr", NoiseCalibrated: "calibrated"}

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

// Ratio selects which ratio of signal to noise the SNR is made from.
type Ratio uint8

const (
	// RatioSum is Σ signal / Σ noise (the paper and the reference).
	RatioSum Ratio = iota
	// RatioCount is #signal / #noise (the article that introduced the method).
	RatioCount
)

var ratioNames = []string{RatioSum: "sum", RatioCount: "count"}

// String returns the name used on the command line and in result files.
func (r Ratio) String() string { return nameOf(ratioNames, int(r)) }

// MarshalText returns the name, see [Ratio.String].
func (r Ratio) MarshalText() ([]byte, error) { return []byte(r.String()), r.check() }

// UnmarshalText sets r from its name. The error wraps [ErrOption].
func (r *Ratio) UnmarshalText(text []byte) error {
	i, err := indexOf(ratioNames, "ratio", string(text))
	*r = Ratio(i)
	return err
}

func (r Ratio) check() error { return checkIndex(ratioNames, "ratio", int(r)) }

// split separates the spectrum s of a rows×cols matrix into noise and signal
// and fills in all that follows from it. errs bounds the error of each value;
// nil means exact.
func (a Analyzer) split(s, errs []float64, rows, cols int) *Analysis {
	res := &Analysis{
		Rows: rows, Cols: cols, SingularValues: s, Noise: a.Noise, Ratio: a.Ratio,
		SMax: s[0], SMin: s[len(s)-1], Zero: s[0] == 0,
	}
	if errs != nil {
		res.ValueError = slices.Max(errs)
	}
	res.ranks()
	scale, edge := a.Noise.factors(rows, cols)
	res.Sigma = scale * (quantile(s, 0.75) - quantile(s, 0.25))
	res.Threshold = edge * res.Sigma
	for _, v := range s {
		if v > res.Threshold {
			res.SignalCount++
			res.SignalSum += v
		} else {
			res.NoiseCount++
			res.NoiseSum += v
		}
	}
	if res.Zero {
		return res
	}
	res.RatioSum = res.SignalSum / res.NoiseSum
	res.RatioCount = float64(res.SignalCount) / float64(res.NoiseCount)
	ratio := res.RatioSum
	if a.Ratio == RatioCount {
		ratio = res.RatioCount
	}
	res.Saturated = math.IsInf(ratio, 1)
	res.SNR = ratio / res.SMax
	if errs != nil {
		res.SNRError = res.snrError(ratio, errs, scale*edge)
	}
	return res
}

// factors returns σ / (Q(¾)−Q(¼)) and t / σ.
func (n NoiseScale) factors(rows, cols int) (scale, edge float64) {
	small, large := float64(min(rows, cols)), float64(max(rows, cols))
	edge = 1 + math.Sqrt(small/large)
	if n == NoiseCalibrated {
		law := MarchenkoPastur{Ratio: small / large, Variance: 1}
		iqr := math.Sqrt(law.Quantile(0.75)) - math.Sqrt(law.Quantile(0.25))
		return 1 / (math.Sqrt(large) * iqr), edge * math.Sqrt(large)
	}
	return 1 / 1.349, edge
}

// ranks computes the norm and the two continuous ranks from values divided by
// s₁, which cannot overflow.
func (res *Analysis) ranks() {
	if res.Zero {
		return
	}
	var sum, squares float64
	for _, v := range res.SingularValues {
		v /= res.SMax
		sum += v
		squares += v * v
	}
	var entropy float64
	for _, v := range res.SingularValues {
		if p := v / res.SMax / sum; p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	res.Frobenius = res.SMax * math.Sqrt(squares)
	res.StableRank = squares
	res.EffectiveRank = math.Exp(entropy)
}

// snrError bounds the relative error of SNR when each singular value is off
// by at most errs[i]: the SNR of the exact spectrum lies between the two that
// put every value whose side of t is in doubt with the noise, or with the
// signal, and move the sums and s₁ to their worst ends. tFactor is
// t / (Q(¾)−Q(¼)).
func (res *Analysis) snrError(ratio float64, errs []float64, tFactor float64) float64 {
	tErr := tFactor * (quantile(errs, 0.75) + quantile(errs, 0.25))
	var lo, hi interval
	for i, v := range res.SingularValues {
		d := v - res.Threshold
		doubt := math.Abs(d) <= errs[i]+tErr
		if doubt {
			res.Uncertain++
		}
		lo.add(v, errs[i], d > 0 && !doubt, res.Ratio)
		hi.add(v, errs[i], d > 0 || doubt, res.Ratio)
	}
	s1Err := errs[0]
	if res.SMax <= s1Err {
		return math.Inf(1)
	}
	if res.Saturated {
		// Certain when no value can be noise; its sums then do not matter.
		if lo.noiseCount == 0 {
			return 0
		}
		return math.Inf(1)
	}
	low := lo.signalLow / lo.noiseHigh * (res.SMax / (res.SMax + s1Err))
	high := hi.signalHigh / max(hi.noiseLow, 0) * (res.SMax / (res.SMax - s1Err))
	if ratio == 0 {
		if high > 0 {
			return math.Inf(1)
		}
		return 0
	}
	// Sums of n rounded terms and a few quotients.
	rounding := float64(len(errs)+8) * 0x1p-52
	return max(high/ratio-1, 1-low/ratio) + rounding
}

// interval holds the ends between which the sums of signal and noise lie.
type interval struct {
	signalLow, signalHigh, noiseLow, noiseHigh float64
	noiseCount                                 int
}

func (b *interval) add(v, err float64, signal bool, r Ratio) {
	low, high := v-err, v+err
	if r == RatioCount {
		low, high = 1, 1
	}
	if signal {
		b.signalLow += low
		b.signalHigh += high
		return
	}
	b.noiseCount++
	b.noiseLow += low
	b.noiseHigh += high
}

// quantile returns the p-quantile of the descending values s by linear
// interpolation at p·(n−1) from the small end: definition 7 of Hyndman & Fan
// 1996, NumPy's "linear", with NumPy's order of operations.
func quantile(s []float64, p float64) float64 {
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

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown(%d)", i)
}

func indexOf(names []string, what, name string) (int, error) {
	for i, n := range names {
		if n == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%w: %s %q; one of %v", ErrOption, what, name, names)
}

func checkIndex(names []string, what string, i int) error {
	if i < len(names) {
		return nil
	}
	return fmt.Errorf("%w: %s %d", ErrOption, what, i)
}
