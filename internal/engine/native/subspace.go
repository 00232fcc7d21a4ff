package native

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine"
	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// operator sets y to A·x, for a symmetric A of order n and few columns.
type operator[T kernel.Float] func(x, y *block.Panels[T]) error

// ritz are approximations to the largest eigenvalues of a symmetric matrix, with their
// vectors.
type ritz struct {
	values    []float64 // ascending
	residuals []float64 // ‖A·v − value·v‖
	basis     *mat.Dense
	vectors   mat.Dense // in the basis
}

// krylov returns what the block Lanczos method finds in the given number of products with
// A, from the columns of start, which it overwrites (Golub & Underwood 1977). New columns
// are made orthogonal to all before them, twice. It returns nil where the columns of
// start are dependent.
func krylov[T kernel.Float](k *kernel.Kernel[T], start *mat.Dense, products int, multiply operator[T]) (*ritz, error) {
	n, width := start.Dims()
	x, y := block.NewPanels(k, n, width), block.NewPanels(k, n, width)
	basis, h := mat.NewDense(n, products*width, nil), mat.NewSymDense(products*width, nil)
	if !orthonormalise(start) {
		return nil, nil
	}
	next, size := start, 0
	part, rest := mat.NewDense(n, width, nil), mat.NewDense(n, width, nil)
	for {
		last := basis.Slice(0, n, size, size+width).(*mat.Dense)
		last.Copy(next)
		store(x, next)
		if err := multiply(x, y); err != nil {
			return nil, err
		}
		load(next, y)
		enter(h, size, size, product(last.T(), next))
		size += width
		for range 2 {
			known := basis.Slice(0, n, 0, size)
			part.Mul(known, product(known.T(), next))
			next.Sub(next, part)
		}
		rest.Copy(next)
		if size == products*width || !orthonormalise(next) {
			return newRitz(basis.Slice(0, n, 0, size).(*mat.Dense), h.SliceSym(0, size), rest)
		}
		enter(h, size, size-width, product(next.T(), rest))
	}
}

func product(a, b mat.Matrix) *mat.Dense {
	var p mat.Dense
	p.Mul(a, b)
	return &p
}

// enter sets a block of h at row i and column j ≤ i, and its transpose.
func enter(h *mat.SymDense, i, j int, block *mat.Dense) {
	rows, cols := block.Dims()
	for p := range rows {
		for q := range cols {
			v := block.At(p, q)
			if i == j {
				v = (v + block.At(q, p)) / 2
			}
			h.SetSym(i+p, j+q, v)
		}
	}
}

// newRitz solves the small eigenproblem h of A in the basis. rest is what A makes of the
// last columns of the basis outside of it.
func newRitz(basis *mat.Dense, h mat.Symmetric, rest *mat.Dense) (*ritz, error) {
	var eig mat.EigenSym
	if !eig.Factorize(h, true) {
		return nil, fmt.Errorf("%w of the eigenvalues of a subspace", engine.ErrConvergence)
	}
	r := &ritz{values: eig.Values(nil), basis: basis}
	eig.VectorsTo(&r.vectors)
	size, width := len(r.values), rest.RawMatrix().Cols
	squares, last := product(rest.T(), rest), r.vectors.Slice(size-width, size, 0, size).(*mat.Dense)
	for j := range size {
		r.residuals = append(r.residuals, math.Sqrt(max(0, mat.Inner(last.ColView(j), squares, last.ColView(j)))))
	}
	return r, nil
}

// top returns the vectors of the largest count values as columns.
func (r *ritz) top(count int) *mat.Dense {
	size := len(r.values)
	return product(r.basis, r.vectors.Slice(0, size, size-count, size))
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
