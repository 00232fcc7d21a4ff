package rmt_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/test/planted"
	"github.com/gospectrum/spectrum/rmt"
)

// unitModel has unit m·σ² and aspect beta, n being a power of two.
func unitModel(beta float64) rmt.SpikedModel {
	const m = 1 << 20
	return rmt.SpikedModel{Rows: int(beta * m), Cols: m, Sigma: 1. / 1024}
}

func TestSpikedModelAgainstMpmath(t *testing.T) {
	laws := readLaws(t)
	for _, c := range laws.Spiked {
		d := unitModel(c.Beta)
		assert.InEpsilon(t, c.Y, d.Inflate(c.X), 1e-12, "%v", c)
		assert.InEpsilon(t, c.X, d.Strength(c.Y), 1e-10, "%v", c)
		left, right := d.Overlap(c.X)
		assert.InEpsilon(t, c.Left, left, 1e-10, "%v", c)
		assert.InEpsilon(t, c.Right, right, 1e-10, "%v", c)
		tall := rmt.SpikedModel{Rows: d.Cols, Cols: d.Rows, Sigma: d.Sigma}
		swapped, _ := tall.Overlap(c.X)
		assert.Equal(t, right, swapped, "the longer vector is on the other side")
		// A minimum is only known to the root of the precision, times the size.
		assert.InDelta(t, c.Frobenius, d.Shrink(c.Y, rmt.LossFrobenius), 1e-9, "%v", c)
		assert.InDelta(t, c.Operator, d.Shrink(c.Y, rmt.LossOperator), 1e-9, "%v", c)
		assert.InDelta(t, c.Nuclear, d.Shrink(c.Y, rmt.LossNuclear), 1e-9, "%v", c)
	}
	for _, c := range laws.Thresholds {
		d := unitModel(c.Beta)
		assert.InEpsilon(t, c.Known, d.HardThreshold(), 1e-12, "%v", c)
		assert.InEpsilon(t, 4.5*c.Unknown, rmt.MedianHardThreshold(4, int(4/c.Beta), 4.5), 1e-10, "%v", c)
	}
	assert.True(t, math.IsNaN(rmt.MedianHardThreshold(0, 2, 1)))
}

func TestSpikedModelEnds(t *testing.T) {
	d := rmt.SpikedModel{Rows: 300, Cols: 100, Sigma: 0.5}
	edge, star := d.NoiseEdge(rmt.EdgeDefault), d.Detectable()
	assert.InEpsilon(t, 0.5*(math.Sqrt(300)+10), edge, 1e-15)
	assert.InEpsilon(t, edge, d.Inflate(star), 1e-12, "the detectable strength shows at the edge")
	assert.Equal(t, edge, d.Inflate(star/2))
	assert.Zero(t, d.Strength(edge))
	for _, loss := range []rmt.Loss{rmt.LossFrobenius, rmt.LossOperator, rmt.LossNuclear} {
		assert.Zero(t, d.Shrink(edge*(1-1e-12), loss))
		assert.InEpsilon(t, 1e6, d.Shrink(1e6, loss), 1e-6, "a strong value is left alone")
	}
	left, right := d.Overlap(star)
	assert.Zero(t, left+right)
	for x := star * 1.001; x < 100*star; x *= 1.1 {
		assert.InEpsilon(t, x, d.Strength(d.Inflate(x)), 1e-9)
	}
	assert.Greater(t, d.HardThreshold(), edge)
	for _, bad := range []rmt.SpikedModel{{}, {Rows: 1, Cols: 1}, {Rows: 1, Cols: 1, Sigma: math.NaN()}} {
		left, right := bad.Overlap(1)
		for _, v := range []float64{
			bad.NoiseEdge(0.01), bad.Detectable(), bad.Inflate(1), bad.Strength(1), left, right, bad.HardThreshold(),
			bad.Shrink(1, rmt.LossFrobenius),
		} {
			assert.True(t, math.IsNaN(v))
		}
	}
	assert.True(t, math.IsNaN(d.NoiseEdge(2)))
	assert.True(t, math.IsNaN(d.Shrink(1e3, 99)))
	assert.True(t, math.IsNaN(d.Inflate(-1)))
}

func TestEdgeText(t *testing.T) {
	for text, want := range map[string]rmt.EdgeRule{
		"asymptotic": rmt.EdgeAsymptotic, "default": rmt.EdgeDefault, "tw:0.01": 0.01, "tw:1e-06": 1e-6,
	} {
		var e rmt.EdgeRule
		require.NoError(t, e.UnmarshalText([]byte(text)))
		assert.Equal(t, want, e)
		assert.Equal(t, text, e.String())
	}
	for _, text := range []string{"", "tw:", "tw:0", "tw:1", "tw:-1", "tw:NaN", "0.01", "tw"} {
		var e rmt.EdgeRule
		assert.ErrorIs(t, e.UnmarshalText([]byte(text)), spectrum.ErrOption, text)
	}
	_, err := spectrum.Analyzer{Noise: spectrum.NoiseMedian, Edge: 1.5}.AnalyzeSpectrum([]float64{1}, 1, 1)
	assert.ErrorIs(t, err, spectrum.ErrOption)
	_, err = spectrum.Analyzer{Edge: 0.01}.AnalyzeSpectrum([]float64{1}, 1, 1)
	assert.ErrorIs(t, err, spectrum.ErrOption, "NoiseIQR has no such edge")
}

// The largest singular value of Gaussian noise passes the Tracy–Widom edge as
// often as the edge says: at 5 %, 20 ± 15 of 400 draws are 3.5 standard
// deviations on either side.
func TestTracyWidomEdgeOnNoise(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	for _, shape := range [][2]int{{20, 20}, {20, 80}, {100, 10}} {
		r := rand.New(rand.NewPCG(11, uint64(shape[0])))
		edge := rmt.SpikedModel{Rows: shape[0], Cols: shape[1], Sigma: 3}.NoiseEdge(0.05)
		passed := 0
		for range 400 {
			w := planted.Matrix(r, shape[0], shape[1], planted.Gaussian, nil)
			s, err := spectrum.SingularValues(context.Background(), w)
			require.NoError(t, err)
			if 3*s[0] > edge {
				passed++
			}
		}
		assert.InDelta(t, 20, passed, 15, "%v", shape)
	}
}

// What the model says of a planted direction, against the singular vectors.
func TestOverlapOfPlantedDirection(t *testing.T) {
	if testing.Short() {
		t.Skip("many draws or large matrices on one goroutine: nothing for the race detector")
	}
	const rows, cols = 200, 500
	d := rmt.SpikedModel{Rows: rows, Cols: cols, Sigma: 1}
	theta := 2 * d.Detectable()
	r := rand.New(rand.NewPCG(13, 14))
	var s, left, right float64
	const draws = 10
	for range draws {
		w := planted.Matrix(r, rows, cols, planted.Gaussian, nil)
		u, v := planted.Orthonormal(r, rows, 1), planted.Orthonormal(r, cols, 1)
		var signal mat.Dense
		signal.Mul(u, v.T())
		signal.Scale(theta, &signal)
		w.Add(w, &signal)
		var svd mat.SVD
		require.True(t, svd.Factorize(w, mat.SVDThin))
		var ut, vt mat.Dense
		svd.UTo(&ut)
		svd.VTo(&vt)
		s += svd.Values(nil)[0] / draws
		left += math.Abs(mat.Dot(u.ColView(0), ut.ColView(0))) / draws
		right += math.Abs(mat.Dot(v.ColView(0), vt.ColView(0))) / draws
	}
	wantLeft, wantRight := d.Overlap(theta)
	assert.InEpsilon(t, d.Inflate(theta), s, 0.01)
	assert.InEpsilon(t, wantLeft, left, 0.015)
	assert.InEpsilon(t, wantRight, right, 0.015)
}

// Shrinking the singular values of a planted matrix recovers it better than
// keeping those above the edge.
func TestShrinkageRecoversSignal(t *testing.T) {
	const rows, cols = 150, 300
	d := rmt.SpikedModel{Rows: rows, Cols: cols, Sigma: 0.1}
	r := rand.New(rand.NewPCG(15, 16))
	u, v := planted.Orthonormal(r, rows, 2), planted.Orthonormal(r, cols, 2)
	var truth mat.Dense
	truth.Mul(u, v.T())
	truth.Scale(1.6*d.Detectable(), &truth)
	w := planted.Matrix(r, rows, cols, planted.Gaussian, nil)
	w.Scale(0.1, w)
	w.Add(w, &truth)
	var svd mat.SVD
	require.True(t, svd.Factorize(w, mat.SVDThin))
	loss := func(f func(float64) float64) float64 {
		var ut, vt, back mat.Dense
		svd.UTo(&ut)
		svd.VTo(&vt)
		s := svd.Values(nil)
		ut.Apply(func(_, j int, x float64) float64 { return x * f(s[j]) }, &ut)
		back.Mul(&ut, vt.T())
		back.Sub(&back, &truth)
		return back.Norm(2)
	}
	shrunk := loss(func(s float64) float64 { return d.Shrink(s, rmt.LossFrobenius) })
	cut := loss(func(s float64) float64 {
		if s > d.NoiseEdge(rmt.EdgeAsymptotic) {
			return s
		}
		return 0
	})
	assert.Less(t, shrunk, 0.9*cut)
}
