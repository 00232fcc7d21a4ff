package spectrum

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
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
	// Workers returns how many of the given workers it can use well within one
	// r×c matrix; with the others the caller may work on other matrices.
	Workers(r, c, workers int) int
}

// Problem is what a [Backend] is asked to solve. Its weights were checked:
// there is at least one element, all are finite and not all are zero.
type Problem struct {
	W         *Weights
	MaxAbs    float64 // the largest |w|, for scaling
	Workers   int     // goroutines to use, at least 1
	Precision Precision

	// Accept reports whether the errors of a spectrum are small enough for
	// the caller. A back-end that has a more accurate method left uses it
	// when Accept says no.
	Accept func(*Spectrum) bool
}

// Spectrum is what a [Backend] found.
type Spectrum struct {
	Values    []float64 // all min(r, c) singular values, descending
	Errors    []float64 // a bound on the absolute error of each value; nil if unknown
	Kernel    string    // which code ran inside the back-end
	Precision string    // the arithmetic: "float64", "float32"
}

// Precision selects the arithmetic singular values are computed in.
type Precision uint8

const (
	// PrecisionAuto allows float32 where it is much faster and the error
	// bound of the result shows that it was enough, else float64. Float64
	// weights, and matrices too small for it to matter, are computed in float64.
	PrecisionAuto Precision = iota
	// PrecisionFloat64 never uses float32. The native back-end's singular
	// values are then off by at most 2⁻⁴⁶ of the largest, as far as they are
	// 10⁻⁴ of it, which takes bidiagonalisation where the matrix is near square
	// or its spectrum wide.
	PrecisionFloat64
)

var precisionNames = []string{PrecisionAuto: "auto", PrecisionFloat64: "float64"}

// String returns the name used on the command line and in result files.
func (p Precision) String() string { return nameOf(precisionNames, int(p)) }

// MarshalText returns the name, see [Precision.String].
func (p Precision) MarshalText() ([]byte, error) { return []byte(p.String()), p.check() }

// UnmarshalText sets p from its name. The error wraps [ErrOption].
func (p *Precision) UnmarshalText(text []byte) error {
	i, err := indexOf(precisionNames, "precision", string(text))
	*p = Precision(i)
	return err
}

func (p Precision) check() error { return checkIndex(precisionNames, "precision", int(p)) }

// SingularValues returns all min(r, c) singular values of w in descending
// order, computed by the default back-end. See [Analyzer.Analyze] for the errors.
func SingularValues(ctx context.Context, w mat.Matrix) ([]float64, error) {
	return Analyzer{}.SingularValues(ctx, w)
}

// SingularValues returns all min(r, c) singular values of w in descending
// order, computed in float64 whatever a.Precision says, with errors below 1e-11
// of the largest. See [Analyzer.Analyze] for the errors.
func (a Analyzer) SingularValues(ctx context.Context, w mat.Matrix) ([]float64, error) {
	a.Precision, a.Noise = PrecisionFloat64, NoiseIQR // which looks at no entries
	if err := a.setBackend(); err != nil {
		return nil, err
	}
	spec, _, err := a.compute(ctx, w, func(s *Spectrum, _ *input) bool {
		// Float64 through the Gram matrix is good for all but the values that
		// vanish beside the largest.
		return len(s.Errors) > 0 && slices.Max(s.Errors) <= 1e-11*s.Values[0]
	})
	if err != nil {
		return nil, err
	}
	return spec.Values, nil
}

// compute checks w and hands it to a.Backend, which is set.
func (a Analyzer) compute(ctx context.Context, m mat.Matrix, accept func(*Spectrum, *input) bool) (*Spectrum, *input, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	in, err := newInput(m)
	if err != nil {
		return nil, nil, err
	}
	maxAbs, err := in.maxAbs(ctx, a.workers())
	if err != nil {
		return nil, nil, err
	}
	if a.Noise == NoiseMAD {
		if in.medianAbs, err = in.w.medianAbs(ctx, a.workers()); err != nil {
			return nil, nil, err
		}
	}
	n := min(in.rows, in.cols)
	if maxAbs == 0 {
		return &Spectrum{Values: make([]float64, n), Errors: make([]float64, n), Precision: "exact"}, in, nil
	}
	spec, err := a.Backend.SingularValues(ctx, Problem{
		W: in.w, MaxAbs: maxAbs, Workers: a.workers(), Precision: a.Precision,
		Accept: func(s *Spectrum) bool { return accept(s, in) },
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, fmt.Errorf("%w %s: %w", ErrBackend, a.Backend.Name(), err)
	}
	if err := checkSpectrum(spec.Values, in.rows, in.cols); err != nil {
		return nil, nil, fmt.Errorf("%w %s: singular values: %w", ErrBackend, a.Backend.Name(), err)
	}
	if spec.Errors != nil && len(spec.Errors) != len(spec.Values) {
		return nil, nil, fmt.Errorf("%w %s: %w: %d error bounds for %d singular values",
			ErrBackend, a.Backend.Name(), ErrShape, len(spec.Errors), len(spec.Values))
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
