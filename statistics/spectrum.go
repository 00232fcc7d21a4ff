package statistics

import (
	"errors"
	"fmt"
	"math"
)

// ErrSpectrum reports numbers that cannot be the singular values of a matrix, or bounds
// on their errors; test for it with [errors.Is].
var ErrSpectrum = errors.New("not a spectrum")

// ErrOption reports an argument outside its range.
var ErrOption = errors.New("invalid option")

// Spectrum is what is known of the singular values of a matrix. It is not changed by its
// methods and may be shared between goroutines.
type Spectrum struct {
	rows, cols int
	values     []float64 // descending
	errs       []float64 // as many; nil: exact
	logs       []float64 // ln λ of those above 0, ascending
}

// Estimate is a number with a bound on its error.
type Estimate struct {
	Value float64 // NaN where it is not defined
	Error float64 // bound on |computed − exact| that follows from the errors of the singular values; +Inf if none is known
}

// Count is a number of singular values, or a place among them.
type Count struct {
	Value     int
	Low, High int // it lies between these, both included, for every spectrum within the errors
}

// Certain reports whether no spectrum within the errors gives another number.
func (c Count) Certain() bool { return c.Low == c.High }

// New returns the spectrum of a rows×cols matrix. values are all its singular values,
// min(rows, cols) of them, in descending order. errs bounds the absolute error of each;
// one number bounds them all, +Inf says that nothing is known, and none at all that the
// values are exact. It keeps both slices. The error wraps [ErrSpectrum].
func New(values, errs []float64, rows, cols int) (*Spectrum, error) {
	if rows <= 0 || cols <= 0 || len(values) != min(rows, cols) {
		return nil, fmt.Errorf("%w: %d singular values of a %d×%d matrix", ErrSpectrum, len(values), rows, cols)
	}
	for i, v := range values {
		if !(v >= 0) || math.IsInf(v, 1) || i > 0 && v > values[i-1] {
			return nil, fmt.Errorf("%w: singular value %d is %v, negative, not finite or above its predecessor", ErrSpectrum, i, v)
		}
	}
	if n := len(errs); n > 1 && n != len(values) {
		return nil, fmt.Errorf("%w: %d bounds for %d singular values", ErrSpectrum, n, len(values))
	}
	for i, e := range errs {
		if !(e >= 0) {
			return nil, fmt.Errorf("%w: the error bound of singular value %d is %v", ErrSpectrum, i, e)
		}
	}
	if len(errs) == 1 && len(values) > 1 {
		one := errs[0]
		errs = make([]float64, len(values))
		for i := range errs {
			errs[i] = one
		}
	}
	s := &Spectrum{rows: rows, cols: cols, values: values}
	if len(errs) > 0 {
		s.errs = errs
	}
	s.logs = logarithms(values)
	return s, nil
}

// logarithms returns ln λ = 2·ln s of the values above 0, ascending.
func logarithms(values []float64) []float64 {
	n := len(values)
	for n > 0 && values[n-1] == 0 {
		n--
	}
	logs := make([]float64, n)
	for i := range logs {
		logs[i] = 2 * math.Log(values[n-1-i])
	}
	return logs
}

// Values returns the singular values, which are not to be changed.
func (s *Spectrum) Values() []float64 {
	if s == nil {
		return nil
	}
	return s.values
}

// zero reports whether there is no value above 0.
func (s *Spectrum) zero() bool { return s == nil || len(s.logs) == 0 }

// err returns the bound on the error of value i.
func (s *Spectrum) err(i int) float64 {
	if s.errs == nil {
		return 0
	}
	return s.errs[i]
}

// rounding bounds the relative error of sums of so many terms, and of some arithmetic
// with them.
func rounding(n int) float64 { return float64(n+64) * 0x1p-52 }

// undefined is the estimate of what is not defined.
func undefined() Estimate { return Estimate{math.NaN(), math.NaN()} }

// between returns the estimate of a value that lies between two others.
func between(low, value, high float64) Estimate {
	e := max(high-value, value-low)
	if math.IsNaN(e) || e < 0 {
		e = math.Inf(1)
	}
	return Estimate{value, e}
}

// above counts the values above t, of which it is known that it is between low and high.
func (s *Spectrum) above(low, t, high float64) (c Count) {
	for i, v := range s.values {
		if v > t {
			c.Value++
		}
		if e := s.err(i); v-e > high {
			c.Low++
		}
		if e := s.err(i); v+e > low {
			c.High++
		}
	}
	c.Low, c.High = min(c.Low, c.Value), max(c.High, c.Value)
	return c
}
