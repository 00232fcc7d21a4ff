package rmt_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/rmt"
)

// magnitudes are all that a positive number can be.
var magnitudes = []float64{5e-324, 1e-310, 1e-200, 1e-160, 1e-17, 0.3, 1, 1 + 0x1p-52, 2, 1e9, 1e17, 1e154, 1e200, 1e308, math.MaxFloat64}

// anyNumber are the arguments that are not NaN.
var anyNumber = append([]float64{0, math.Copysign(0, -1), -1, -5e-324, -math.MaxFloat64, math.Inf(1), math.Inf(-1)}, magnitudes...)

// numbers calls a method of d, and fails where a result is NaN: its arguments have a
// meaning.
func numbers(t *testing.T, d any, method string, args ...any) {
	var in []reflect.Value
	for _, x := range args {
		in = append(in, reflect.ValueOf(x))
	}
	for _, out := range reflect.ValueOf(d).MethodByName(method).Call(in) {
		call := fmt.Sprintf("%T %+v.%s(%v) = %v", d, d, method, args, out)
		if out.Kind() == reflect.Complex128 {
			require.False(t, cmplx.IsNaN(out.Complex()), call)
			continue
		}
		require.False(t, math.IsNaN(out.Float()), call)
		switch method {
		case "CDF", "Survival", "Overlap":
			require.True(t, out.Float() >= 0 && out.Float() <= 1, call)
		case "LogProb", "ExKurtosis":
		default:
			require.GreaterOrEqual(t, out.Float(), 0., call)
		}
	}
}

// What has a meaning is a number, whatever the magnitude of the scale and of the
// arguments: 0 or infinite at worst.
func TestLawsOfAnyMagnitude(t *testing.T) {
	for _, aspect := range magnitudes {
		for _, sigma := range magnitudes {
			law := rmt.MarchenkoPastur{Aspect: aspect, Sigma: sigma}
			for _, d := range []any{law, rmt.MarchenkoPasturSV(law)} {
				for _, m := range []string{"Mean", "Median", "Variance", "StdDev", "Support", "Rand"} {
					numbers(t, d, m)
				}
				for _, m := range []string{"Prob", "LogProb", "CDF", "Survival"} {
					for _, x := range anyNumber {
						numbers(t, d, m, x)
					}
				}
				for _, p := range []float64{0, 5e-324, 1e-17, 0.3, 0.5, 1 - 0x1p-53, 1} {
					numbers(t, d, "Quantile", p)
				}
			}
			numbers(t, law, "Skewness")
			numbers(t, law, "ExKurtosis")
			for _, k := range []int{0, 1, 2, 5, 1000, math.MaxInt} {
				numbers(t, law, "Moment", k)
			}
			for _, re := range anyNumber {
				for _, im := range []float64{0, 5e-324, 1, 1e308, -1} {
					numbers(t, law, "Stieltjes", complex(re, im))
				}
			}
		}
	}
}

func TestSpikedModelOfAnyMagnitude(t *testing.T) {
	for _, rows := range []int{1, 2, 3, 1000, math.MaxInt >> 8, math.MaxInt} {
		for _, cols := range []int{1, 2, 1000, math.MaxInt >> 8, math.MaxInt} {
			for _, sigma := range magnitudes {
				d := rmt.SpikedModel{Rows: rows, Cols: cols, Sigma: sigma}
				for _, e := range []rmt.EdgeRule{rmt.EdgeDefault, rmt.EdgeAsymptotic, 5e-324, 1e-17, 0.01, 1 - 0x1p-53} {
					numbers(t, d, "NoiseEdge", e)
				}
				numbers(t, d, "Detectable")
				numbers(t, d, "HardThreshold")
				for _, x := range anyNumber {
					require.False(t, math.IsNaN(rmt.MedianHardThreshold(rows, cols, x)))
					numbers(t, d, "Strength", x)
					for loss := rmt.LossFrobenius; loss <= rmt.LossNuclear; loss++ {
						numbers(t, d, "Shrink", x, loss)
					}
					if x >= 0 {
						numbers(t, d, "Inflate", x)
						numbers(t, d, "Overlap", x)
					}
				}
			}
		}
	}
}

// A law and a model in other units give the same results in those units, to the last
// bit, also where squares of the units pass the range of float64.
func TestUnitsDoNotMatter(t *testing.T) {
	for _, e := range []int{-900, -600, -3, 600, 900} {
		to := func(x float64) float64 { return math.Ldexp(x, e) }
		for _, aspect := range []float64{0.1, 1, 1 + 0x1p-52, 7} {
			one := rmt.MarchenkoPasturSV{Aspect: aspect, Sigma: 1.3}
			other := rmt.MarchenkoPasturSV{Aspect: aspect, Sigma: to(1.3)}
			for _, y := range []float64{0, 0.2, 1, 1.8, 2.5} {
				assert.Equal(t, one.CDF(y), other.CDF(to(y)))
				assert.Equal(t, one.Survival(y), other.Survival(to(y)))
				assert.InDelta(t, one.LogProb(y)-float64(e)*math.Ln2, other.LogProb(to(y)), 1e-12)
			}
			assert.Equal(t, to(one.Quantile(0.4)), other.Quantile(0.4))
			assert.Equal(t, to(one.StdDev()), other.StdDev())
		}
		one := rmt.SpikedModel{Rows: 30, Cols: 50, Sigma: 0.7}
		other := rmt.SpikedModel{Rows: 30, Cols: 50, Sigma: to(0.7)}
		for _, s := range []float64{0, 3, 9, 12, 40, 1e25, 1e29} {
			assert.Equal(t, to(one.Strength(s)), other.Strength(to(s)))
			assert.Equal(t, to(one.Inflate(s)), other.Inflate(to(s)))
			for loss := rmt.LossFrobenius; loss <= rmt.LossNuclear; loss++ {
				assert.Equal(t, to(one.Shrink(s, loss)), other.Shrink(to(s), loss))
			}
		}
	}
}

// With aspect ratio 1 and Sigma ½ the moments are those of Catalan's numbers over 4ᵏ,
// whose factors pass the range of float64.
func TestHighMoments(t *testing.T) {
	for _, k := range []int{3, 400, 1000, 1 << 16, 1 << 22, 1 << 30} {
		lgamma := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
		n := float64(k)
		catalan := lgamma(2*n+1) - lgamma(n+2) - lgamma(n+1) - 2*n*math.Ln2
		want := math.Exp(catalan)
		if k > 1000 { // where these cancel
			want = math.Pow(n, -1.5) / math.Sqrt(math.Pi) * (1 - 9/(8*n))
		}
		assert.InEpsilon(t, want, rmt.MarchenkoPastur{Aspect: 1, Sigma: 0.5}.Moment(k), 1e-5, k)
	}
	assert.InEpsilon(t, 1e40, rmt.MarchenkoPastur{Aspect: 1e200, Sigma: 1e-60}.Moment(3), 1e-9)
}
