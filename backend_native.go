package spectrum

import (
	"context"
	"iter"
	"math"
	"runtime"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/native"
)

// nativeBackend is the engine of this project: see package native.
type nativeBackend struct {
	name   string
	kernel string // its name
}

func (b nativeBackend) Name() string { return b.name }

func (nativeBackend) Workspace(r, c int) int64 {
	// What float32 allocated is still there in float64, but not in the last resort.
	return max(native.SingleWorkspace(r, c)+native.GramWorkspace(r, c, 8), native.DirectWorkspace(r, c, 8))
}

// workerFlops is the work that occupies a worker long enough, some 50 ms, for panels and
// barriers not to tell. With less each, a second worker on an expert of 768×2048 or on 1024×4096
// adds a quarter to two fifths, and on a matrix of its own as much as the first.
const workerFlops = 5e9

func (nativeBackend) Workers(r, c, workers int) int {
	return max(1, int(min(float64(workers), flops(r, c)/workerFlops)))
}

// flops is the arithmetic of a spectrum through the Gram matrix, which is also
// what float32 can save half of.
func flops(r, c int) float64 {
	n, m := float64(min(r, c)), float64(max(r, c))
	return n*n*m + 4./3*n*n*n
}

// smallFlops is the work below which Auto does not bother with float32.
const smallFlops = 2e8

// Spectra goes through float32, where it is allowed and saves anything, and then
// the Gram matrix in float64, to the way that does not square the weights.
func (b nativeBackend) Spectra(ctx context.Context, p Problem) iter.Seq2[*Spectrum, error] {
	return func(yield func(*Spectrum, error) bool) {
		r, c := p.W.Dims()
		double := kernel.Named[float64](b.kernel)
		direct := p.Precision == PrecisionFloat64 && squared(r, c) || native.DirectIsFaster(double, r, c)
		if direct {
			yield(run(ctx, double, p, native.Direct))
			return
		}
		if p.Precision != PrecisionFloat64 && p.W.DType() != F64 && flops(r, c) >= smallFlops {
			if s, err := run(ctx, kernel.Named[float32](b.kernel), p, native.Single); !yield(s, err) || err != nil {
				return
			}
		}
		s, err := run(ctx, double, p, native.Gram)
		if err != nil {
			yield(nil, err)
			return
		}
		best := slices.Max(s.Errors) <= native.DirectBound(r, c, s.Values[0])
		if best || p.Precision != PrecisionFloat64 || accurate(s) {
			if !yield(s, nil) || best {
				return
			}
		}
		// The Gram matrix has squared away what the caller needs. This is rare, and
		// takes as much memory again as what came before, so that is collected first.
		runtime.GC()
		yield(run(ctx, double, p, native.Direct))
	}
}

// squared reports whether the Gram matrix of r×c noise loses the digits of its least
// singular values that [PrecisionFloat64] promises: they are at
// s₁·(1−√β)/(1+√β), and what is below an eleventh of s₁ would not pass accurate.
func squared(r, c int) bool {
	beta := math.Sqrt(float64(min(r, c)) / float64(max(r, c)))
	return 11*(1-beta) < 1+beta
}

// accurate reports whether s is what [PrecisionFloat64] promises.
func accurate(s *Spectrum) bool {
	s1 := s.Values[0]
	for i, v := range s.Values {
		if v >= 1e-4*s1 && s.Errors[i] > 64*0x1p-52*s1 {
			return false
		}
	}
	return true
}

// solver is one of the two ways of package native.
type solver[T kernel.Float] func(ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, maxAbs float64, workers int) (*native.Result, error)

func run[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], p Problem, solve solver[T]) (*Spectrum, error) {
	res, err := solve(ctx, k, p.W.raw(), p.MaxAbs, p.Workers)
	if err != nil {
		return nil, err
	}
	precision := "float64"
	if kernel.Eps[T]() > 0x1p-53 {
		precision = "float32"
	}
	return &Spectrum{Values: res.Values, Errors: res.Errors, Kernel: res.Kernel, Precision: precision}, nil
}
