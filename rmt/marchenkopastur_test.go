package rmt_test

import (
	"encoding/json"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/gospectrum/spectrum/rmt"
)

// The distributions go wherever gonum's go.
var (
	_ distuv.RandLogProber = rmt.MarchenkoPastur{}
	_ distuv.Quantiler     = rmt.MarchenkoPastur{}
	_ distuv.RandLogProber = rmt.MarchenkoPasturSV{}
	_ distuv.Quantiler     = rmt.MarchenkoPasturSV{}
	_ distuv.Quantiler     = rmt.TracyWidom{}
	_ distuv.Rander        = rmt.TracyWidom{}
)

var aspects = []float64{1e-3, 0.01, 1. / 32, 0.25, 0.5, 0.9, 0.999, 1, 1.5, 4, 100, 1e3}

// goldenLaws is what laws.py computed with mpmath.
type goldenLaws struct {
	Laws []struct {
		Aspect     float64 `json:"ratio"`
		Sigma      float64
		Points     []struct{ X, CDF, Survival, Prob float64 }
		Moments    []float64
		SVMean     float64 `json:"sv_mean"`
		SVVariance float64 `json:"sv_variance"`
		Stieltjes  []struct {
			Re, Im float64
			GRe    float64 `json:"g_re"`
			GIm    float64 `json:"g_im"`
		}
	}
	Spiked     []struct{ Beta, X, Y, Left, Right, Frobenius, Operator, Nuclear float64 }
	Thresholds []struct{ Beta, Known, Unknown float64 }
}

func readLaws(t *testing.T) goldenLaws {
	t.Helper()
	raw, err := os.ReadFile("../testdata/golden/laws.json")
	require.NoError(t, err)
	var g goldenLaws
	require.NoError(t, json.Unmarshal(raw, &g))
	require.Len(t, g.Laws, 11)
	require.Len(t, g.Spiked, 16)
	require.Len(t, g.Thresholds, 4)
	return g
}

func TestMarchenkoPasturAgainstMpmath(t *testing.T) {
	for _, c := range readLaws(t).Laws {
		d := rmt.MarchenkoPastur{Aspect: c.Aspect, Sigma: c.Sigma}
		sv := rmt.MarchenkoPasturSV(d)
		lower, upper := d.Support()
		for _, p := range c.Points {
			assert.InEpsilon(t, p.CDF, d.CDF(p.X), 1e-10, "aspect %v, CDF(%v)", c.Aspect, p.X)
			assert.InEpsilon(t, p.Survival, d.Survival(p.X), 1e-10, "aspect %v, Survival(%v)", c.Aspect, p.X)
			assert.InEpsilon(t, p.Prob, d.Prob(p.X), 1e-10, "aspect %v, Prob(%v)", c.Aspect, p.X)
			y := math.Sqrt(p.X)
			assert.InEpsilon(t, p.CDF, sv.CDF(y), 1e-10)
			assert.InEpsilon(t, 2*y*p.Prob, sv.Prob(y), 1e-10)
			assert.InDelta(t, math.Log(p.Prob), d.LogProb(p.X), 1e-10)
			if c.Aspect <= 1 { // else the atom takes digits of p
				assert.InDelta(t, p.X, d.Quantile(p.CDF), 1e-11*(upper-lower), "aspect %v, Quantile(%v)", c.Aspect, p.CDF)
				assert.InEpsilon(t, y, sv.Quantile(p.CDF), 1e-10)
			}
		}
		for k, want := range c.Moments {
			assert.InEpsilon(t, want, d.Moment(k+1), 1e-10, "aspect %v, moment %d", c.Aspect, k+1)
		}
		assert.InEpsilon(t, c.SVMean, sv.Mean(), 1e-10, "aspect %v", c.Aspect)
		assert.InEpsilon(t, c.SVVariance, sv.Variance(), 1e-10, "aspect %v", c.Aspect)
		for _, s := range c.Stieltjes {
			got := d.Stieltjes(complex(s.Re, s.Im))
			want := complex(s.GRe, s.GIm)
			assert.Less(t, cmplx.Abs(got-want), 1e-10*cmplx.Abs(want), "aspect %v at %v", c.Aspect, s)
		}
	}
}

// Densities integrate to 1, less the atom, and to the CDF, in both forms.
func TestMarchenkoPasturDensityIntegrates(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	for _, aspect := range aspects {
		d := rmt.MarchenkoPastur{Aspect: aspect, Sigma: 1.6}
		sv := rmt.MarchenkoPasturSV(d)
		lower, upper := d.Support()
		atom := max(0, 1-1/aspect)
		for _, f := range []float64{0.02, 0.3, 0.5, 0.77, 0.99, 1} {
			// x = lower + (upper−lower)·sin²θ removes the square roots at the ends.
			x := func(theta float64) float64 { return lower + (upper-lower)*math.Pow(math.Sin(theta), 2) }
			slope := func(theta float64) float64 { return (upper - lower) * math.Sin(2*theta) }
			end := f * math.Pi / 2
			integral := quad.Fixed(func(theta float64) float64 { return d.Prob(x(theta)) * slope(theta) }, 0, end, 4000, nil, 0)
			assert.InDelta(t, d.CDF(x(end)), atom+integral, 1e-10, "aspect %v to %v", aspect, f)
			integral = quad.Fixed(func(theta float64) float64 {
				y := math.Sqrt(x(theta))
				return sv.Prob(y) * slope(theta) / (2 * y)
			}, 0, end, 4000, nil, 0)
			assert.InDelta(t, sv.CDF(math.Sqrt(x(end))), atom+integral, 1e-10, "aspect %v to %v", aspect, f)
		}
		assert.Equal(t, 1.0, d.CDF(upper))
		assert.Equal(t, 1.0, d.CDF(math.Inf(1)))
		assert.Equal(t, 0.0, d.CDF(-1))
		assert.InDelta(t, 0, d.Survival(upper), 1e-20)
		assert.Equal(t, 1.0, d.Survival(-1))
		assert.InDelta(t, atom, d.CDF(lower), 1e-15)
		assert.InDelta(t, atom, d.CDF(0), 1e-15)
		assert.Equal(t, 0.0, d.Prob(-1))
		assert.Equal(t, 0.0, d.Prob(upper*1.0001))
		assert.Equal(t, 0.0, sv.Prob(math.Sqrt(upper)*1.0001))
	}
}

func TestMarchenkoPasturQuantile(t *testing.T) {
	for _, aspect := range aspects {
		d := rmt.MarchenkoPastur{Aspect: aspect, Sigma: 0.5}
		sv := rmt.MarchenkoPasturSV(d)
		lower, upper := d.Support()
		atom := max(0, 1-1/aspect)
		check := func(p float64) {
			x := d.Quantile(p)
			require.InEpsilon(t, 1+x, 1+sv.Quantile(p)*sv.Quantile(p), 1e-14)
			if p <= atom {
				require.Zero(t, x)
				return
			}
			require.GreaterOrEqual(t, x, lower*(1-1e-15))
			require.LessOrEqual(t, x, upper*(1+1e-15))
			require.InDelta(t, p, d.CDF(x), 1e-12, "aspect %v at %v", aspect, p)
		}
		for p := 0.001; p < 1; p += 0.0313 {
			check(p)
		}
		for _, p := range []float64{1e-12, 1e-6, 1 - 1e-6, 1 - 1e-12} {
			check(p)
		}
		assert.InEpsilon(t, upper, d.Quantile(1), 1e-14)
		assert.Equal(t, d.Quantile(0.5), d.Median())
		assert.Equal(t, sv.Quantile(0.5), sv.Median())
		assert.InEpsilon(t, d.Moment(2)-d.Mean()*d.Mean(), d.Variance(), 1e-9)
	}
}

// CDF keeps its relative accuracy near the lower end, where it grows like a
// power 3/2, and so does its inverse.
func TestMarchenkoPasturLowerTail(t *testing.T) {
	for _, aspect := range []float64{0.01, 0.5, 0.99, 0.9999} {
		d := rmt.MarchenkoPastur{Aspect: aspect, Sigma: 1}
		for _, p := range []float64{1e-3, 1e-6, 1e-9, 1e-12} {
			assert.InEpsilon(t, p, d.CDF(d.Quantile(p)), 1e-6*max(1, 1e-11/p), "aspect %v at %v", aspect, p)
		}
	}
}

func TestMarchenkoPasturMoments(t *testing.T) {
	for _, aspect := range aspects {
		d := rmt.MarchenkoPastur{Aspect: aspect, Sigma: 1.5}
		m1, m2, m3, m4 := d.Moment(1), d.Moment(2), d.Moment(3), d.Moment(4)
		assert.Equal(t, 1.0, d.Moment(0))
		assert.InEpsilon(t, 2.25, d.Mean(), 1e-14)
		assert.InEpsilon(t, 2.25*2.25*aspect, d.Variance(), 1e-14)
		sd := d.StdDev()
		assert.InDelta(t, d.Skewness(), (m3-3*m1*m2+2*m1*m1*m1)/(sd*sd*sd), 1e-6*(1+d.Skewness()), "aspect %v", aspect)
		assert.InDelta(t, d.ExKurtosis(), (m4-4*m1*m3+6*m1*m1*m2-3*m1*m1*m1*m1)/(sd*sd*sd*sd)-3, 1e-6*(1+aspect), "aspect %v", aspect)
	}
}

func TestMarchenkoPasturRand(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	for _, aspect := range []float64{0.1, 1, 3} {
		d := rmt.MarchenkoPastur{Aspect: aspect, Sigma: 2, Src: rand.NewPCG(1, 2)}
		sv := rmt.MarchenkoPasturSV{Aspect: aspect, Sigma: 2, Src: rand.NewPCG(3, 4)}
		const n = 4000
		var mean, root float64
		zeros := 0
		for range n {
			x := d.Rand()
			mean += x / n
			root += sv.Rand() / n
			if x == 0 {
				zeros++
			}
		}
		assert.InDelta(t, d.Mean(), mean, 4*d.StdDev()/math.Sqrt(n))
		assert.InDelta(t, sv.Mean(), root, 4*sv.StdDev()/math.Sqrt(n))
		assert.InDelta(t, max(0, 1-1/aspect), float64(zeros)/n, 0.03)
	}
	assert.Greater(t, rmt.MarchenkoPastur{Aspect: 0.5, Sigma: 1}.Rand(), 0.0)
}

// The Stieltjes transform gives the density back on the real axis, and solves
// its equation everywhere.
func TestStieltjes(t *testing.T) {
	for _, aspect := range aspects {
		d := rmt.MarchenkoPastur{Aspect: aspect, Sigma: 1.2}
		lower, upper := d.Support()
		for _, f := range []float64{0.1, 0.5, 0.9} {
			x := lower + f*(upper-lower)
			assert.InEpsilon(t, d.Prob(x), imag(d.Stieltjes(complex(x, 0)))/math.Pi, 1e-9, "aspect %v at %v", aspect, x)
		}
		v := complex(1.2*1.2, 0)
		for _, z := range []complex128{1 + 1i, -3, 1e-3i, 40 - 2i, 1e9} {
			g := d.Stieltjes(z)
			a, b := complex(aspect, 0)*v*z*g*g, (z-v*complex(1-aspect, 0))*g
			assert.Less(t, cmplx.Abs(a+b+1), 1e-10*(1+cmplx.Abs(a)+cmplx.Abs(b)), "aspect %v at %v", aspect, z)
			if imag(z) != 0 {
				assert.Greater(t, imag(g)*imag(z), 0.0)
			}
		}
	}
}

func TestTracyWidomDistribution(t *testing.T) {
	var d rmt.TracyWidom
	assert.InDelta(t, 0.99, d.CDF(d.Quantile(0.99)), 1e-12)
	assert.InDelta(t, 0.5, d.Survival(d.Median()), 1e-12)
	d.Src = rand.NewPCG(5, 6)
	const n = 4000
	var mean, square float64
	for range n {
		x := d.Rand()
		mean += x / n
		square += x * x / n
	}
	assert.InDelta(t, d.Mean(), mean, 4*math.Sqrt(d.Variance()/n))
	assert.InDelta(t, d.Variance(), square-mean*mean, 0.15)
}

func TestMarchenkoPasturInvalid(t *testing.T) {
	for _, d := range []rmt.MarchenkoPastur{
		{}, {Aspect: 1}, {Aspect: -1, Sigma: 1}, {Aspect: math.NaN(), Sigma: 1}, {Aspect: 1, Sigma: math.Inf(1)},
	} {
		lower, _ := d.Support()
		assert.True(t, math.IsNaN(lower), "%v", d)
		assert.True(t, math.IsNaN(d.CDF(1)), "%v", d)
		sv := rmt.MarchenkoPasturSV(d)
		low, _ := sv.Support()
		for _, v := range []float64{
			d.Quantile(0.5), d.Prob(1), d.LogProb(1), d.Survival(1), d.Median(), d.Mean(), d.Variance(), d.StdDev(),
			d.Skewness(), d.ExKurtosis(), d.Rand(), real(d.Stieltjes(1i)), low, sv.Prob(1), sv.LogProb(1), sv.CDF(1),
			sv.Survival(1), sv.Quantile(0.5), sv.Median(), sv.Mean(), sv.Variance(), sv.StdDev(), sv.Rand(),
		} {
			assert.True(t, math.IsNaN(v), "%v", d)
		}
	}
	ok := rmt.MarchenkoPastur{Aspect: 0.5, Sigma: 1}
	assert.True(t, math.IsNaN(ok.Quantile(-0.1)))
	assert.True(t, math.IsNaN(ok.Quantile(1.1)))
	assert.True(t, math.IsNaN(ok.CDF(math.NaN())))
	assert.True(t, math.IsNaN(ok.Prob(math.NaN())))
	assert.True(t, math.IsNaN(ok.Moment(-1)))
	square := rmt.MarchenkoPastur{Aspect: 1, Sigma: 2}
	assert.True(t, math.IsInf(square.Prob(0), 1))
	assert.InEpsilon(t, 1/math.Pi, rmt.MarchenkoPasturSV(square).Prob(0), 1e-14, "as just above it")
	assert.InEpsilon(t, 1/math.Pi, rmt.MarchenkoPasturSV(square).Prob(1e-9), 1e-14)
}
