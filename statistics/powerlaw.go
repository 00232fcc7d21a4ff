package statistics

import "math"

// PowerLaw is a power law p(λ) ∝ λ^−α for λ ≥ XMin, fitted to the eigenvalues λ = s²
// as Clauset, Shalizi & Newman (2009) do it: for every x_min among the eigenvalues but
// the largest, α is the most likely exponent of the k eigenvalues from there on, and of
// all x_min the one is taken for which the law is nearest to them.
//
// Without two different eigenvalues above zero there is no such law: its numbers are NaN
// and Tail is 0.
type PowerLaw struct {
	Alpha    float64 // α = 1 + k/Σ ln(λ/x_min)
	XMin     float64 // x_min, in units of λ
	Distance float64 // Kolmogorov–Smirnov distance max |F(λ) − i/k|, i = 0…k−1 from x_min on
	Tail     int     // k

	StandardError float64 // of α, (α−1)/√k: what it would vary by if the eigenvalues were drawn independently

	// Bound bounds the error of Alpha that the errors of the singular values make. It is
	// +Inf where Uncertain.
	Bound float64
	// DistanceBound does the same for Distance.
	DistanceBound float64
	// Uncertain says that another x_min may be the best within these errors, so that
	// the exact Alpha may be quite another.
	Uncertain bool
	// Rejected says that the eigenvalues are too far from the law for it to be theirs,
	// see [PowerLaw.Statistic].
	Rejected bool

	Weighted Estimate // α·log₁₀ λ_max
	LogNorm  Estimate // log₁₀ Σ λ^α
}

// rejectedAbove is the 5 % critical value of [PowerLaw.Statistic] (Stephens 1974).
const rejectedAbove = 1.094

// Statistic returns Stephens' (1974) modified Kolmogorov–Smirnov statistic
// (D − 0.2/k)·(√k + 0.26 + 0.5/√k) of a law whose scale was fitted: ln(λ/x_min) has
// an exponential distribution where λ has a power law. Independent values of such a law
// pass 1.094 in 5 of 100 cases where x_min is given; where it is chosen so as to make the
// distance least, in fewer, and eigenvalues, which repel each other, in fewer still. A law
// that is rejected is therefore not that of the tail. [Spectrum.Bootstrap] tests a fit
// more sharply.
func (p PowerLaw) Statistic() float64 {
	k := math.Sqrt(float64(p.Tail))
	return (p.Distance - 0.2/(k*k)) * (k + 0.26 + 0.5/k)
}

// PowerLaw fits a power law to the tail of the eigenvalues. Of two x_min with the same
// distance it takes the smaller one. The fit is the same as by trying all x_min on all
// eigenvalues, but leaves out what cannot be the least, or the largest.
func (s *Spectrum) PowerLaw() PowerLaw {
	none := PowerLaw{Alpha: math.NaN(), XMin: math.NaN(), Distance: math.NaN(), StandardError: math.NaN(),
		Bound: math.NaN(), DistanceBound: math.NaN(), Weighted: undefined(), LogNorm: undefined()}
	if s.zero() {
		return none
	}
	f := newFit(s.logs)
	i, d := f.best()
	if i < 0 {
		return none
	}
	k := len(s.logs) - i
	smallest := s.values[k-1]
	p := PowerLaw{Alpha: 1 + 1/f.mean[i], XMin: smallest * smallest, Distance: d, Tail: k}
	p.StandardError = (p.Alpha - 1) / math.Sqrt(float64(k))
	p.Rejected = p.Statistic() > rejectedAbove
	s.certify(f, i, &p)
	return p
}

// fit is a search for x_min among values whose logarithms ascend.
type fit struct {
	logs []float64
	mean []float64 // of ln(λ/x_min) for each x_min: 1/(α−1)
	// Where the law was farthest below and above the values for the last x_min, counted
	// from the largest value. It is near there for the next one.
	below, above int
}

func newFit(logs []float64) *fit {
	n := len(logs)
	f := &fit{logs: logs, mean: make([]float64, n)}
	// Sums of terms that are not negative, so that nothing cancels.
	var sum float64
	for i := n - 2; i >= 0; i-- {
		k := float64(n - i)
		sum += (k - 1) * (logs[i+1] - logs[i])
		f.mean[i] = sum / k
	}
	return f
}

// best returns the x_min of the least distance, the first of equals, and that distance;
// −1 if there is none. It looks at some first, so that most others can be left out soon.
func (f *fit) best() (at int, least float64) {
	at, least = -1, math.Inf(1)
	try := func(i int) {
		if d := f.distance(i, least); d < least || d == least && i < at {
			at, least = i, d
		}
	}
	const stride = 64
	n := len(f.logs)
	for i := n - 2; i >= 0; i -= stride {
		try(i)
	}
	for i := n - 2; i >= 0; i-- {
		if (n-2-i)%stride != 0 {
			try(i)
		}
	}
	return at, least
}

// deviation returns F(λⱼ) − (j−i)/k for the law from i on.
func (f *fit) deviation(i, j int) float64 {
	return 1 - math.Exp(-(f.logs[j]-f.logs[i])/f.mean[i]) - float64(j-i)/float64(len(f.logs)-i)
}

// slack is more than the rounding of a deviation.
const slack = 1e-14

// distance returns max |deviation| for the law from i on, or, as soon as it is known to
// pass limit, any number above limit that it reaches. Where all values from i on are the
// same no law fits, and it is +Inf.
//
// F and j/k both ascend, so between two places the deviation is at most F at the second
// less j/k after the first, and at least F at the first less j/k before the second. An
// interval in which that is less than what was found elsewhere is left out, others are
// halved.
func (f *fit) distance(i int, limit float64) float64 {
	if !(f.mean[i] > 0) {
		return math.Inf(1)
	}
	n := len(f.logs)
	s := search{fit: f, i: i, limit: limit, low: -1, high: -1}
	// Places where it was large for another x_min.
	for _, fromTop := range [2]int{f.below, f.above} {
		if j := n - 1 - fromTop; j > i {
			s.look(j)
		}
	}
	if s.done() {
		return s.most
	}
	s.inside(i, s.look(i), n-1, s.look(n-1))
	if s.low >= 0 {
		f.below = n - 1 - s.low
	}
	if s.high >= 0 {
		f.above = n - 1 - s.high
	}
	return s.most
}

// search is one for the largest deviation.
type search struct {
	*fit
	i         int
	limit     float64
	most      float64 // the largest so far
	low, high int     // where it was the last time that it grew: below 0, and above
}

func (s *search) done() bool { return s.most > s.limit }

// look takes a place into account and returns its deviation.
func (s *search) look(j int) float64 {
	d := s.deviation(s.i, j)
	if a := math.Abs(d); a > s.most {
		s.most = a
		if d < 0 {
			s.low = j
		} else {
			s.high = j
		}
	}
	return d
}

// inside looks between two places of known deviations.
func (s *search) inside(from int, atFrom float64, to int, atTo float64) {
	for to-from > 1 && !s.done() {
		// j/k rises by this from one place to the other, ends left out.
		rise := float64(to-from-1) / float64(len(s.logs)-s.i)
		if max(atTo, -atFrom)+rise+slack <= s.most {
			return
		}
		mid := int(uint(from+to) >> 1)
		at := s.look(mid)
		s.inside(from, atFrom, mid, at)
		from, atFrom = mid, at
	}
}
