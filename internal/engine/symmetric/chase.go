package symmetric

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/block"
	"github.com/gospectrum/spectrum/internal/engine/householder"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// chaser reduces a band matrix to tridiagonal form. Sweep j eliminates column j
// below its first subdiagonal and chases the bulge this makes down the band, a
// step for each Band rows (Bischof, Lang & Sun 2000).
type chaser[T kernel.Float] struct {
	k *kernel.Kernel[T]
	b *block.BandMatrix[T]
}

// sweep is the state of a sweep, with scratch.
type sweep[T kernel.Float] struct {
	householder.Sweep[T]
	y, w householder.Vec[T]
}

// Tridiagonalise is the second stage of [Values]: it returns the diagonal and
// the subdiagonal of a tridiagonal matrix with the eigenvalues of b, which it
// overwrites.
func Tridiagonalise[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], b *block.BandMatrix[T], workers int) (d, e []float64, err error) {
	c := &chaser[T]{k: k, b: b}
	if err := householder.Chase(ctx, b.N, workers, func() *sweep[T] { return new(sweep[T]) }, c.step); err != nil {
		return nil, nil, err
	}
	d, e = make([]float64, b.N), make([]float64, max(0, b.N-1))
	for i := range d {
		d[i] = float64(b.At(i, i))
		if i > 0 {
			e[i-1] = float64(b.At(i, i-1))
		}
	}
	return d, e, nil
}

// step moves sweep j through its t-th window.
func (c *chaser[T]) step(j, t int, r *sweep[T]) {
	k, p := c.k, j+1+t*kernel.Band
	if t == 0 {
		r.Eliminate((*householder.Vec[T])(c.b.Window(p, j)))
	}
	// Two-sided on the diagonal window: D ← H·D·H = D − v·wᵀ − w·vᵀ.
	d := c.b.Window(p, p)
	k.SymMul(d, &r.V, &r.y)
	half := r.Tau * r.Tau * householder.Dot(&r.V, &r.y) / 2
	for i, v := range r.V {
		r.w[i] = T(r.Tau*float64(r.y[i]) - half*float64(v))
	}
	k.SymRank2(d, &r.V, &r.w)

	q := p + kernel.Band
	if q >= c.b.N {
		return
	}
	r.Columns(k, c.b.Window(q, p), c.b.Stride)
}
