package statistics

import "math"

// Hill returns the Hill estimate of the exponent of the larger half of the eigenvalues
// λ = s²: with λ ascending and i = ⌊n/2⌋, counted from 0,
//
//	α = 1 + (n−i)/(Σ_{j≥i} ln λⱼ − (n−i)·ln λᵢ)
//
// as AlphaPruning, TempBalance and AlphaDecay have it. It is NaN where λᵢ is 0, or all from
// there on are the same.
func (s *Spectrum) Hill() Estimate {
	if s.zero() {
		return undefined()
	}
	n := len(s.values)
	k := n - n/2
	last := k - 1 // of λᵢ, counted from the largest
	if s.values[last] == 0 {
		return undefined()
	}
	least := math.Log(s.values[last])
	var sum, err float64
	for i, v := range s.values[:k] {
		sum += 2 * (math.Log(v) - least)
		err += s.logError(i)
	}
	if sum <= 0 {
		return undefined()
	}
	err += float64(k)*s.logError(last) + rounding(k)*sum
	a := float64(k) / sum
	return between(1+float64(k)/(sum+err), 1+a, 1+float64(k)/(sum-min(err, sum)))
}

// logError bounds the error of ln λ of value i.
func (s *Spectrum) logError(i int) float64 {
	own := 0x1p-51 * (1 + math.Abs(math.Log(s.values[i])))
	if r := s.err(i) / s.values[i]; r < 1 {
		return own - 2*math.Log1p(-r)
	}
	return math.Inf(1)
}

// Entropy returns the entropy of the singular values over its largest value, that of
// equal ones: −Σ p·ln p / ln n with p = s/Σs, between 0 and 1. It is NaN for a matrix of
// zeros and for a single value.
func (s *Spectrum) Entropy() Estimate {
	if s.zero() || len(s.values) < 2 {
		return undefined()
	}
	// With x = s/s₁ it is (ln Z + H/Z)/ln n, Z = Σx and H = −Σ x·ln x.
	unit := s.values[0]
	var z, h, zErr, hErr float64
	for i, v := range s.values {
		x, e := v/unit, s.err(i)/unit
		z += x
		h += content(x)
		zErr += e
		if e > 0 {
			hErr += contentError(x, e)
		}
	}
	n := float64(len(s.values))
	zErr += rounding(len(s.values)) * z
	hErr += rounding(len(s.values)) * (h + z)
	value := math.Log(z) + h/z
	e := math.Inf(1)
	if zErr < z {
		e = -math.Log1p(-zErr/z) + (math.Abs(h)*zErr/z+hErr)/(z-zErr)
	}
	return Estimate{value / math.Log(n), min(1, e/math.Log(n)+0x1p-50)}
}

// content is −x·ln x.
func content(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return -x * math.Log(x)
}

// contentError bounds the change of content between x−e, but not below 0, and x+e. It
// rises up to 1/e and falls from there on.
func contentError(x, e float64) float64 {
	at := content(x)
	low, high := content(max(0, x-e)), content(x+e)
	change := max(math.Abs(low-at), math.Abs(high-at))
	if x-e < 1/math.E && 1/math.E < x+e {
		change = max(change, 1/math.E-at)
	}
	return change
}

// EnergyRank returns the fewest singular values with this share of ‖W‖_F² = Σs². It is 0
// for a matrix of zeros. The error wraps [ErrOption] for a share that is not in 0…1.
func (s *Spectrum) EnergyRank(share float64) (Count, error) {
	if !(share >= 0 && share <= 1) {
		return Count{}, errShare(share)
	}
	return s.energyRank(share), nil
}

func (s *Spectrum) energyRank(share float64) Count {
	if s.zero() {
		return Count{High: s.possible()}
	}
	unit := s.values[0]
	// The energy of the first ones as computed, at most and at least, and the same of the
	// rest, for which it is the other way round.
	var first, rest [3]float64
	squares := func(i int) [3]float64 {
		v, e := s.values[i]/unit, s.err(i)/unit
		low := max(0, v-e)
		return [3]float64{v * v, (v + e) * (v + e), low * low}
	}
	for i := range s.values {
		q := squares(i)
		rest[0] += q[0]
		rest[1] += q[2]
		rest[2] += q[1]
	}
	room := [3]float64{0, rounding(len(s.values)), -rounding(len(s.values))}
	total := rest[0]
	found := [3]int{-1, -1, -1}
	for k := 0; k <= len(s.values); k++ {
		for c := range found {
			whole := first[c] + max(0, rest[c])
			if c == 0 {
				whole = total
			}
			// What is left of the rest is rounding where nothing is left.
			if found[c] < 0 && (first[c] >= (share-room[c])*whole || k == len(s.values)) {
				found[c] = k
			}
		}
		if k < len(s.values) {
			q := squares(k)
			for c := range first {
				first[c] += q[c]
			}
			rest[0], rest[1], rest[2] = rest[0]-q[0], rest[1]-q[2], rest[2]-q[1]
		}
	}
	return Count{found[0], min(found[1], found[0]), max(found[2], found[0])}
}

// NumericalRank returns the number of singular values above s₁·max(r, c)·epsilon, the
// tolerance of NumPy's matrix_rank and of MATLAB's rank. [Epsilon32] is that of weights
// which are stored in float32 or in fewer bits, [Epsilon64] that of float64. The error wraps
// [ErrOption] for an epsilon that is negative or not finite.
func (s *Spectrum) NumericalRank(epsilon float64) (Count, error) {
	if !(epsilon >= 0) || math.IsInf(epsilon, 1) {
		return Count{}, errEpsilon(epsilon)
	}
	return s.numericalRank(epsilon), nil
}

// The distance from 1 to the next number.
const (
	Epsilon32 = 0x1p-23 // in float32
	Epsilon64 = 0x1p-52 // in float64
)

func (s *Spectrum) numericalRank(epsilon float64) Count {
	if s.zero() {
		return Count{High: s.possible()}
	}
	factor := float64(max(s.rows, s.cols)) * epsilon
	t, e := s.values[0]*factor, s.err(0)*factor
	e += 0x1p-51 * t
	return s.above(t-e, t, t+e)
}

// possible is how many values of a spectrum of zeros may not be zero.
func (s *Spectrum) possible() (n int) {
	if s == nil {
		return 0
	}
	for i := range s.values {
		if s.err(i) > 0 {
			n++
		}
	}
	return n
}
