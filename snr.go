package spectrum

import (
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/noise"
	"github.com/gospectrum/spectrum/internal/option"
)

// Ratio selects which ratio of signal to noise the SNR is made from.
type Ratio uint8

const (
	// RatioSum is Σ signal / Σ noise (the paper and the reference).
	RatioSum Ratio = iota
	// RatioCount is #signal / #noise (the article that introduced the method).
	RatioCount
	// RatioEnergy is Σ signal² / Σ noise², the ratio of powers.
	RatioEnergy
)

var ratios = option.Enum{What: "ratio", Names: []string{RatioSum: "sum", RatioCount: "count", RatioEnergy: "energy"}}

// String returns the name used on the command line and in result files.
func (r Ratio) String() string { return ratios.Name(uint8(r)) }

// MarshalText returns the name, see [Ratio.String].
func (r Ratio) MarshalText() ([]byte, error) { return ratios.Marshal(uint8(r)) }

// UnmarshalText sets r from its name. The error wraps [ErrOption].
func (r *Ratio) UnmarshalText(text []byte) error { return option.Unmarshal(ratios, r, text) }

func (r Ratio) check() error { return ratios.Check(uint8(r)) }

// Divisor selects what the ratio is divided by to make the SNR.
type Divisor uint8

const (
	// DivisorSMax is s₁ (the paper and the reference), which makes the score
	// depend on the scale of the weights: it doubles when they are halved.
	DivisorSMax Divisor = iota
	// DivisorNone leaves the ratio as it is.
	DivisorNone
	// DivisorEdge is s₁/t, the largest value in units of the threshold: a lone
	// large value still lowers the score, the scale of the weights does not matter.
	DivisorEdge
)

var divisors = option.Enum{What: "divisor", Names: []string{DivisorSMax: "s_max", DivisorNone: "none", DivisorEdge: "edge"}}

// String returns the name used on the command line and in result files.
func (d Divisor) String() string { return divisors.Name(uint8(d)) }

// MarshalText returns the name, see [Divisor.String].
func (d Divisor) MarshalText() ([]byte, error) { return divisors.Marshal(uint8(d)) }

// UnmarshalText sets d from its name. The error wraps [ErrOption].
func (d *Divisor) UnmarshalText(text []byte) error { return option.Unmarshal(divisors, d, text) }

func (d Divisor) check() error { return divisors.Check(uint8(d)) }

// analysis estimates the noise in a spectrum, sets noise and signal apart and
// fills in all that follows from them; shape, type and back-end are the caller's.
func (a Analyzer) analysis(n noise.Sample) *Analysis {
	if e := beyond(n.Values[0]); e != 0 {
		res := a.analysis(n.Scaled(-e)).scale(e)
		// What needs no noise follows from the values as they are, which scaling back
		// would round a second time.
		res.describe(n)
		res.limits()
		return res
	}
	res := &Analysis{Noise: a.Noise, Edge: a.ResolvedEdge(), Ratio: a.Ratio, Divisor: a.Divisor}
	res.describe(n)
	est := a.Noise.scale().Estimate(n, float64(res.Edge))
	res.Sigma, res.Threshold = est.Sigma, est.Threshold
	res.separate(n.Errors, est.Error)
	res.limits()
	return res
}

// describe enters the values of a sample and what follows from them alone.
func (res *Analysis) describe(n noise.Sample) {
	s := n.Values
	res.SingularValues, res.SMax, res.SMin, res.Zero = s, s[0], s[len(s)-1], s[0] == 0
	res.ValueErrors = n.Errors
	if n.Errors != nil {
		res.ValueError, res.SMinError = slices.Max(n.Errors), n.Errors[len(n.Errors)-1]
	}
	res.ranks()
	res.condition(n.Errors)
}

// separate makes noise and signal of the values, and the score of their sums.
// tErr bounds the error of the threshold.
func (res *Analysis) separate(errs []float64, tErr float64) {
	var signalEnergy, noiseEnergy float64 // over s₁²
	for _, v := range res.SingularValues {
		energy := v / res.SMax * (v / res.SMax)
		if v > res.Threshold {
			res.SignalCount++
			res.SignalSum += v
			signalEnergy += energy
		} else {
			res.NoiseCount++
			res.NoiseSum += v
			noiseEnergy += energy
		}
	}
	if res.Zero {
		return
	}
	res.RatioSum = res.SignalSum / res.NoiseSum
	res.RatioCount = float64(res.SignalCount) / float64(res.NoiseCount)
	res.RatioEnergy = signalEnergy / noiseEnergy
	ratio := res.ratio()
	res.SNR = ratio
	if res.Saturated = math.IsInf(ratio, 1); !res.Saturated && ratio > 0 {
		res.SNR /= res.divisor()
	}
	if errs != nil {
		res.SNRError = res.snrError(ratio, errs, tErr)
	}
}

// limits says of a score at the ends of the range of float64 what is wrong with it.
func (res *Analysis) limits() {
	noise := res.SingularValues[res.SignalCount:]
	none := len(noise) == 0 || noise[0] == 0 && res.Ratio != RatioCount
	switch {
	case math.IsInf(res.SNR, 1):
		if !none { // the exact score is a number
			res.SNRError = math.Inf(1)
		}
	case res.SignalCount > 0 && res.SNR < 0x1p-1022 && res.divisor() < math.Inf(1):
		res.SNRError += 0x1p-1074 / res.SNR
	}
}

// mostExponent bounds the binary exponents of s₁ with which sums of values, the
// edges of their noise and the errors of both stay in the range of float64.
const mostExponent = 900

// beyond returns by how much the exponent of s₁ passes its bounds, or 0.
func beyond(s1 float64) int {
	if s1 == 0 {
		return 0
	}
	_, e := math.Frexp(s1)
	return e - max(-mostExponent, min(mostExponent, e))
}

// scale multiplies by 2ᵉ what an analysis derives from the noise in the units of
// the weights. What then passes the range of float64, a sum or the score, is +Inf or
// 0; the ratios are not touched.
func (res *Analysis) scale(e int) *Analysis {
	for _, v := range []*float64{&res.Sigma, &res.Threshold, &res.SignalSum, &res.NoiseSum} {
		*v = math.Ldexp(*v, e)
	}
	if res.Divisor == DivisorSMax {
		res.SNR = math.Ldexp(res.SNR, -e)
	}
	return res
}

// ratio returns the ratio that was asked for.
func (res *Analysis) ratio() float64 {
	switch res.Ratio {
	case RatioCount:
		return res.RatioCount
	case RatioEnergy:
		return res.RatioEnergy
	}
	return res.RatioSum
}

// divisor returns what the ratio is divided by.
func (res *Analysis) divisor() float64 {
	switch res.Divisor {
	case DivisorNone:
		return 1
	case DivisorEdge:
		return res.SMax / res.Threshold
	}
	return res.SMax
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

// uncertain says that nothing is known of the errors.
func (res *Analysis) uncertain() {
	for _, e := range []*float64{&res.SNRError, &res.ValueError, &res.SMinError, &res.ConditionError} {
		*e = math.Inf(1)
	}
}

// condition computes the condition number and its bound; errs nil means exact.
func (res *Analysis) condition(errs []float64) {
	res.Condition = math.Inf(1)
	if res.SMin > 0 {
		res.Condition = res.SMax / res.SMin
	}
	switch {
	case math.IsInf(res.Condition, 1) && res.SMin > 0: // it passes the range of float64
		res.ConditionError = math.Inf(1)
	case errs == nil || res.SMinError == 0 && res.SMin == 0:
	case res.SMin <= res.SMinError || res.SMax <= errs[0]:
		res.ConditionError = math.Inf(1)
	default:
		high, low := errs[0]/res.SMax, res.SMinError/res.SMin
		res.ConditionError = max((1+low)/(1-high)-1, 1-(1-low)/(1+high)) + 0x1p-51
	}
}

// snrError bounds the relative error of SNR when each singular value is off
// by at most errs[i]: the SNR of the exact spectrum lies between the two that
// put every value whose side of t is in doubt with the noise, or with the
// signal, and move the sums, s₁ and t to their worst ends. tErr bounds the
// error of t.
func (res *Analysis) snrError(ratio float64, errs []float64, tErr float64) float64 {
	var lo, hi interval
	for i, v := range res.SingularValues {
		d := v - res.Threshold
		doubt := math.Abs(d) <= errs[i]+tErr
		if doubt {
			res.Uncertain++
		}
		low, high := res.contribution(v-errs[i]), res.contribution(v+errs[i])
		lo.add(low, high, d > 0 && !doubt)
		hi.add(low, high, d > 0 || doubt)
	}
	s1Err := errs[0]
	if res.SMax <= s1Err {
		return math.Inf(1)
	}
	// By how much the divisor may be too small, and too large.
	up, down := res.SMax/(res.SMax+s1Err), res.SMax/(res.SMax-s1Err)
	switch res.Divisor {
	case DivisorNone:
		up, down = 1, 1
	case DivisorEdge:
		if res.Threshold == 0 && !res.Saturated { // and so is the score
			if tErr > 0 || res.Uncertain > 0 {
				return math.Inf(1)
			}
			return 0
		}
		up *= max(0, 1-tErr/res.Threshold)
		down *= 1 + tErr/res.Threshold
	}
	if res.Saturated {
		// Certain when no value can be noise; its sums then do not matter.
		if lo.noiseCount == 0 {
			return 0
		}
		return math.Inf(1)
	}
	low := lo.signalLow / lo.noiseHigh * up
	high := hi.signalHigh / max(hi.noiseLow, 0) * down
	if ratio == 0 {
		if high > 0 {
			return math.Inf(1)
		}
		return 0
	}
	// Sums of n rounded terms and a few quotients.
	rounding := float64(len(errs)+16) * 0x1p-52
	if low <= 0 || math.IsInf(high, 1) {
		return math.Inf(1)
	}
	return max(ratio/low-1, 1-ratio/high) + rounding
}

// interval holds the ends between which the sums of signal and noise lie.
type interval struct {
	signalLow, signalHigh, noiseLow, noiseHigh float64
	noiseCount                                 int
}

func (b *interval) add(low, high float64, signal bool) {
	if signal {
		b.signalLow += low
		b.signalHigh += high
		return
	}
	b.noiseCount++
	b.noiseLow += low
	b.noiseHigh += high
}

// contribution is what a singular value v adds to the signal or the noise of the
// ratio; it is monotone in v.
func (res *Analysis) contribution(v float64) float64 {
	switch res.Ratio {
	case RatioCount:
		return 1
	case RatioEnergy:
		v = max(0, v/res.SMax)
		return v * v
	}
	return v
}
