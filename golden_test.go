package spectrum_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/bits"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
)

// number is a float64 that the fixtures may spell "Infinity".
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == `"Infinity"` {
		*n = number(math.Inf(1))
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

type goldenSplit struct {
	Sigma       float64 `json:"sigma"`
	Threshold   float64 `json:"threshold"`
	SignalCount int     `json:"signal_count"`
	NoiseCount  int     `json:"noise_count"`
	SignalSum   float64 `json:"signal_sum"`
	NoiseSum    float64 `json:"noise_sum"`
	RatioSum    number  `json:"ratio_sum"`
	RatioCount  number  `json:"ratio_count"`
	SNRSum      number  `json:"snr_sum"`
	SNRCount    number  `json:"snr_count"`
}

type goldenCase struct {
	Name           string      `json:"name"`
	Kind           string      `json:"kind"`
	Rows           int         `json:"rows"`
	Cols           int         `json:"cols"`
	SHA256         string      `json:"sha256"`
	ScaleLog2      int         `json:"scale_log2"`
	SingularValues []float64   `json:"singular_values"`
	Frobenius      float64     `json:"frobenius"`
	StableRank     float64     `json:"stable_rank"`
	EffectiveRank  float64     `json:"effective_rank"`
	IQR            goldenSplit `json:"iqr"`
	Calibrated     goldenSplit `json:"calibrated"`
}

// splitUncertain names the matrices of which more than three quarters of the
// singular values are zero: t is rounding error, and so is the split.
var splitUncertain = map[string]bool{"low-rank-48x40": true}

func TestGolden(t *testing.T) {
	raw, err := os.ReadFile("testdata/golden/fixtures.json")
	require.NoError(t, err)
	var fixtures struct{ Cases []goldenCase }
	require.NoError(t, json.Unmarshal(raw, &fixtures))
	require.Len(t, fixtures.Cases, 24)
	for _, c := range fixtures.Cases {
		w := goldenMatrix(c)
		require.Equal(t, c.SHA256, hashMatrix(w), "%s: not the matrix NumPy saw", c.Name)
		for _, b := range spectrum.Backends() {
			for _, noise := range []spectrum.NoiseScale{spectrum.NoiseIQR, spectrum.NoiseCalibrated} {
				for _, ratio := range []spectrum.Ratio{spectrum.RatioSum, spectrum.RatioCount} {
					a := spectrum.Analyzer{Noise: noise, Ratio: ratio, Backend: b}
					t.Run(c.Name+"/"+b.Name()+"/"+noise.String()+"/"+ratio.String(), func(t *testing.T) {
						checkGolden(t, c, a, w)
					})
				}
			}
		}
	}
}

func checkGolden(t *testing.T, c goldenCase, a spectrum.Analyzer, w *mat.Dense) {
	res, err := a.Analyze(context.Background(), w)
	require.NoError(t, err)
	scale := math.Ldexp(1, c.ScaleLog2)
	ulp := 0x1p-1074 * scale // of a denormal result
	s1 := c.SingularValues[0]
	require.Len(t, res.SingularValues, len(c.SingularValues))
	for i, want := range c.SingularValues {
		tol := valueTolerance(a.Backend, s1, want)
		if want < 1e-7*s1 && !backwardStable(a.Backend) {
			tol = res.ValueError * scale
		}
		require.InDelta(t, want, res.SingularValues[i]*scale, tol+ulp, "s[%d]", i)
	}
	near := func(want, got float64, what string) {
		t.Helper()
		if want == 0 || math.IsInf(want, 0) {
			require.Equal(t, want, got, what)
			return
		}
		require.InEpsilon(t, want, got, derivedTolerance(a.Backend, res)+ulp/s1*float64(len(c.SingularValues)), what)
	}
	near(c.Frobenius, res.Frobenius*scale, "frobenius")
	near(c.StableRank, res.StableRank, "stable rank")
	near(c.EffectiveRank, res.EffectiveRank, "effective rank")
	want := c.IQR
	if a.Noise == spectrum.NoiseCalibrated {
		want = c.Calibrated
	}
	if splitUncertain[c.Name] {
		assert.True(t, math.IsInf(res.SNRError, 1), "error bound %v of an undecidable split", res.SNRError)
		return
	}
	// Absolute in s₁ because Q(¾)−Q(¼) may cancel to nothing.
	tol := 64*0x1p-53*s1 + 1e-12*want.Threshold + ulp*float64(len(c.SingularValues))
	if !backwardStable(a.Backend) {
		tol += 4 * res.ValueError * scale
	}
	require.InDelta(t, want.Sigma, res.Sigma*scale, tol, "sigma")
	require.InDelta(t, want.Threshold, res.Threshold*scale, tol, "threshold")
	require.Equal(t, want.SignalCount, res.SignalCount)
	require.Equal(t, want.NoiseCount, res.NoiseCount)
	near(want.SignalSum, res.SignalSum*scale, "signal sum")
	near(float64(want.RatioCount), res.RatioCount, "ratio count")
	snr := float64(want.SNRSum)
	if a.Ratio == spectrum.RatioCount {
		snr = float64(want.SNRCount)
	}
	require.Equal(t, math.IsInf(snr, 1), res.Saturated)
	near(want.NoiseSum, res.NoiseSum*scale, "noise sum")
	near(float64(want.RatioSum), res.RatioSum, "ratio sum")
	if c.ScaleLog2 != 0 && math.IsInf(res.SNR, 1) { // 1/s₁ of a denormal overflows
		require.Equal(t, math.Inf(1), res.SNRError, "the exact score is a number")
		return
	}
	require.Less(t, res.SNRError, 1e-9+1e3*ulp/s1+100*derivedTolerance(a.Backend, res), "error bound")
	if c.ScaleLog2 == 0 {
		near(snr, res.SNR, "snr")
	}
}

// goldenMatrix repeats make.py, bit for bit.
func goldenMatrix(c goldenCase) *mat.Dense {
	r, k := c.Rows, c.Cols
	seeds := map[string]uint64{
		"noise-24x24": 1, "noise-37x61": 2, "noise-61x37": 2, "noise-32x128": 3, "noise-256x512": 4,
		"noise-512x256": 5, "noise-256x256": 6, "noise-1e30-40x50": 7, "noise-1e-30-40x50": 8,
		"noise-denormal-16x20": 9, "spikes-64x96": 10, "spikes-96x256": 11, "spike-1000-128x128": 12,
		"power-law-128x200": 13, "geometric-60x60": 14, "outliers-90x70": 15, "duplicates-40x64": 16,
		"low-rank-48x40": 17, "row-1x50": 18, "column-50x1": 18, "two-2x3": 19,
	}
	seed := seeds[c.Name]
	switch c.Kind {
	case "noise-1e30":
		return apply(unitNoise(seed, r, k), func(_, _ int, v float64) float64 { return v * 1e30 })
	case "noise-1e-30":
		return apply(unitNoise(seed, r, k), func(_, _ int, v float64) float64 { return v * 1e-30 })
	case "noise-denormal":
		return apply(unitNoise(seed, r, k), func(_, _ int, v float64) float64 { return v * 0x1p15 * 0x1p-1074 })
	case "spikes":
		if r == 64 {
			return spikes(seed, r, k, 4, 1)
		}
		return spikes(seed, r, k, 8, 4)
	case "spike-1000":
		return spikes(seed, r, k, 1, 1000)
	case "power-law":
		return apply(unitNoise(seed, r, k), func(i, _ int, v float64) float64 { return v / float64(i+1) })
	case "geometric":
		return apply(unitNoise(seed, r, k), func(i, _ int, v float64) float64 { return math.Ldexp(v, -(i / 4)) })
	case "outliers":
		return apply(unitNoise(seed, r, k), func(i, j int, v float64) float64 {
			if i == r/3 {
				v *= 64
			}
			if j == k/2 {
				v *= 128
			}
			return v
		})
	case "duplicates":
		w := unitNoise(seed, r, k)
		return apply(w, func(i, j int, _ float64) float64 { return w.At(i/2, j) })
	case "low-rank":
		u, v := noise(seed, r, 8), noise(seed+1, 8, k)
		var w mat.Dense
		w.Mul(u, v)
		return &w
	case "hadamard":
		return apply(mat.NewDense(r, k, nil), func(i, j int, _ float64) float64 {
			return 1 - 2*float64(bits.OnesCount(uint(i&j))&1)
		})
	case "zero":
		return mat.NewDense(r, k, nil)
	case "one":
		return mat.NewDense(1, 1, []float64{-3})
	}
	return unitNoise(seed, r, k)
}

func noise(seed uint64, rows, cols int) *mat.Dense {
	data := make([]float64, rows*cols)
	for i := range data {
		z := uint64(i+1)*0x9E3779B97F4A7C15 + seed*0xD1B54A32D192ED03
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		data[i] = float64(z&0xffff+z>>16&0xffff+z>>32&0xffff+z>>48) - 131070
	}
	return mat.NewDense(rows, cols, data)
}

func unitNoise(seed uint64, rows, cols int) *mat.Dense {
	return apply(noise(seed, rows, cols), func(_, _ int, v float64) float64 { return v * 0x1p-15 })
}

func spikes(seed uint64, rows, cols, count int, strength float64) *mat.Dense {
	w := unitNoise(seed, rows, cols)
	sign := func(v float64) float64 {
		if v < 0 {
			return -1
		}
		return 1
	}
	for k := range count {
		u, v := noise(seed+100+uint64(k), 1, rows), noise(seed+200+uint64(k), 1, cols)
		w = apply(w, func(i, j int, x float64) float64 {
			return x + sign(u.At(0, i))*sign(v.At(0, j))*(strength/float64(k+1))
		})
	}
	return w
}

func apply(w *mat.Dense, f func(i, j int, v float64) float64) *mat.Dense {
	var out mat.Dense
	out.Apply(f, w)
	return &out
}

func hashMatrix(w *mat.Dense) string {
	h := sha256.New()
	r, _ := w.Dims()
	for i := range r {
		_ = binary.Write(h, binary.LittleEndian, w.RawRowView(i))
	}
	return hex.EncodeToString(h.Sum(nil))
}
