package spectrum_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"

	"github.com/gospectrum/spectrum"
)

var mpRatios = []float64{1e-3, 0.01, 1. / 32, 0.25, 0.5, 0.9, 1, 1.5, 4, 100}

// CDF equals the integral of the density √((x₊−x)(x−x₋))/(2π·ratio·variance·x).
func TestMarchenkoPasturCDF(t *testing.T) {
	for _, ratio := range mpRatios {
		d := spectrum.MarchenkoPastur{Ratio: ratio, Sigma: math.Sqrt(2.5)}
		lower, upper := d.Support()
		atom := max(0, 1-1/ratio)
		for _, f := range []float64{0.02, 0.3, 0.5, 0.77, 0.99} {
			// x = lower + (upper−lower)·sin²θ removes the square roots at the ends.
			x := func(theta float64) float64 { return lower + (upper-lower)*math.Pow(math.Sin(theta), 2) }
			end := f * math.Pi / 2
			integral := quad.Fixed(func(theta float64) float64 {
				s, c := math.Sincos(theta)
				return math.Pow(upper-lower, 2) * 2 * s * s * c * c / (2 * math.Pi * ratio * 2.5 * x(theta))
			}, 0, end, 200, nil, 0)
			assert.InDelta(t, atom+integral, d.CDF(x(end)), 1e-10, "ratio %v at %v", ratio, f)
		}
		assert.Equal(t, 1.0, d.CDF(upper))
		assert.Equal(t, 1.0, d.CDF(math.Inf(1)))
		assert.Equal(t, 0.0, d.CDF(-1))
		assert.Equal(t, atom, d.CDF(lower))
	}
}

func TestMarchenkoPasturQuantile(t *testing.T) {
	for _, ratio := range mpRatios {
		d := spectrum.MarchenkoPastur{Ratio: ratio, Sigma: math.Sqrt(0.3)}
		lower, upper := d.Support()
		atom := max(0, 1-1/ratio)
		for p := 0.001; p < 1; p += 0.0313 {
			x := d.Quantile(p)
			if p <= atom {
				require.Zero(t, x)
				continue
			}
			require.GreaterOrEqual(t, x, lower)
			require.LessOrEqual(t, x, upper)
			require.InDelta(t, p, d.CDF(x), 1e-11, "ratio %v at %v", ratio, p)
		}
		assert.InEpsilon(t, upper, d.Quantile(1), 1e-12)
	}
}

func TestMarchenkoPasturInvalid(t *testing.T) {
	for _, d := range []spectrum.MarchenkoPastur{
		{}, {Ratio: 1}, {Ratio: -1, Sigma: 1}, {Ratio: math.NaN(), Sigma: 1}, {Ratio: 1, Sigma: math.Inf(1)},
	} {
		lower, _ := d.Support()
		assert.True(t, math.IsNaN(lower), "%v", d)
		assert.True(t, math.IsNaN(d.CDF(1)), "%v", d)
		assert.True(t, math.IsNaN(d.Quantile(0.5)), "%v", d)
	}
	ok := spectrum.MarchenkoPastur{Ratio: 0.5, Sigma: 1}
	assert.True(t, math.IsNaN(ok.Quantile(-0.1)))
	assert.True(t, math.IsNaN(ok.Quantile(1.1)))
	assert.True(t, math.IsNaN(ok.CDF(math.NaN())))
}
