//go:build netlib && cgo

package spectrum

// The thread count is OpenBLAS's own extension of the C interface. Debian's
// packages are libopenblas-dev and liblapacke-dev.

/*
#cgo LDFLAGS: -llapacke -lopenblas
void openblas_set_num_threads(int);
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/netlib/lapack/lapacke"

	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// netlibBackend is LAPACK from a C library: divide and conquer, values only.
type netlibBackend struct{}

func netlibBackends() []Backend { return []Backend{netlibBackend{}} }

func (netlibBackend) Name() string { return "netlib" }

// Workspace counts the matrix twice: LAPACK wants it by columns, and the
// bindings, which know only matrices by rows, transpose it into a copy.
func (netlibBackend) Workspace(r, c int) int64 {
	return 8 * (2*int64(r)*int64(c) + 64*int64(r+c))
}

func (netlibBackend) Workers(r, c, workers int) int {
	if flops(r, c) < 1e9 {
		return 1 // OpenBLAS's threads would wait for each other, spinning
	}
	return workers
}

// Spectra ends when ctx does, but LAPACK cannot be interrupted: what it was doing
// then goes on in the background to its end.
func (netlibBackend) Spectra(ctx context.Context, p Problem) iter.Seq2[*Spectrum, error] {
	return func(yield func(*Spectrum, error) bool) {
		r, c := p.W.Dims()
		if max(r, c) > math.MaxInt32 {
			yield(nil, fmt.Errorf("%w: %d×%d is too large for 32-bit LAPACK", ErrShape, r, c))
			return
		}
		if p.Precision != PrecisionFloat64 && p.W.DType() != F64 && flops(r, c) >= smallFlops {
			if s, err := gesdd(ctx, p, lapacke.Sgesdd, 0x1p-24); !yield(s, err) || err != nil {
				return
			}
		}
		yield(gesdd(ctx, p, lapacke.Dgesdd, 0x1p-53))
	}
}

// gesddFunc is one of LAPACK's divide-and-conquer drivers.
type gesddFunc[T float32 | float64] func(jobz byte, m, n int, a []T, lda int, s, u []T, ldu int, vt []T, ldvt int, work []T, lwork int, iwork []int32) bool

// gesdd calls a driver whose arithmetic has unit roundoff eps.
func gesdd[T float32 | float64](ctx context.Context, p Problem, driver gesddFunc[T], eps float64) (*Spectrum, error) {
	r, c := p.W.Dims()
	n := min(r, c)
	e := binaryScale(p.MaxAbs)
	a, err := scaled[T](ctx, p.W, e)
	if err != nil {
		return nil, err
	}
	s, iwork := make([]T, n), make([]int32, 8*n)
	// Without vectors nothing is read of u and vt; their strides are checked.
	call := func(work []T, lwork int) bool {
		return driver('N', r, c, a, c, s, nil, max(r, 1), nil, c, work, lwork, iwork)
	}
	failed := make(chan error, 1)
	go func() {
		leave, err := lapackThreads.enter(ctx, netlibBackend{}.Workers(r, c, parallel.Useful(p.Workers)))
		if err != nil {
			failed <- err
			return
		}
		defer leave()
		var size [1]T
		if !call(size[:], -1) {
			failed <- errors.New("LAPACK refused the size of the matrix")
			return
		}
		// Float32 may have rounded the size down.
		work := make([]T, int(float64(size[0])*(1+0x1p-20))+1)
		if !call(work, len(work)) {
			failed <- errors.New("LAPACK's gesdd did not converge")
			return
		}
		failed <- nil
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case err := <-failed:
		if err != nil {
			return nil, err
		}
	}
	precision := "float64"
	if eps > 0x1p-53 {
		precision = "float32"
	}
	values := make([]float64, n)
	for i, v := range s {
		values[i] = math.Ldexp(float64(v), -e)
	}
	bound := math.Ldexp(bidiagError(r, c, float64(s[0]), eps), -e)
	return &Spectrum{
		Values: values, Errors: slices.Repeat([]float64{bound + 0x1p-1074}, n),
		Kernel: "openblas", Precision: precision,
	}, nil
}

// scaled returns 2ᵉ·w by rows.
func scaled[T float32 | float64](ctx context.Context, w *Weights, e int) ([]T, error) {
	r, c := w.Dims()
	a, row, scale := make([]T, r*c), make([]float64, c), math.Ldexp(1, e)
	for i := range r {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		w.segment(row, i, 0)
		for j, v := range row {
			a[i*c+j] = T(v * scale)
		}
	}
	return a, nil
}

// lapackThreads guards the thread count of OpenBLAS, which is one for the whole
// process.
var lapackThreads threadGate

// threadGate lets calls with the same number of threads run side by side, and
// others wait until those have ended.
type threadGate struct {
	mu      sync.Mutex
	threads int
	running int
	empty   chan struct{} // closed when running falls to 0
}

// enter waits until calls may run with that many threads; leave must be called
// when this one has ended.
func (g *threadGate) enter(ctx context.Context, threads int) (leave func(), err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g.mu.Lock()
		if g.running == 0 {
			g.empty = make(chan struct{})
			g.threads = threads
			C.openblas_set_num_threads(C.int(threads))
		}
		if g.threads == threads {
			g.running++
			g.mu.Unlock()
			return g.leave, nil
		}
		empty := g.empty
		g.mu.Unlock()
		select {
		case <-empty:
		case <-ctx.Done():
		}
	}
}

func (g *threadGate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running--; g.running == 0 {
		close(g.empty)
	}
}
