package rmt

import "math"

// maxTerms bounds the terms of a moment that are summed; with more, its order is so
// high that what it tends to is as good.
const maxTerms = 1 << 20

// Moment returns the mean of xᵏ for k ≥ 0, the Narayana polynomial
// Sigma²ᵏ·Σⱼ (k over j)·(k−1 over j)/(j+1)·Aspectʲ (Bai & Silverstein 2010,
// lemma 3.1). It is NaN for k < 0.
func (d MarchenkoPastur) Moment(k int) float64 {
	if !d.valid() || k < 0 {
		return math.NaN()
	}
	sum, e := narayana(k, d.Aspect)
	direct := math.Pow(d.Sigma, 2*float64(k)) * sum
	if e == 0 && direct > 0 && !math.IsInf(direct, 1) {
		return direct
	}
	// One of the factors has passed the range of float64; the product need not.
	return math.Exp2(2*float64(k)*math.Log2(d.Sigma) + math.Log2(sum) + e)
}

// narayana returns the polynomial as sum·2ᵉ, sum being finite and positive.
func narayana(k int, aspect float64) (sum, e float64) {
	if aspect > 1 && k > 1 {
		// The coefficients are the same from either end. The terms then fall, or
		// rise to a peak in the first half.
		sum, e = narayana(k, 1/aspect)
		if highest := math.Pow(aspect, float64(k-1)); e == 0 && highest <= math.MaxFloat64/sum {
			return sum * highest, 0
		}
		return sum, e + float64(k-1)*math.Log2(aspect)
	}
	sum, term := 1.0, 1.0
	for j := 1; j < k; j++ {
		if j > maxTerms {
			return 1, highMoment(float64(k), aspect)
		}
		ratio := float64(k-j+1) / float64(j) * float64(k-j) / float64(j+1) * aspect
		term *= ratio
		sum += term
		// The ratios fall with j, so what follows is below the rounding of the sum.
		if ratio < 0.5 && term < sum*0x1p-60 {
			break
		}
		if sum > 0x1p900 {
			sum, term, e = sum*0x1p-900, term*0x1p-900, e+900
		}
	}
	return sum, e
}

// highMoment returns the binary logarithm of the polynomial for a k that is large and an
// aspect ratio of at most 1: of ∫ xᵏ over the density near its upper end, u, where it is
// √(u−l)·√(u−x)/(2π·aspect·u) (Laplace's method).
func highMoment(k, aspect float64) float64 {
	r := math.Sqrt(aspect)
	return 2*k*math.Log1p(r)/math.Ln2 + math.Log2((1+r)*2*math.Sqrt(r)*math.Sqrt(math.Pi)/2/(2*math.Pi*aspect)) - 1.5*math.Log2(k)
}
