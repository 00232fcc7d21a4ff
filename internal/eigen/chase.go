package eigen

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/gospectrum/spectrum/internal/kernel"
	"github.com/gospectrum/spectrum/internal/parallel"
)

// vec is a vector as long as the band is wide.
type vec[T kernel.Float] = [Band]T

// maxGroup is the number of sweeps that one worker interleaves, so that the part
// of the band they work on stays in its L2 cache.
const maxGroup = 8

// chaser reduces a band matrix to tridiagonal form. Sweep j eliminates column j
// below its first subdiagonal and chases the bulge this makes down the band, a
// step for each Band rows (Bischof, Lang & Sun 2000; the order of the sweeps as
// in Haidar, Ltaief & Dongarra 2011).
//
// Step t of a sweep touches rows and columns that steps t and t+1 of the sweep
// before it touch, and none of its later ones, so sweeps follow each other two
// steps apart. Every element sees the same operations in the same order
// whatever the number of workers.
type chaser[T kernel.Float] struct {
	k      *kernel.Kernel[T]
	b      *kernel.BandMatrix[T]
	sweeps int
	group  int            // sweeps interleaved by a worker
	done   []atomic.Int32 // steps finished by the last sweep of each group
}

// Tridiagonalise is the second stage of [Values]: it returns the diagonal and
// the subdiagonal of a tridiagonal matrix with the eigenvalues of b, which it
// overwrites.
func Tridiagonalise[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], b *kernel.BandMatrix[T], workers int) (d, e []float64, err error) {
	c := &chaser[T]{k: k, b: b, sweeps: max(0, b.N-2)}
	c.group = max(1, min(maxGroup, c.steps(0)/(4*workers)))
	groups := (c.sweeps + c.group - 1) / c.group
	c.done = make([]atomic.Int32, groups)
	workers = min(workers, groups)
	parallel.Each(workers, func(w int) {
		v := make([]reflection[T], c.group)
		for g := w; g < groups && ctx.Err() == nil; g += workers {
			c.chase(ctx, g, v)
		}
	})
	if err := ctx.Err(); err != nil {
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

// steps returns the number of windows sweep j goes through.
func (c *chaser[T]) steps(j int) int { return (c.b.N - j - 1 + Band - 1) / Band }

// reflection is the Householder reflector I − tau·v·vᵀ that a sweep is about to
// apply.
type reflection[T kernel.Float] struct {
	v   vec[T]
	tau float64
	// Scratch, here because kernels let their arguments escape to the heap.
	y, w, z, d, old vec[T]
}

// chase runs the sweeps of group g, each two steps behind the one before.
func (c *chaser[T]) chase(ctx context.Context, g int, v []reflection[T]) {
	first := g * c.group
	count := min(c.group, c.sweeps-first)
	last := first + count - 1
	before := 0 // steps of the last sweep of the group before
	if g > 0 {
		before = c.steps(first - 1)
	}
	for t := range c.steps(last) + 2*(count-1) + 1 {
		if t < c.steps(first) && g > 0 && !c.wait(ctx, g-1, min(t+2, before)) {
			return
		}
		for s := range count {
			if step := t - 2*s; step >= 0 && step < c.steps(first+s) {
				c.step(first+s, step, &v[s])
				if s == count-1 {
					c.done[g].Store(int32(step + 1))
				}
			}
		}
	}
}

// wait returns when group g has finished the given number of steps, or false
// when ctx ends.
func (c *chaser[T]) wait(ctx context.Context, g, steps int) bool {
	for spin := 0; int(c.done[g].Load()) < steps; spin++ {
		if spin > 100 {
			// The other worker takes microseconds; parking would take longer.
			runtime.Gosched()
			if ctx.Err() != nil {
				return false
			}
		}
	}
	return true
}

// step moves sweep j through its t-th window.
func (c *chaser[T]) step(j, t int, r *reflection[T]) {
	k, p := c.k, j+1+t*Band
	if t == 0 {
		r.eliminate((*vec[T])(c.b.Window(p, j)))
	}
	// Two-sided on the diagonal window: D ← H·D·H = D − v·wᵀ − w·vᵀ. τ stays in
	// float64: rounding it would err in the same direction everywhere.
	d := c.b.Window(p, p)
	k.SymMul(d, &r.v, &r.y)
	half := r.tau * r.tau * dot(&r.v, &r.y) / 2
	for i, v := range r.v {
		r.w[i] = T(r.tau*float64(r.y[i]) - half*float64(v))
	}
	k.SymRank2(d, &r.v, &r.w)

	q := p + Band
	if q >= c.b.N {
		return
	}
	// From the right on the window below, H ← H·(I − τ·v·vᵀ); then a new
	// reflector u removes the first column of the bulge from the left. Both
	// make one update of rank two: Hᵀu is computed from the old H.
	h := c.b.Window(q, p)
	k.Mul(h, &r.v, &r.z)
	r.old = r.v
	first := (*vec[T])(h)
	head := *first
	for i, z := range r.z {
		r.z[i] = T(r.tau * float64(z))
		head[i] -= r.z[i] // v[0] is 1
	}
	r.eliminate(&head)
	k.MulT(h, &r.v, &r.d)
	uz := dot(&r.v, &r.z)
	for i, x := range r.d {
		r.d[i] = T(r.tau * (float64(x) - uz*float64(r.old[i])))
	}
	k.Rank2(h, &r.z, &r.old, &r.v, &r.d)
	*first = head
}

// dot returns xᵀy, in four sums that do not wait for each other.
func dot[T kernel.Float](x, y *vec[T]) float64 {
	var a, b, c, d float64
	for i := 0; i < Band; i += 4 {
		a += float64(x[i]) * float64(y[i])
		b += float64(x[i+1]) * float64(y[i+1])
		c += float64(x[i+2]) * float64(y[i+2])
		d += float64(x[i+3]) * float64(y[i+3])
	}
	return (a + b) + (c + d)
}

// eliminate sets r to the reflector that maps x to a multiple of the first
// unit vector, and x to that.
func (r *reflection[T]) eliminate(x *vec[T]) {
	alpha := float64(x[0])
	x[0] = 0
	scale := tailScale(alpha, dot(x, x))
	for i, v := range x {
		r.v[i] = T(float64(v) * scale)
	}
	vv, vx := 1+dot(&r.v, &r.v), alpha+dot(&r.v, x)
	r.v[0], r.tau = 1, 0
	if scale != 0 {
		r.tau = 2 / vv
	}
	*x = vec[T]{T(alpha - r.tau*vx)}
}
