package spectrum_test

import (
	"context"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
)

// randomDense fills a matrix with normal numbers.
func randomDense(rnd *rand.Rand, rows, cols int) *mat.Dense {
	m := mat.NewDense(rows, cols, nil)
	m.Apply(func(_, _ int, _ float64) float64 { return rnd.NormFloat64() }, m)
	return m
}

// The values are those of the product, within the bound, and all others are zero.
func TestAnalyzeProduct(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, s := range []struct{ rows, rank, cols int }{{5, 1, 3}, {40, 8, 30}, {30, 30, 40}, {700, 64, 300}, {300, 5, 900}, {1, 1, 1}, {2000, 16, 20}, {2000, 16, 9}, {3, 8, 2000}, {7, 9, 7}, {9, 300, 1000}, {1000, 300, 9}, {6, 40, 50}} {
		left, right := randomDense(rnd, s.rows, s.rank), randomDense(rnd, s.rank, s.cols)
		var product mat.Dense
		product.Mul(left, right)
		product.Scale(-0.25, &product)
		want, err := spectrum.SingularValues(t.Context(), &product)
		require.NoError(t, err)
		a, err := spectrum.Analyzer{}.AnalyzeProduct(t.Context(), left, right, -0.25)
		require.NoError(t, err)
		left, right = mat.DenseCopyOf(left.T()), mat.DenseCopyOf(right.T())
		views, err := spectrum.Analyzer{}.AnalyzeProduct(t.Context(), left.T(), right.T(), -0.25)
		require.NoError(t, err)
		assert.InDeltaSlice(t, a.SingularValues, views.SingularValues, a.ValueError, "%v: the same of transposes", s)
		require.Len(t, a.SingularValues, min(s.rows, s.cols))
		for i, v := range want {
			assert.InDelta(t, v, a.SingularValues[i], a.ValueError+1e-11*want[0], "%v: value %d", s, i)
		}
		assert.Less(t, a.ValueError, 1e-9*a.SMax, "%v", s)
		assert.InEpsilon(t, mat.Norm(&product, 2), a.Frobenius, 1e-12)
		for _, v := range a.SingularValues[min(s.rank, s.rows, s.cols):] {
			assert.Zero(t, v)
		}
	}
}

// A factor that is zero makes a product that is exactly so, as a fresh adapter has.
func TestAnalyzeProductOfNothing(t *testing.T) {
	a, err := spectrum.Analyzer{}.AnalyzeProduct(t.Context(), mat.NewDense(9, 2, nil), randomDense(rand.New(rand.NewPCG(1, 1)), 2, 7), 2)
	require.NoError(t, err)
	assert.True(t, a.Zero)
	assert.Zero(t, a.Frobenius)
	assert.Zero(t, a.ValueError)
}

func TestAnalyzeProductRefuses(t *testing.T) {
	m := func(r, c int) *mat.Dense { return randomDense(rand.New(rand.NewPCG(1, 1)), r, c) }
	_, err := spectrum.Analyzer{}.AnalyzeProduct(t.Context(), m(4, 2), m(3, 4), 1)
	assert.ErrorIs(t, err, spectrum.ErrShape)
	_, err = spectrum.Analyzer{}.AnalyzeProduct(t.Context(), m(4, 2), m(2, 4), math.NaN())
	assert.ErrorIs(t, err, spectrum.ErrOption)
	bad := m(2, 4)
	bad.Set(1, 2, math.Inf(1))
	_, err = spectrum.Analyzer{}.AnalyzeProduct(t.Context(), m(4, 2), bad, 1)
	assert.ErrorIs(t, err, spectrum.ErrNotFinite)
	var none context.Context
	_, err = spectrum.Analyzer{}.AnalyzeProduct(none, m(4, 2), m(2, 4), 1)
	assert.ErrorIs(t, err, spectrum.ErrOption)
	_, err = spectrum.Analyzer{}.AnalyzeProduct(t.Context(), nil, m(2, 4), 1)
	assert.ErrorIs(t, err, spectrum.ErrEmpty)
	big := mat.NewDense(2, 1, []float64{math.MaxFloat64, 1})
	_, err = spectrum.Analyzer{}.AnalyzeProduct(t.Context(), big, mat.NewDense(1, 2, []float64{1, math.MaxFloat64}), 1)
	assert.ErrorIs(t, err, spectrum.ErrNotFinite)
}

func BenchmarkAnalyzeProduct(b *testing.B) {
	rnd := rand.New(rand.NewPCG(3, 4))
	left, right := randomDense(rnd, 4096, 64), randomDense(rnd, 64, 4096)
	for b.Loop() {
		_, err := spectrum.Analyzer{Workers: 1}.AnalyzeProduct(b.Context(), left, right, 1)
		require.NoError(b, err)
	}
}

// Factors of every condition keep within the bound: those whose triangular factors come from
// their Gram matrices, and those that are too near singular for that.
func TestAnalyzeProductOfIllConditionedFactors(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 9))
	for _, decades := range []float64{0, 1, 2, 3, 5, 8, 12, 20} {
		left, right := randomDense(rnd, 300, 12), randomDense(rnd, 12, 200)
		graded := func(m *mat.Dense, byColumn bool) {
			m.Apply(func(i, j int, v float64) float64 {
				if byColumn {
					i = j
				}
				return v * math.Pow(10, -decades*float64(i)/11)
			}, m)
		}
		graded(left, true)
		graded(right, false)
		var mixing mat.Dense // so that grading is not along the axes
		mixing.Mul(left, randomDense(rnd, 12, 12))
		var product mat.Dense
		product.Mul(&mixing, right)
		var svd mat.SVD
		require.True(t, svd.Factorize(&product, mat.SVDNone))
		a, err := spectrum.Analyzer{}.AnalyzeProduct(t.Context(), &mixing, right, 1)
		require.NoError(t, err)
		// The product that is the witness is itself rounded.
		witness := 1e-14 * mat.Norm(&mixing, 2) * mat.Norm(right, 2)
		for i, v := range svd.Values(nil)[:12] {
			assert.InDelta(t, v, a.SingularValues[i], a.ValueError+witness, "%v decades: value %d", decades, i)
		}
		assert.Less(t, a.ValueError, 1e-8*a.SMax, "%v decades", decades)
	}
}

// Factors and a scale near opposite ends of the range make a product in its middle.
func TestAnalyzeProductOfExtremes(t *testing.T) {
	for _, q := range [][3]float64{{1.2345678e160, 1.3456789e160, 1.111e-318}, {1.2345678e155, 1.3456789e155, 1.111e-312}, {3e-200, 3e-100, 1e300}} {
		a, err := spectrum.Analyzer{}.AnalyzeProduct(t.Context(), mat.NewDense(1, 1, q[:1]), mat.NewDense(1, 1, q[1:2]), q[2])
		require.NoError(t, err)
		want := new(big.Float).SetPrec(300).SetFloat64(1)
		for _, x := range q {
			want.Mul(want, new(big.Float).SetFloat64(x))
		}
		off, _ := want.Sub(want, big.NewFloat(a.SMax)).Float64()
		assert.LessOrEqual(t, math.Abs(off), a.ValueError, "%v", q)
	}
}
