package native

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// # Deflation
//
// A few large singular values spoil the small ones: the errors of G are relative
// to its elements, which the large ones fill. So they are taken out of W, before G
// is computed, along with their singular vectors: with U an orthonormal basis of
// the vectors, W = U·Z + W′, Z = Uᵀ·W. In an orthonormal basis that begins with U,
// G is
//
//	[ Z·Zᵀ  Rᵀ     ]
//	[ R     W′·W′ᵀ ]    R = W′·Zᵀ
//
// and without R its eigenvalues are those of Z·Zᵀ and, but for rank(U) zeros, of
// W′·W′ᵀ. An eigenvalue of one that is η away from those of the other moves by at most
// 2‖R‖²/(η + √(η² + 4‖R‖²)) without R (Li & Li 2005), and R vanishes as U converges.
//
// U comes from a few products with W·Wᵀ, by the block Lanczos method. They are made before
// there is any G when a sample of W says that it is dominated by few directions (see
// look); if only G shows that, they are made with G, which then is computed again.

const (
	// candidates is the number of vectors that are multiplied at a time.
	candidates = kernel.Band
	// The numbers of products for U. Those with W cost 4·candidates/n of the Gram matrix
	// each; the direct way, whose errors are relative to the largest value that is left, is
	// worth one more. Those with G cost next to nothing, but start from vectors at random.
	productsOfW      = 3
	productsOfG      = 5
	productsOfDirect = 4
	// most is the largest number of columns of U.
	most = 2 * candidates
	// outstanding is how much larger than the mean of all others an eigenvalue is that is
	// taken out. Those of noise are at most 4.
	outstanding = 4
	// allowance is the part of the error that R may make, in units of ε times the mean of
	// the eigenvalues that are left: little beside boundFactor.
	allowance = 8
	// resolution times ε times the largest eigenvalue is the least mean that is believed: where
	// few directions hold nearly all of the trace, which may be an estimate, nothing is known of
	// the others.
	resolution = 64
	// spread·(m/n)² is how much larger than that of noise ‖G‖²_F·n/tr² must be for
	// deflation to pay when there is a Gram matrix already: it costs a second one, and the
	// narrower a matrix, the larger its least values.
	spread = 6
	// minDeflated is the least order of G: small ones gain nothing by float32.
	minDeflated = 8 * candidates
	// deflationBytes are allocated at most for each row of G: panels of candidates in T, two by
	// the look and two by the Lanczos method, and in float64 its basis, three of candidates and
	// U; by the projection three of most in T. deflationFixed are those of the slabs' products
	// and of small matrices.
	deflationBytes = 4*(4*candidates+3*most) + 8*((productsOfG+3)*candidates+most)
	deflationFixed = 2 << 20
)

// dominated reports whether a few eigenvalues dwarf the others of the Gram matrix
// of an n×m matrix. For noise, ‖G‖²_F·n/tr² is 1 + n/m.
func dominated(n, m int, trace, frobenius float64) bool {
	beta := float64(n) / float64(m)
	return n >= minDeflated &&
		frobenius*frobenius*float64(n)*beta*beta > spread*(1+beta)*trace*trace
}

// columns returns an orthonormal basis of the eigenvectors that are worth taking out of
// a matrix with the given trace and order, and found well enough, as columns; nil if there
// are none.
func (r *ritz) columns(trace float64, order int) *mat.Dense {
	if r == nil {
		return nil
	}
	count, size := 0, len(r.values)
	rest, coupling := trace, 0.
	for count < min(most, size) {
		value, residual := r.values[size-1-count], r.residuals[size-1-count]
		rest -= value
		coupling += residual * residual
		mean := max(rest/float64(order), resolution*kernel.Eps32*r.values[size-1])
		if value <= outstanding*mean || coupling > allowance*kernel.Eps32*mean*value {
			break
		}
		count++
	}
	if count == 0 {
		return nil
	}
	return r.top(count)
}

// outliers are eigenvalues that were taken out of a Gram matrix, descending.
type outliers struct {
	top      []float64
	coupling float64 // ‖R‖ of what connects them with the others
	rounding float64 // bounds what taking them out has added to W′, in the spectral norm
	leak     float64 // ‖Uᵀ·W′‖ of what it has left of their directions in W′, which Z lacks
}

// scale multiplies the matrix that they come from by 2^shift, shift even.
func (o *outliers) scale(shift int) {
	o.coupling = math.Ldexp(o.coupling, shift)
	o.rounding, o.leak = math.Ldexp(o.rounding, shift/2), math.Ldexp(o.leak, shift/2)
	for i := range o.top {
		o.top[i] = math.Ldexp(o.top[i], shift)
	}
}

// join returns the eigenvalues of both parts, descending, and a bound on what leaving out
// R does to each.
func (o outliers) join(others []float64) (all, extra []float64) {
	type eigenvalue struct{ value, extra float64 }
	both := make([]eigenvalue, 0, len(o.top)+len(others))
	for _, v := range o.top {
		both = append(both, eigenvalue{v, couplingError(o.coupling, v, others)})
	}
	for _, v := range others {
		both = append(both, eigenvalue{v, couplingError(o.coupling, v, o.top)})
	}
	slices.SortFunc(both, func(x, y eigenvalue) int { return cmp.Compare(y.value, x.value) })
	for _, e := range both {
		all, extra = append(all, e.value), append(extra, e.extra)
	}
	return all, extra
}

// apart bounds what else is wrong with √λ for being computed apart from the outliers, given
// the largest eigenvalue of the others: the rounding errors of W′, and its leak, which moves λ as
// a coupling of at most leak·√largest with eigenvalues below leak² does, and no singular value
// by more than itself.
func (o outliers) apart(lambda, largest float64) float64 {
	if o.leak == 0 {
		return o.rounding
	}
	delta := couplingError(o.leak*math.Sqrt(largest), max(lambda, o.leak*o.leak), []float64{o.leak * o.leak})
	return o.rounding + min(o.leak, rootError(lambda, delta))
}

// couplingError bounds what leaving out R does to an eigenvalue of one part, given those
// of the other in descending order.
func couplingError(coupling, value float64, others []float64) float64 {
	if coupling == 0 || len(others) == 0 {
		return 0
	}
	// The first of the others that is not above the value, and the one before it.
	i, _ := slices.BinarySearchFunc(others, value, func(other, value float64) int {
		if other > value {
			return -1
		}
		return 1
	})
	gap := math.Inf(1)
	for _, other := range others[max(0, i-1):min(len(others), i+1)] {
		gap = min(gap, math.Abs(other-value))
	}
	return 2 * coupling * coupling / (gap + math.Sqrt(gap*gap+4*coupling*coupling))
}
