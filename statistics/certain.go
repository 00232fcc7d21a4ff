package statistics

import "math"

// certify enters what the errors of the singular values can do to a fit with its x_min
// at place i.
//
// Let ηⱼ bound the error of Lⱼ = ln λⱼ. Between the computed and the exact spectrum lies a
// straight line of spectra, all of them in order. Along it, with u = (Lⱼ−Lᵢ)/M and M the
// mean of ln(λ/x_min) from i on, whose error is at most η = ηᵢ + mean ηⱼ,
//
//	|dF| = e^−u·|du| ≤ e^−u·(ηᵢ+ηⱼ)/M + u·e^−u·η/M ≤ (ηᵢ + max ηⱼ + η/e)/(M−η)
//
// as u ≥ 0 and u·e^−u ≤ 1/e. By no more than that can F move at any place, and so the
// distance, which is the maximum of what is compared with fixed steps. The best x_min
// cannot be another if the distance of each, less what it can move by, is above that of
// the best one and what that can move by.
func (s *Spectrum) certify(f *fit, best int, p *PowerLaw) {
	m := newMoves(s, f)
	p.DistanceBound = m.of(best)
	p.Bound = math.Inf(1)
	p.Uncertain = !m.alone(best, p.Distance)
	if eta := m.mean(best); !p.Uncertain && eta < f.mean[best] {
		exponent := 1 / f.mean[best]
		p.Bound = max(1/(f.mean[best]-eta)-exponent, exponent-1/(f.mean[best]+eta)) + rounding(p.Tail)*p.Alpha
	}
	m.norms(p)
}

// moves says by how much distances can move.
type moves struct {
	*fit
	zeros     int       // values of 0, before the first of fit
	eta       []float64 // bound on the error of each logarithm; +Inf where the value may be 0
	most, sum []float64 // the largest of those from a place on, and their sum
	low, high []float64 // ends of each logarithm, zeros included
	highSum   []float64 // sum of high from a place on
}

func newMoves(s *Spectrum, f *fit) *moves {
	n, all := len(f.logs), len(s.values)
	m := &moves{fit: f, zeros: all - n, eta: make([]float64, n), most: make([]float64, n+1), sum: make([]float64, n+1),
		low: make([]float64, all), high: make([]float64, all), highSum: make([]float64, all+1)}
	for i := all - 1; i >= 0; i-- { // ascending, i counts from the smallest
		v, e := s.values[all-1-i], s.err(all-1-i)
		m.low[i], m.high[i] = math.Inf(-1), 2*math.Log(e)
		if j := i - m.zeros; j >= 0 {
			at, x := f.logs[j], e/v
			own := 0x1p-50 * (1 + math.Abs(at))
			m.high[i] = at + 2*x + own // ln(1+x) ≤ x
			if x < 1 {
				m.low[i] = at - 2*x/(1-x) - own // −ln(1−x) ≤ x/(1−x)
			}
		}
		m.highSum[i] = m.highSum[i+1] + m.high[i]
		if j := i - m.zeros; j >= 0 {
			m.eta[j] = max(f.logs[j]-m.low[i], m.high[i]-f.logs[j])
			m.most[j] = max(m.most[j+1], m.eta[j])
			m.sum[j] = m.sum[j+1] + m.eta[j]
		}
	}
	return m
}

// mean bounds the error of the mean logarithm from i on.
func (m *moves) mean(i int) float64 { return m.eta[i] + m.sum[i]/float64(len(m.logs)-i) }

// of bounds how far the distance of the law from i on can move.
func (m *moves) of(i int) float64 {
	eta := m.mean(i)
	if !(eta < m.fit.mean[i]) {
		return 1
	}
	return min(1, (m.eta[i]+m.most[i]+eta/math.E)/(m.fit.mean[i]-eta)+slack)
}

// alone reports whether no other place can have a distance as small as that of the best.
func (m *moves) alone(best int, least float64) bool {
	limit := least + m.of(best)
	if limit >= 1 {
		return false
	}
	n := len(m.logs)
	for d := 1; best-d >= 0 || best+d < n-1; d++ { // those nearby are the likeliest
		for _, i := range [2]int{best - d, best + d} {
			if i >= 0 && i < n-1 && !m.farther(i, limit) {
				return false
			}
		}
	}
	// What was found to be 0 takes part if it is not.
	for i := range m.zeros {
		if !math.IsInf(m.high[i], -1) && m.atLeast(i) <= limit {
			return false
		}
	}
	return true
}

// farther reports whether the distance from i on is above limit whatever the errors.
func (m *moves) farther(i int, limit float64) bool {
	need := limit + m.of(i)
	return need < 1 && m.distance(i, need) > need || m.atLeast(i+m.zeros) > limit
}

// atLeast bounds from below the distance of the law from i on, zeros counted, when nothing
// is known of its x_min but an upper end. A few places j suffice. There
//
//	k/u = Σ (L−Lᵢ)/(Lⱼ−Lᵢ)
//
// whose terms are at most 1 before j, at least 1 from j on, and there largest for the
// largest Lᵢ and L and the least Lⱼ.
func (m *moves) atLeast(i int) (least float64) {
	n, start := len(m.low), m.high[i]
	k := float64(n - i)
	for _, part := range [...]float64{0.02, 0.05, 0.1, 0.2, 0.3, 0.5} {
		j := i + 1 + int(part*k)
		if j >= n || !(m.low[j] > start) {
			continue
		}
		step := float64(j-i) / k
		above := float64(n - j)
		slow := k / (float64(j-i) + (m.highSum[j]-above*start)/(m.low[j]-start))
		fast := k / above
		low, high := -math.Expm1(-slow), -math.Expm1(-fast)
		least = max(least, low-step, step-high)
	}
	return least - slack
}

// norms enters the weighted exponent and the norm, when the exponent has its bound.
func (m *moves) norms(p *PowerLaw) {
	n, bound := len(m.logs), p.Bound
	top, topError := m.logs[n-1], m.eta[n-1]
	weighted := p.Alpha * top
	own := 0x1p-48 * (1 + math.Abs(weighted))
	p.Weighted = Estimate{weighted / math.Ln10, (bound*(math.Abs(top)+topError) + p.Alpha*topError + own) / math.Ln10}

	// Beside α·ln λ_max the norm has the logarithm of Σ x^α with x = λ/λ_max. Its slope in
	// α is a mean of ln x with weights w = x^α/Σx^α, and α times that is at least −ln n, as
	// Σ w·ln(1/w) ≤ ln n.
	var sum, low, high float64
	for i, l := range m.logs {
		x := math.Exp(p.Alpha * (l - top))
		sum += x
		low += x * max(0, 1-p.Alpha*m.eta[i])
		switch y := p.Alpha * (m.high[i+m.zeros] - l); {
		case y < 0.5:
			high += x * (1 + y + y*y) // at least eʸ
		default:
			high += math.Exp(p.Alpha*(l-top) + y)
		}
	}
	for _, h := range m.high[:m.zeros] {
		high += math.Exp(p.Alpha * (h - top))
	}
	value := weighted + math.Log(sum)
	slope := math.Abs(top) + topError + math.Log(float64(len(m.high)))/max(1, p.Alpha-bound)
	norm := between(weighted+math.Log(low), value, weighted+math.Log(high))
	norm.Error += bound*slope + rounding(n)*(1+math.Abs(value))
	p.LogNorm = Estimate{norm.Value / math.Ln10, norm.Error / math.Ln10}
}
