package spectrum

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/lapack"
	"github.com/gospectrum/spectrum/internal/engine/native"
)

// Backends returns the back-ends of this build on this machine, the preferred
// one first: native where there is a vector kernel for the CPU, else gonum. A
// native back-end for each other kernel follows, under the name "native/" and
// the kernel's. netlib, LAPACK from a C library, is among them in builds with the
// tag netlib.
func Backends() []Backend {
	kernels := kernel.All[float32]()
	all := []Backend{nativeBackend{"native", kernels[0].Name}, gonumBackend{}}
	if kernels[0].Name == "generic" {
		slices.Reverse(all)
	}
	all = append(all, netlibBackends()...)
	for _, k := range kernels {
		all = append(all, nativeBackend{"native/" + k.Name, k.Name})
	}
	return all
}

// The environment variables that choose the default back-end.
const (
	EnvBackend = "SPECTRUM_BACKEND" // a name of [Backends]
	EnvKernel  = "SPECTRUM_KERNEL"  // a kernel of the native back-end
)

// DefaultBackend returns the back-end used when none is named in code: the one
// that the environment variables [EnvBackend] and [EnvKernel] name, else the
// first of [Backends]. The error wraps [ErrBackend], names the variable and lists what is available.
func DefaultBackend() (Backend, error) {
	return chosenBackend(os.Getenv(EnvBackend), os.Getenv(EnvKernel))
}

// chosenBackend returns the back-end for the values of EnvBackend and EnvKernel.
func chosenBackend(name, kernelName string) (Backend, error) {
	if kernelName != "" {
		if name != "" && name != "native" {
			return nil, fmt.Errorf("%s=%s: %w %s of %s takes no kernel, only native does", EnvKernel, kernelName, ErrBackend, name, EnvBackend)
		}
		return kernelBackend(kernelName)
	}
	if name == "" {
		return Backends()[0], nil
	}
	b, err := BackendByName(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", EnvBackend, err)
	}
	return b, nil
}

// kernelBackend returns the native back-end with the kernel that EnvKernel names.
func kernelBackend(name string) (Backend, error) {
	var known []string
	for _, k := range kernel.All[float32]() {
		if k.Name == name {
			return nativeBackend{"native/" + name, name}, nil
		}
		known = append(known, k.Name)
	}
	return nil, fmt.Errorf("%s: %w native has no kernel %q here; available: %s", EnvKernel, ErrBackend, name, strings.Join(known, ", "))
}

// BackendByName returns the back-end called name. The error wraps
// [ErrBackend] and lists what is available.
func BackendByName(name string) (Backend, error) {
	var known []string
	for _, b := range Backends() {
		if b.Name() == name {
			return b, nil
		}
		known = append(known, b.Name())
	}
	return nil, fmt.Errorf("%w %q is not available; available: %s", ErrBackend, name, strings.Join(known, ", "))
}

// gonumBackend is the portable reference: Householder bidiagonalisation and
// dqds from gonum's LAPACK, values only, in float64.
type gonumBackend struct{}

func (gonumBackend) Name() string { return "gonum" }

func (gonumBackend) Workspace(r, c int) int64 { return lapack.Workspace(r, c) }

// Workers is 1: only a part of the bidiagonalisation runs in parallel.
func (gonumBackend) Workers(_, _, _ int) int { return 1 }

func (gonumBackend) SingularValues(ctx context.Context, p Problem) (*Spectrum, error) {
	r, c := p.W.Dims()
	e := binaryScale(p.MaxAbs)
	s, err := lapack.SingularValues(ctx, lapack.Source{
		Rows: r, Cols: c, Scale: math.Ldexp(1, e), Segment: p.W.segment,
	})
	if err != nil {
		return nil, err
	}
	bound := math.Ldexp(bidiagError(r, c, s[0], 0x1p-53), -e)
	for i := range s {
		s[i] = math.Ldexp(s[i], -e)
	}
	return &Spectrum{
		Values: s,
		// Undoing the scale rounds only where the result is subnormal.
		Errors:    slices.Repeat([]float64{bound + 0x1p-1074}, len(s)),
		Kernel:    "generic",
		Precision: "float64",
	}, nil
}

// bidiagError bounds the error of every singular value of an r×c matrix by
// bidiagonalisation with unit roundoff ε = eps, which is backward stable: |δsᵢ| ≤ p(r,c)·ε·s₁ for a modest
// polynomial p (LAPACK Users' Guide, section 4.9). Rounding errors add up like
// √(r+c) in practice; p = r+c leaves room for the worst of them, and 256 for
// gonum's dqds, which was seen off by 90·ε in a cluster of 15 values.
func bidiagError(r, c int, s1, eps float64) float64 { return (float64(r+c) + 256) * eps * s1 }

// binaryScale returns e for which 2ᵉ·maxAbs is about 1. Scaling by a power of two
// is exact and keeps the squares inside Householder norms in range; the bounds
// keep 2^±e itself in range.
func binaryScale(maxAbs float64) int { return max(-1000, min(1000, -math.Ilogb(maxAbs))) }

// nativeBackend is the engine of this project: see package native.
type nativeBackend struct {
	name   string
	kernel string // its name
}

func (b nativeBackend) Name() string { return b.name }

func (nativeBackend) Workspace(r, c int) int64 {
	// What float32 allocated is still there in float64, but not in the last resort.
	return max(native.GramWorkspace(r, c, 4)+native.GramWorkspace(r, c, 8), native.DirectWorkspace(r, c, 8))
}

func (nativeBackend) Workers(r, c, workers int) int {
	if flops(r, c) < 1e9 {
		return 1 // tens of milliseconds, in which barriers would tell
	}
	return workers
}

// flops is the arithmetic of a spectrum through the Gram matrix, which is also
// what float32 can save half of.
func flops(r, c int) float64 {
	n, m := float64(min(r, c)), float64(max(r, c))
	return n*n*m + 4./3*n*n*n
}

// smallFlops is the work below which Auto does not bother with float32.
const smallFlops = 2e8

func (b nativeBackend) SingularValues(ctx context.Context, p Problem) (*Spectrum, error) {
	r, c := p.W.Dims()
	direct := p.Precision == PrecisionFloat64 && squared(r, c) || native.DirectIsFaster(kernel.Named[float64](b.kernel), r, c)
	if !direct && p.Precision == PrecisionAuto && p.W.DType() != F64 && flops(r, c) >= smallFlops {
		s, err := run(ctx, kernel.Named[float32](b.kernel), p, native.Gram)
		if err != nil || p.Accept(s) {
			return s, err
		}
	}
	if direct {
		return run(ctx, kernel.Named[float64](b.kernel), p, native.Direct)
	}
	s, err := run(ctx, kernel.Named[float64](b.kernel), p, native.Gram)
	if err != nil || p.Accept(s) && (p.Precision == PrecisionAuto || accurate(s)) {
		return s, err
	}
	if slices.Max(s.Errors) <= native.DirectBound(s.Values[0]) {
		return s, nil // there is nothing better
	}
	// The Gram matrix has squared away what the caller needs. This is rare, and
	// takes as much memory again as what came before, so that is collected first.
	runtime.GC()
	return run(ctx, kernel.Named[float64](b.kernel), p, native.Direct)
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
	if _, ok := any(T(0)).(float32); ok {
		precision = "float32"
	}
	return &Spectrum{Values: res.Values, Errors: res.Errors, Kernel: res.Kernel, Precision: precision}, nil
}
