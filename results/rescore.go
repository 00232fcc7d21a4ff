package results

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gospectrum/spectrum"
)

// ErrNoSpectrum reports a result without the singular values of its rows, of which nothing
// can be computed anew.
var ErrNoSpectrum = errors.New("no singular values")

// Rescore computes every row anew from its singular values with the settings of a, without
// the model: noise, edge, ratio and divisor; its back-end and precision are not used. Rows
// that failed stay as they are, and what was selected is left out, because scores decided it.
// r is not changed.
//
// The numbers are those of a scan with these settings. Their error bounds are wider: a
// result has one bound for all singular values of a row, and a scan one for each. The error
// wraps [ErrNoSpectrum] if a row has no singular values, [ErrFormat] if they cannot be those
// of its matrix, or [spectrum.ErrOption] for settings out of range, [spectrum.NoiseMAD]
// among them, which needs the weights.
func Rescore(r *Result, a spectrum.Analyzer) (*Result, error) {
	if r == nil {
		return nil, fmt.Errorf("%w: no result", spectrum.ErrOption)
	}
	if err := a.Check(); err != nil {
		return nil, err
	}
	if r.Kind == KindAdapter {
		return nil, fmt.Errorf("%w: what an adapter adds has no noise, whatever the settings", spectrum.ErrOption)
	}
	out := *r
	out.Rows, out.Chosen = make([]Row, len(r.Rows)), nil
	s := &out.Provenance.Settings
	s.Noise, s.Edge, s.Ratio, s.Divisor = a.Noise.String(), a.ResolvedEdge().String(), a.Ratio.String(), a.Divisor.String()
	s.Rescored = true
	for i := range r.Rows {
		row, err := r.Rows[i].rescored(a)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Rows[i].Name, err)
		}
		out.Rows[i] = row
	}
	return &out, nil
}

// rescored returns the row with the numbers of its singular values.
func (r *Row) rescored(a spectrum.Analyzer) (Row, error) {
	row := *r
	if r.Error != "" {
		return row, nil
	}
	if len(r.SingularValues) == 0 {
		return row, fmt.Errorf("%w: the result has only what was computed from them, or a sketch; it takes all of them, which scan --singular-values writes", ErrNoSpectrum)
	}
	if r.Rows <= 0 || r.Cols <= 0 || min(r.Rows, r.Cols) != int64(len(r.SingularValues)) {
		return row, fmt.Errorf("%w: %d singular values of a %d×%d matrix", ErrFormat, len(r.SingularValues), r.Rows, r.Cols)
	}
	analysis, err := a.AnalyzeValues(r.SingularValues, r.valueErrors(), int(r.Rows), int(r.Cols))
	switch {
	case errors.Is(err, spectrum.ErrOption):
		return row, err
	case err != nil:
		return row, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	analysis.DType = spectrum.DType(r.DType)
	analysis.Backend, analysis.Kernel, analysis.Precision = r.Backend, r.Kernel, r.Precision
	row.fill(analysis)
	row.describe(analysis)
	return row, nil
}

// valueErrors returns bounds on the errors of the singular values, as far as a row has them:
// one for all but the smallest, which has its own.
func (r *Row) valueErrors() []float64 {
	bound := float64(r.ValueError)
	switch {
	case !(bound >= 0): // a file that does not say
		return []float64{math.Inf(1)}
	case bound == 0:
		return nil
	}
	errs := slices.Repeat([]float64{bound}, len(r.SingularValues))
	if own := float64(r.SMinError); own >= 0 && own < bound {
		errs[len(errs)-1] = own
	}
	return errs
}
