package spectrum

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/bidiag"
)

// Backend computes singular values. Implementations are safe for concurrent use.
type Backend interface {
	// Name returns the short lower-case word the back-end is chosen by.
	Name() string
	// SingularValues computes every singular value of p.W. It returns soon
	// after ctx ends, with the context's error.
	SingularValues(ctx context.Context, p Problem) (*Spectrum, error)
	// Workspace returns about how many bytes SingularValues allocates for an
	// r×c matrix, beyond the weights themselves.
	Workspace(r, c int) int64
}

// Problem is what a [Backend] is asked to solve. Its weights were checked:
// there is at least one element, all are finite and not all are zero.
type Problem struct {
	W      *Weights
	MaxAbs float64 // the largest |w|, for scaling
}

// Spectrum is what a [Backend] found.
type Spectrum struct {
	Values    []float64 // all min(r, c) singular values, descending
	Errors    []float64 // a bound on the absolute error of each value; nil if unknown
	Kernel    string    // which code ran inside the back-end
	Precision string    // the arithmetic: "float64"
}

// Backends returns the back-ends of this build, the preferred one first.
func Backends() []Backend { return []Backend{gonumBackend{}} }

// DefaultBackend returns the back-end used when none is named.
func DefaultBackend() Backend { return Backends()[0] }

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

// SingularValues returns all min(r, c) singular values of w in descending
// order, computed by the default back-end. See [Analyzer.Analyze] for the errors.
func SingularValues(ctx context.Context, w mat.Matrix) ([]float64, error) {
	return Analyzer{}.SingularValues(ctx, w)
}

// SingularValues returns all min(r, c) singular values of w in descending
// order. See [Analyzer.Analyze] for the errors.
func (a Analyzer) SingularValues(ctx context.Context, w mat.Matrix) ([]float64, error) {
	spec, _, err := a.compute(ctx, w)
	if err != nil {
		return nil, err
	}
	return spec.Values, nil
}

// compute checks w and hands it to the back-end.
func (a Analyzer) compute(ctx context.Context, m mat.Matrix) (*Spectrum, *input, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	in, err := newInput(m)
	if err != nil {
		return nil, nil, err
	}
	maxAbs, err := in.maxAbs(ctx)
	if err != nil {
		return nil, nil, err
	}
	n := min(in.rows, in.cols)
	if maxAbs == 0 {
		return &Spectrum{Values: make([]float64, n), Errors: make([]float64, n), Precision: "exact"}, in, nil
	}
	spec, err := a.backend().SingularValues(ctx, Problem{W: in.w, MaxAbs: maxAbs})
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, fmt.Errorf("%w %s: %w", ErrBackend, a.backend().Name(), err)
	}
	if err := checkSpectrum(spec.Values, in.rows, in.cols); err != nil {
		return nil, nil, fmt.Errorf("%w %s: singular values: %w", ErrBackend, a.backend().Name(), err)
	}
	if spec.Errors != nil && len(spec.Errors) != len(spec.Values) {
		return nil, nil, fmt.Errorf("%w %s: %w: %d error bounds for %d singular values",
			ErrBackend, a.backend().Name(), ErrShape, len(spec.Errors), len(spec.Values))
	}
	return spec, in, nil
}

// checkSpectrum reports whether s can be all the singular values of a
// rows×cols matrix.
func checkSpectrum(s []float64, rows, cols int) error {
	if rows <= 0 || cols <= 0 {
		return fmt.Errorf("%w: %d×%d", ErrEmpty, rows, cols)
	}
	if len(s) != min(rows, cols) {
		return fmt.Errorf("%w: %d singular values for %d×%d", ErrShape, len(s), rows, cols)
	}
	for i, v := range s {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%w: singular value %d is %v", ErrNotFinite, i, v)
		}
		if v < 0 || (i > 0 && v > s[i-1]) {
			return fmt.Errorf("%w: singular value %d, %v, is negative or above its predecessor", ErrShape, i, v)
		}
	}
	return nil
}

// gonumBackend is the portable reference: Householder bidiagonalisation and
// dqds from gonum's LAPACK, values only.
type gonumBackend struct{}

func (gonumBackend) Name() string { return "gonum" }

func (gonumBackend) Workspace(r, c int) int64 { return bidiag.Workspace(r, c) }

func (gonumBackend) SingularValues(ctx context.Context, p Problem) (*Spectrum, error) {
	r, c := p.W.Dims()
	// Scaling by a power of two is exact and keeps the squares inside
	// Householder norms in range; the bounds keep 2^±e itself in range.
	e := max(-1000, min(1000, -math.Ilogb(p.MaxAbs)))
	s, err := bidiag.SingularValues(ctx, bidiag.Source{
		Rows: r, Cols: c, Scale: math.Ldexp(1, e), Segment: p.W.segment,
	})
	if err != nil {
		return nil, err
	}
	// Bidiagonalisation is backward stable: |δsᵢ| ≤ p(m,n)·ε·s₁ for a modest
	// polynomial p (LAPACK Users' Guide, section 4.9). Rounding errors add up
	// like √(m+n) in practice; p = m+n leaves room for the worst of them.
	bound := float64(r+c) * 0x1p-53 * s[0]
	// Undoing the scale rounds only where the result is subnormal.
	bound = math.Ldexp(bound, -e) + 0x1p-1074
	for i := range s {
		s[i] = math.Ldexp(s[i], -e)
	}
	return &Spectrum{
		Values:    s,
		Errors:    slices.Repeat([]float64{bound}, len(s)),
		Kernel:    "generic",
		Precision: "float64",
	}, nil
}
