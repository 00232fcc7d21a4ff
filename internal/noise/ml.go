package noise

import (
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/law/mp"
)

// trim is the fraction of the bulk that is censored at each end: of these values only the
// number enters the likelihood.
const trim = 0.1

// maximumLikelihood fits the Marchenko–Pastur law of singular values to the
// bulk: the values not above the edge that the fit itself gives. The middle 80 %
// of the bulk enter with their density, the ends, which fluctuate most, with
// their number alone (type II censoring on both sides).
//
// In u = log s the law is a location family whose density is log-concave, as
// are then the logarithms of its distribution and survival functions. So the
// likelihood has one maximum, and the maximum moves up when any value does:
// changing all values to one side gives the bounds of the scale.
//
// Where no scale has the middle of the bulk in its support, the spectrum is not
// one of noise and the likelihood is zero everywhere; the scale is then that
// of the median.
func maximumLikelihood(s Sample, edge unitEdge) Estimate {
	n := s.Small
	spectra := [][]float64{s.Values}
	if s.Errors != nil {
		spectra = append(spectra, s.shifted(-1), s.shifted(1))
	}
	certain := true
	for k := 0; ; {
		sigma, sure := fitBulk(spectra, k, s.Large)
		certain = certain && sure
		factor := edge(n-k, s.Large-k)
		t := sigma[nominal] * factor
		count := k
		for count < n-1 && s.Values[count] > t {
			count++
		}
		if s.Errors != nil {
			low, high := sigma[lowest]*factor*(1-rounding(n)), sigma[highest]*factor*(1+rounding(n))
			certain = certain && (count == k || spectra[lowest][count-1] > high) &&
				(count == n-1 || spectra[highest][count] <= low)
		}
		if count == k {
			return finish(sigma, factor, certain, n)
		}
		k = count
	}
}

// fitBulk returns the scales of the bulk behind k signal values for every
// spectrum, and whether all of them were found in the same way.
func fitBulk(spectra [][]float64, k, large int) (sigma [3]float64, sure bool) {
	n := len(spectra[nominal])
	r := math.Sqrt(float64(n-k) / float64(large-k))
	cut := int(trim * float64(n-k))
	scale := math.Sqrt(float64(large - k))
	var low, high [3]float64 // of the middle
	for i, values := range spectra {
		middle := values[k+cut : n-cut]
		low[i], high[i] = slices.Min(middle), slices.Max(middle)
	}
	a, b := 1-r, 1+r
	fits := high[nominal]*a < low[nominal]*b
	sure = true
	if len(spectra) > 1 {
		// With the ends of the middle at their worst, whatever was decided holds.
		if fits {
			sure = high[highest]*a < low[lowest]*b
		} else {
			sure = high[lowest]*a >= low[highest]*b
		}
	}
	for i, values := range spectra {
		switch bulk := values[k:]; {
		case fits && high[i]*a < low[i]*b:
			sigma[i] = maximise(bulk, cut, r) / scale
		default:
			sigma[i] = (bulk[len(bulk)/2] + bulk[(len(bulk)-1)/2]) / 2 / (mp.Median(r) * scale)
		}
	}
	if len(spectra) == 1 {
		sigma[lowest], sigma[highest] = sigma[nominal], sigma[nominal]
	}
	return sigma, sure
}

// maximise returns the scale at which the derivative of the likelihood by log
// scale changes its sign, by bisection between the ends of where it exists.
func maximise(bulk []float64, cut int, r float64) float64 {
	middle := bulk[cut : len(bulk)-cut]
	high, low := slices.Max(middle), slices.Min(middle)
	if high == 0 {
		return 0
	}
	from, to := high/(1+r), 8*high/(1+r)
	if r < 1 {
		to = min(to, low/(1-r))
	}
	for r == 1 && score(bulk, cut, to, r) > 0 {
		to *= 2
	}
	for {
		mid := from + (to-from)/2
		if mid <= from || mid >= to || to-from < 1e-15*to {
			return mid
		}
		if score(bulk, cut, mid, r) > 0 {
			from = mid
		} else {
			to = mid
		}
	}
}

// score returns the derivative of the logarithm of the likelihood by the
// logarithm of the scale.
func score(bulk []float64, cut int, scale, r float64) float64 {
	a, b := 1-r, 1+r
	var sum float64
	for _, s := range bulk[cut : len(bulk)-cut] {
		y := s / scale
		sum += y * y / ((b - y) * (b + y))
		if a == 0 {
			sum-- // also for y = 0
		} else {
			sum -= y * y / ((y - a) * (y + a))
		}
	}
	if cut > 0 {
		high, low := bulk[cut]/scale, bulk[len(bulk)-cut-1]/scale
		sum += float64(cut) * high * math.Exp(mp.LogProbSV(high, r)) / mp.Survival(mp.Angle(high, r), r)
		if below := mp.CDF(mp.Angle(low, r), r); below > 0 {
			sum -= float64(cut) * low * math.Exp(mp.LogProbSV(low, r)) / below
		} else {
			sum -= float64(cut) // the limit for a = 0
		}
	}
	return sum
}
