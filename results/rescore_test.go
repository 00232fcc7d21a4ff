package results

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
)

// What is computed from the singular values of a result is what a scan with the settings
// gives, and certain to no less than it says.
func TestRescore(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 10))
	w := mat.NewDense(40, 70, nil)
	w.Apply(func(i, j int, _ float64) float64 {
		return rng.NormFloat64() + 3*math.Sin(float64(i))*math.Cos(float64(j))
	}, w)
	row := func(a spectrum.Analyzer) Row {
		got, err := a.Analyze(t.Context(), w)
		require.NoError(t, err)
		r := NewRow(scan.Outcome{Tensor: checkpoint.Tensor{Name: "a.weight", DType: "F64", Shape: []int{40, 70}}, Type: "a", Analysis: got})
		r.SingularValues = got.SingularValues
		return r
	}
	failed := Row{Name: "b.weight", Type: "b", Error: "broken"}
	was := &Result{Rows: []Row{row(spectrum.Analyzer{}), failed}, Chosen: new(Chosen)}
	kn := spectrum.Analyzer{Noise: spectrum.NoiseKritchmanNadler, Divisor: spectrum.DivisorNone, Ratio: spectrum.RatioEnergy}
	want := row(kn)
	res, err := Rescore(was, kn)
	require.NoError(t, err)
	got := res.Rows[0]
	assert.Equal(t, failed, res.Rows[1])
	assert.Nil(t, res.Chosen)
	assert.Equal(t, []any{"kn", "tw:0.01", "energy", "none", true},
		[]any{res.Provenance.Settings.Noise, res.Provenance.Settings.Edge, res.Provenance.Settings.Ratio, res.Provenance.Settings.Divisor, res.Provenance.Settings.Rescored})
	assert.GreaterOrEqual(t, got.SNRError, want.SNRError)
	assert.GreaterOrEqual(t, got.HillAlphaError, want.HillAlphaError)
	assert.Equal(t, want.ValueError, got.ValueError)
	assert.Equal(t, want.SMinError, got.SMinError)
	// But for the bounds all is the same.
	for _, r := range []*Row{&got, &want} {
		for _, n := range []*Number{&r.SNRError, &r.HillAlphaError, &r.SpectralEntropyError, &r.AlphaBound, &r.ConditionError, &r.Seconds} {
			*n = 0
		}
		r.AlphaUncertain, r.RanksUncertain = false, false
	}
	assert.Equal(t, want, got)
	assert.Equal(t, Number(40), got.NumericalRank)
	assert.NotEqual(t, was.Rows[0].SNR, got.SNR)
}

func TestRescoreRefuses(t *testing.T) {
	row := Row{Name: "a.weight", Rows: 2, Cols: 3, SingularValues: []float64{2, 1}}
	with := func(change func(*Row)) *Result {
		r := row
		change(&r)
		return &Result{Rows: []Row{r}}
	}
	_, err := Rescore(with(func(r *Row) { r.SingularValues = nil }), spectrum.Analyzer{})
	assert.ErrorIs(t, err, ErrNoSpectrum)
	assert.ErrorContains(t, err, "a.weight")
	_, err = Rescore(with(func(r *Row) { r.Rows = 3 }), spectrum.Analyzer{})
	assert.ErrorIs(t, err, ErrFormat)
	_, err = Rescore(with(func(r *Row) { r.SingularValues = []float64{1, 2} }), spectrum.Analyzer{})
	assert.ErrorIs(t, err, ErrFormat)
	_, err = Rescore(with(func(*Row) {}), spectrum.Analyzer{Noise: spectrum.NoiseMAD})
	assert.ErrorIs(t, err, spectrum.ErrOption)
	_, err = Rescore(with(func(*Row) {}), spectrum.Analyzer{Noise: 99})
	assert.ErrorIs(t, err, spectrum.ErrOption)
	adapter := with(func(*Row) {})
	adapter.Kind = KindAdapter // whose counts are ranks, and no noise is in them
	_, err = Rescore(adapter, spectrum.Analyzer{})
	assert.ErrorIs(t, err, spectrum.ErrOption)
	_, err = Rescore(nil, spectrum.Analyzer{})
	assert.ErrorIs(t, err, spectrum.ErrOption)

	// What does not say how certain its values are is not certain.
	res, err := Rescore(with(func(r *Row) { r.ValueError = Number(math.NaN()) }), spectrum.Analyzer{})
	require.NoError(t, err)
	assert.True(t, math.IsInf(float64(res.Rows[0].SNRError), 1) && res.Rows[0].RanksUncertain)
}
