package spectrum_test

import (
	"context"
	"math"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/rmt"
)

// magnitudes are all that a singular value can be.
var magnitudes = []float64{0, 5e-324, 1e-160, 1, 1e308, math.MaxFloat64}

// everySetting yields all that an analysis can be asked for.
func everySetting(yield func(spectrum.Analyzer) bool) {
	for _, n := range spectrum.NoiseScales() {
		for _, e := range []rmt.EdgeRule{rmt.EdgeAsymptotic, 0.01, 1 - 0x1p-53} {
			for r := spectrum.RatioSum; r <= spectrum.RatioEnergy; r++ {
				for d := spectrum.DivisorSMax; d <= spectrum.DivisorEdge; d++ {
					an := spectrum.Analyzer{Noise: n, Edge: e, Ratio: r, Divisor: d}
					if an.Check() == nil && !yield(an) {
						return
					}
				}
			}
		}
	}
}

// everySpectrum yields spectra of two levels, n values each.
func everySpectrum(n int, yield func([]float64) bool) {
	for i, high := range magnitudes {
		for _, low := range magnitudes[:i+1] {
			for _, cut := range []int{1, n / 2} {
				if cut >= n && low != high {
					continue
				}
				s := make([]float64, n)
				for j := range s {
					s[j] = high
					if j >= cut {
						s[j] = low
					}
				}
				if !yield(s) {
					return
				}
			}
		}
	}
}

// notNumber returns what of a is not a number of its kind, or "".
func notNumber(a *spectrum.Analysis) string {
	v := reflect.ValueOf(*a)
	for i := range v.NumField() {
		if f, name := v.Field(i), v.Type().Field(i).Name; f.Kind() == reflect.Float64 && name != "Edge" && !(f.Float() >= 0) {
			return name
		}
	}
	infinite := math.IsInf(a.SNR, 1)
	if reason := a.Saturated || math.IsInf(a.SNRError, 1); a.Saturated && !infinite || infinite && !reason {
		return "an SNR that is infinite without a reason"
	}
	if tail := a.SingularValues[a.SignalCount:]; infinite && len(tail) > 0 && tail[0] > 0 && !math.IsInf(a.SNRError, 1) {
		return "an error of an infinite SNR where the exact one is a number"
	}
	if a.Noise != spectrum.NoiseIQR && !math.IsInf(a.Sigma, 1) {
		for _, x := range a.Strengths() {
			if !(x >= 0) {
				return "a strength"
			}
		}
	}
	distance, limit := a.GoodnessOfFit()
	if !(distance >= 0 && distance <= 1 && limit >= 0 && limit <= 1) {
		return "the goodness of fit"
	}
	if !(a.HardThreshold() >= 0) {
		return "the hard threshold"
	}
	return ""
}

// check fails if there is something that is not a number of its kind.
func check(t *testing.T, a *spectrum.Analysis) {
	if fault := notNumber(a); fault != "" {
		require.Fail(t, fault, "%+v", *a)
	}
}

// Whatever the magnitude of the values and their errors, there is a number for
// everything, or an infinity with its reason.
func TestSpectraOfAnyMagnitude(t *testing.T) {
	for an := range everySetting {
		if an.Noise == spectrum.NoiseMAD { // which is of the matrix: see below
			continue
		}
		for _, shape := range [][2]int{{1, 1}, {5, 1}, {4, 7}} {
			w := mat.NewDense(shape[0], shape[1], nil)
			w.Set(0, 0, 1)
			everySpectrum(min(shape[0], shape[1]), func(s []float64) bool {
				a, err := an.AnalyzeSpectrum(s, shape[0], shape[1])
				require.NoError(t, err)
				check(t, a)
				for _, relative := range []float64{0, 1, math.MaxFloat64} {
					errs := make([]float64, len(s))
					for i := range errs {
						errs[i] = relative * s[0]
					}
					an.Backend = yields(&spectrum.Spectrum{Values: s, Errors: errs})
					a, err := an.Analyze(context.Background(), w)
					require.NoError(t, err)
					check(t, a)
				}
				return true
			})
		}
	}
}

// A matrix of any magnitude has numbers as well, from every back-end, or the error
// that a singular value passes the range of float64.
func TestMatricesOfAnyMagnitude(t *testing.T) {
	zero := math.Copysign(0, -1)
	all := []*mat.Dense{
		mat.NewDense(1, 1, []float64{5e-324}), mat.NewDense(1, 1, []float64{math.MaxFloat64}),
		mat.NewDense(1, 4, []float64{1e308, 5e-324, zero, -1}), mat.NewDense(2, 2, []float64{0, zero, zero, 0}),
		mat.NewDense(2, 3, []float64{5e-324, 5e-324, 5e-324, 5e-324, 5e-324, 5e-324}),
		mat.NewDense(3, 3, []float64{1e308, 0, 0, 0, 5e-324, 0, zero, 0, 1e-310}),
		mat.NewDense(2, 2, []float64{math.MaxFloat64, math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64}),
		mat.NewDense(3, 2, []float64{-1e307, 1e307, 5e-324, 5e-324, 1, 1e154}),
	}
	passed := 0
	for an := range everySetting {
		for _, name := range []string{"native", "gonum"} {
			an.Backend = backend(t, name)
			for _, w := range all {
				a, err := an.Analyze(context.Background(), w)
				if err != nil {
					require.ErrorIs(t, err, spectrum.ErrNotFinite)
					passed++
					continue
				}
				check(t, a)
			}
		}
	}
	assert.Positive(t, passed)
}

// The score of a spectrum does not depend on its units, down to those in which its
// values have few bits left.
func TestAnalysisInAnyUnits(t *testing.T) {
	values := []float64{96, 64, 24, 20, 18, 16, 8}
	for an := range everySetting {
		if an.Noise == spectrum.NoiseMAD || an.Divisor == spectrum.DivisorSMax {
			continue
		}
		want, err := an.AnalyzeSpectrum(values, 7, 12)
		require.NoError(t, err)
		for _, e := range []int{-1074, -1000, 1016} {
			shifted := make([]float64, len(values))
			for i, v := range values {
				shifted[i] = math.Ldexp(v, e)
			}
			got, err := an.AnalyzeSpectrum(shifted, 7, 12)
			require.NoError(t, err)
			assert.Equal(t, want.SignalCount, got.SignalCount, "%+v 2^%d", an, e)
			assert.Equal(t, want.SNR, got.SNR, "%+v 2^%d", an, e)
		}
	}
}
