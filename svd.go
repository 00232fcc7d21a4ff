package spectrum

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/option"
)

// Backend computes singular values. Implementations are safe for concurrent use.
type Backend interface {
	// Name returns the short lower-case word the back-end is chosen by.
	Name() string
	// Spectra yields every singular value of p.W, and then again as long as the
	// caller goes on and there is a way left, each time more accurately than
	// before. It ends soon after ctx does, with the context's error.
	Spectra(ctx context.Context, p Problem) iter.Seq2[*Spectrum, error]
	// Workspace returns about how many bytes Spectra allocates for an
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
	// PrecisionValues is PrecisionAuto that goes on until the error bound of every
	// singular value is within Analyzer.Tolerance of it, or there is no way left.
	PrecisionValues
)

var precisions = option.Enum{What: "precision", Names: []string{PrecisionAuto: "auto", PrecisionFloat64: "float64", PrecisionValues: "values"}}

// String returns the name used on the command line and in result files.
func (p Precision) String() string { return precisions.Name(uint8(p)) }

// MarshalText returns the name, see [Precision.String].
func (p Precision) MarshalText() ([]byte, error) { return precisions.Marshal(uint8(p)) }

// UnmarshalText sets p from its name. The error wraps [ErrOption].
func (p *Precision) UnmarshalText(text []byte) error { return option.Unmarshal(precisions, p, text) }

func (p Precision) check() error { return precisions.Check(uint8(p)) }

// SingularValues returns all min(r, c) singular values of w in descending
// order, computed by the default back-end. See [Analyzer.Analyze] for the errors.
func SingularValues(ctx context.Context, w mat.Matrix) ([]float64, error) {
	return Analyzer{}.SingularValues(ctx, w)
}

// SingularValues returns all min(r, c) singular values of w in descending
// order, computed in float64 whatever a.Precision says, with errors below 1e-11
// of the largest. See [Analyzer.Analyze] for the errors.
func (a Analyzer) SingularValues(ctx context.Context, w mat.Matrix) ([]float64, error) {
	a.Precision = PrecisionFloat64
	in, err := a.input(ctx, w)
	if err != nil {
		return nil, err
	}
	var values []float64
	err = a.solve(ctx, in, func(s *Spectrum) (enough bool) {
		values = s.Values
		// Float64 through the Gram matrix is good for all but the values that
		// vanish beside the largest.
		return s.Errors != nil && slices.Max(s.Errors) <= 1e-11*s.Values[0]
	})
	if err != nil {
		return nil, err
	}
	return values, nil
}

// solve hands the spectra of in to enough, one more accurate than the other,
// until it says that the last one was or there are no more. The error is nil if
// there was one at all.
func (a Analyzer) solve(ctx context.Context, in *input, enough func(*Spectrum) bool) (err error) {
	if in.maxAbs == 0 {
		n := min(in.rows, in.cols)
		enough(&Spectrum{Values: make([]float64, n), Errors: make([]float64, n), Precision: "exact"})
		return nil
	}
	failed := func(err error) error { return fmt.Errorf("%w %s: %w", ErrBackend, in.backend.Name(), err) }
	found, judging := false, false
	defer func() {
		// A panic of enough is not the back-end's, and goes on.
		if !judging {
			if r := recover(); r != nil {
				err = failed(fmt.Errorf("panicked: %v", r))
			}
		}
	}()
	problem := Problem{W: in.w, MaxAbs: in.maxAbs, Workers: a.workers(), Precision: a.Precision}
	for s, err := range in.backend.Spectra(ctx, problem) {
		if err == nil {
			err = s.check(in.rows, in.cols)
		}
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return failed(err)
		}
		found, judging = true, true
		done := enough(s)
		judging = false
		if done {
			return nil
		}
	}
	if !found {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return failed(errors.New("it returned no singular values"))
	}
	return nil
}

// within reports whether every value is certain to a relative error of tolerance.
func (s *Spectrum) within(tolerance float64) bool {
	for i, v := range s.Values {
		if !(s.Errors[i] <= tolerance*v) {
			return false
		}
	}
	return true
}

// check reports whether s can be all the singular values of a rows×cols matrix
// with bounds on their errors.
func (s *Spectrum) check(rows, cols int) error {
	if s == nil {
		return errors.New("it returned no singular values")
	}
	if err := checkSpectrum(s.Values, rows, cols); err != nil {
		return fmt.Errorf("singular values: %w", err)
	}
	if s.Errors != nil && len(s.Errors) != len(s.Values) {
		return fmt.Errorf("%w: %d error bounds for %d singular values", ErrShape, len(s.Errors), len(s.Values))
	}
	for i, e := range s.Errors {
		if !(e >= 0) {
			return fmt.Errorf("%w: the error bound of singular value %d is %v", ErrShape, i, e)
		}
	}
	return nil
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
