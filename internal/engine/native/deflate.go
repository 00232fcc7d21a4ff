package native

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/block"
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
// W′·W′ᵀ. R moves none by more than min(‖R‖, ‖R‖²/gap), gap the distance between
// the eigenvalues of both (Mathias 1998), and vanishes as U converges.

const (
	// candidates is the number of vectors iterated for U.
	candidates = 48
	// powers is the number of times the iteration multiplies by G. The vector of
	// a value at least dominance·λ converges by that factor each time, with λ
	// the last candidate's.
	powers    = 10
	dominance = 4
	// spread·(m/n)² is how much larger than that of noise ‖G‖²_F·n/tr² must be for
	// deflation to pay: it costs a second Gram matrix, and the narrower a matrix,
	// the larger its least values.
	spread = 6
	// minDeflated is the least order of G: small ones gain nothing by float32.
	minDeflated = 8 * candidates
	// deflationBytes are allocated for each row of G: five float32 vectors and
	// four float64 ones for each candidate.
	deflationBytes = candidates * (5*4 + 4*8)
)

// dominated reports whether a few eigenvalues dwarf the others of the Gram matrix
// of an n×m matrix. For noise, ‖G‖²_F·n/tr² is 1 + n/m.
func dominated(n, m int, trace, frobenius float64) bool {
	beta := float64(n) / float64(m)
	return n >= minDeflated &&
		frobenius*frobenius*float64(n)*beta*beta > spread*(1+beta)*trace*trace
}

// dominant returns an orthonormal basis of the invariant subspace of the
// eigenvalues of g that stand out, or nil where none do.
func dominant[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], g *block.Sym[T], workers int) (*mat.Dense, error) {
	rnd := rand.New(rand.NewPCG(1, 2))
	v := mat.NewDense(g.N, candidates, nil)
	for i := range g.N {
		for j := range candidates {
			v.Set(i, j, rnd.NormFloat64())
		}
	}
	x, y := block.NewPanels(k, g.N, candidates), block.NewPanels(k, g.N, candidates)
	// Two products between orthonormalisations: the squared condition number
	// of what they make still leaves digits in float64.
	for range powers / 2 {
		if !orthonormalise(v) {
			return nil, nil
		}
		store(x, v)
		for range 2 {
			if err := block.MulSym(ctx, k, g, x, y, workers); err != nil {
				return nil, err
			}
			x, y = y, x
		}
		load(v, x)
	}
	if !orthonormalise(v) {
		return nil, nil
	}
	store(x, v)
	if err := block.MulSym(ctx, k, g, x, y, workers); err != nil {
		return nil, err
	}
	return ritz(v, y), nil
}

// ritz returns the Ritz vectors of the values that stand out, given an orthonormal
// v and gv = G·v; nil where there are none.
func ritz[T kernel.Float](v *mat.Dense, gv *block.Panels[T]) *mat.Dense {
	n, _ := v.Dims()
	product := mat.NewDense(n, candidates, nil)
	load(product, gv)
	var h mat.Dense
	h.Mul(v.T(), product)
	sym := mat.NewSymDense(candidates, nil)
	for i := range candidates {
		for j := range i + 1 {
			sym.SetSym(i, j, (h.At(i, j)+h.At(j, i))/2)
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(sym, true) {
		return nil
	}
	values := eig.Values(nil) // ascending
	rank := 0
	for rank < candidates-1 && values[candidates-1-rank] > dominance*values[0] {
		rank++
	}
	if rank == 0 || values[0] <= 0 {
		return nil
	}
	var vectors, u mat.Dense
	eig.VectorsTo(&vectors)
	u.Mul(v, vectors.Slice(0, candidates, candidates-rank, candidates))
	return &u
}

// orthonormalise makes the columns of v orthonormal by two Cholesky
// factorisations; it fails where they are dependent.
func orthonormalise(v *mat.Dense) bool {
	raw := v.RawMatrix()
	for range 2 {
		s := blas64.Symmetric{Uplo: blas.Upper, N: raw.Cols, Stride: raw.Cols, Data: make([]float64, raw.Cols*raw.Cols)}
		blas64.Syrk(blas.Trans, 1, raw, 0, s)
		t, ok := lapack64.Potrf(s)
		if !ok {
			return false
		}
		blas64.Trsm(blas.Right, blas.NoTrans, 1, t, raw)
	}
	return true
}

func store[T kernel.Float](p *block.Panels[T], m *mat.Dense) {
	r, c := m.Dims()
	for i := range r {
		for j := range c {
			p.Set(i, j, T(m.At(i, j)))
		}
	}
}

func load[T kernel.Float](m *mat.Dense, p *block.Panels[T]) {
	r, c := m.Dims()
	for i := range r {
		for j := range c {
			m.Set(i, j, float64(p.Get(i, j)))
		}
	}
}

// outliers are eigenvalues that were taken out of a Gram matrix, descending.
type outliers struct {
	top      []float64
	coupling float64 // ‖R‖ of what connects them with the others
}

// scale multiplies all by 2^shift.
func (o *outliers) scale(shift int) {
	o.coupling = math.Ldexp(o.coupling, shift)
	for i := range o.top {
		o.top[i] = math.Ldexp(o.top[i], shift)
	}
}

// error bounds what leaving out the connection does to any eigenvalue.
func (o outliers) error(others []float64) float64 {
	if len(o.top) == 0 {
		return 0
	}
	return couplingError(o.coupling, o.top[len(o.top)-1]-others[0])
}

// couplingError bounds what leaving out R does to any eigenvalue.
func couplingError(coupling, gap float64) float64 {
	if gap <= 0 {
		return coupling
	}
	return min(coupling, coupling*coupling/gap)
}
