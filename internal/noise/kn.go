package noise

import "math"

// kritchmanNadler tests one value after the other, largest first, against the
// edge of the noise that the rest would be, until one is not above it
// (Kritchman & Nadler 2008, 2009). With k values found to be signal, the variance
// v of the noise solves their equation
//
//	(n−k)·m·v = Σ_{j>k} sⱼ² + Σ_{j≤k} (sⱼ² − m·ρⱼ),  ρ² − ρ·(λ+v−v·γ) + λ·v = 0
//
// with λ = s²/m and γ = (n−k)/m: the mean of the noise values, corrected for what
// noise adds to the signal values. The edge is that of the (n−k)×(m−k) matrix
// which remains.
//
// v grows with every noise value and falls with every signal value, so changing
// all of them to one side gives its bounds.
//
// Values above the edge for k are above those for all larger k too, and are passed over:
// taking one more value for signal takes ρ ≥ v out of the noise instead of v and lessens γ,
// which raises the other ρ, so that v falls; and so does the v of the simple equation, by
// more than its n−k and m−k. Only where the next value is not above the last edge is the
// equation solved again.
func kritchmanNadler(s Sample, edge unitEdge) Estimate {
	n, m := s.Small, s.Large
	unit := 0 // fits are of the values times 2^unit
	fits := newSquares(s, unit)
	certain, least := true, s.Values
	if s.Errors != nil {
		least = s.shifted(-1)
	}
	for k := 0; ; {
		if v := s.Values[k]; v > 0 && math.Ldexp(v, unit) < 1/farAbove {
			_, e := math.Frexp(v)
			unit = -e
			fits = newSquares(s, unit)
		}
		sigma, agreed := sigmas(fits, k, m, unit)
		certain = certain && agreed
		factor := edge(n-k, m-k)
		value, t, err := s.Values[k], sigma[nominal]*factor, 0.
		if s.Errors != nil {
			err = s.Errors[k]
		}
		if value <= t || k == n-1 {
			slack := rounding(n) * t
			certain = certain && (k == n-1 || s.Errors == nil || value+err+slack <= sigma[lowest]*factor)
			return finish(sigma, factor, certain, n)
		}
		certain = certain && (s.Errors == nil || value-err > sigma[highest]*factor*(1+rounding(n)))
		top := max(t, sigma[highest]*factor) * (1 + rounding(n))
		if !certain { // nor will it be: the values as they are decide alone
			s.Errors = nil
			fits, least, top = fits[:nominal+1], s.Values, t*(1+rounding(n))
		}
		for k++; k < n-1 && least[k] > top; k++ {
		}
	}
}

// sigmas returns the noise scale of each variant for k signal values, and whether the equation
// has a solution for all of them or for none.
func sigmas(fits []squares, k, large, unit int) (sigma [3]float64, agreed bool) {
	converged := 0
	for i := range fits {
		v, ok := fits[i].sigma(k, large)
		if sigma[i] = math.Ldexp(v, -unit); ok {
			converged++
		}
	}
	if len(fits) == 1 {
		sigma[lowest], sigma[highest] = sigma[nominal], sigma[nominal]
	}
	return sigma, converged == 0 || converged == len(fits)
}

// farAbove is so many times the noise that a signal value may be taken for as many, which
// changes nothing, and whose fourth power, and that of its inverse, is far from the ends of the
// range of float64.
const farAbove = 0x1p200

// squares are the squared values of one variant: as signal and, summed from
// each on, as noise.
type squares struct {
	signal []float64
	rest   []float64 // rest[k] = Σ_{j≥k} of the values as noise
}

// newSquares squares the values times 2ᵉ, the largest of which are cut to what is far above
// the noise.
func newSquares(s Sample, e int) []squares {
	values := shiftExponents(s.Values, e)
	if s.Errors == nil {
		return []squares{makeSquares(values, values)}
	}
	low, high := shiftExponents(s.shifted(-1), e), shiftExponents(s.shifted(1), e)
	fits := make([]squares, 3)
	fits[nominal] = makeSquares(values, values)
	fits[lowest] = makeSquares(high, low)
	fits[highest] = makeSquares(low, high)
	return fits
}

func makeSquares(signal, noise []float64) squares {
	n := len(signal)
	q := squares{make([]float64, n), make([]float64, n+1)}
	for i := n - 1; i >= 0; i-- {
		far := min(signal[i], farAbove)
		q.signal[i] = far * far
		q.rest[i] = q.rest[i+1] + noise[i]*noise[i]
	}
	return q
}

// sigma returns √v for k signal values. ok reports whether the equation has a
// solution; if not, because a signal value is within the noise, the result is
// the root of Σ_{j>k} sⱼ²/((n−k)(m−k)), what the equation gives for strong signals.
//
// The difference of the two sides is concave and grows with v, so Newton's
// steps from the left never pass the solution.
func (q squares) sigma(k, large int) (sigma float64, ok bool) {
	n, m := float64(len(q.signal)-k), float64(large)
	simple := q.rest[k] / (n * (m - float64(k)))
	v := simple
	for range 100 {
		gap, slope, inside := q.gap(v, k, m)
		if !inside || !(slope > 0) {
			return math.Sqrt(simple), false
		}
		next := v - gap/slope
		if !(next > v*(1+0x1p-50)) {
			return math.Sqrt(v), true
		}
		v = next
	}
	return math.Sqrt(simple), false
}

// gap returns the difference of the two sides of the equation and its
// derivative. inside reports whether every signal value is above the noise.
func (q squares) gap(v float64, k int, m float64) (gap, slope float64, inside bool) {
	n := float64(len(q.signal) - k)
	gap, slope = n*m*v-q.rest[k], n*m
	// s² − m·ρ = (s² − v·(m−n) − √D)/2, D = s⁴ − 2·s²·v·(m+n) + v²·(m−n)²
	for _, s2 := range q.signal[:k] {
		b := s2 - v*(m+n)
		d := b*b - 4*v*v*m*n
		if b <= 0 || d <= 0 {
			return 0, 0, false
		}
		d = math.Sqrt(d)
		// (x−√D)/2 = (x²−D)/(2·(x+√D)) with x²−D = 4·s²·v·n does not cancel.
		gap -= 2 * s2 * v * n / (s2 - v*(m-n) + d)
		slope -= 0.5 * (-(m - n) + (s2*(m+n)-v*(m-n)*(m-n))/d)
	}
	return gap, slope, true
}
