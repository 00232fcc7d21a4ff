package scan_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/scan"
)

// steady is a back-end whose matrices take as long as they cost, by the clock of the test.
type steady struct {
	spectrum.Backend
	rate float64 // cost a second
	err  error
}

func (steady) Workspace(_, _ int) int64        { return 0 }
func (steady) Workers(_, _, available int) int { return available }

func (b steady) Spectra(_ context.Context, p spectrum.Problem) iter.Seq2[*spectrum.Spectrum, error] {
	return func(yield func(*spectrum.Spectrum, error) bool) {
		r, c := p.W.Dims()
		n, m := float64(min(r, c)), float64(max(r, c))
		time.Sleep(time.Duration(n * n * (n + m) / b.rate / float64(p.Workers) * float64(time.Second)))
		s := &spectrum.Spectrum{Values: make([]float64, min(r, c)), Precision: "float64"}
		for i := range s.Values {
			s.Values[i] = 2 - float64(i)/n
		}
		yield(s, b.err)
	}
}

// sparse is a matrix of one 1, in two bytes an element.
func sparse(name string, r, c int64) safetensors.Data {
	b := make([]byte, 2*r*c)
	b[0], b[1] = 0x80, 0x3f
	return safetensors.Data{Name: name, DType: "BF16", Shape: []int64{r, c}, Bytes: b}
}

// The work done grows every second within a matrix, from the first second of the first
// on, up to little below the whole of it, and never beyond it.
func TestProgressWithinAMatrix(t *testing.T) {
	const n = 7168 // so large that the speed is measured beforehand
	dir := write(t, "", sparse("a.weight", n, n), sparse("b.weight", n, n))
	synctest.Test(t, func(t *testing.T) {
		m := open(t, dir)
		b := steady{Backend: defaultBackend(t), rate: 2 * n * n * n / 18.6} // 9.3 s for two, no end of which is a whole second
		opt := scan.Options{Analyzer: spectrum.Analyzer{Backend: b}, Jobs: 2}
		took, err := scan.Estimate(t.Context(), m, opt)
		require.NoError(t, err)
		assert.InDelta(t, 18.6, took.Seconds(), .1)

		var all []scan.Progress
		opt.Progress = func(p scan.Progress) { all = append(all, p) }
		_, err = scan.Collect(t.Context(), m, opt)
		require.NoError(t, err)
		require.InDelta(t, 22, len(all), 2)
		second := 0
		for i, p := range all[1:] {
			if p.Last != nil {
				assert.Zero(t, p.InFlight)
				second = 0
				continue
			}
			second++
			assert.InDelta(t, min(float64(second)/9.3, .95), 2*p.InFlight/p.TotalWork, .11, "event %d", i)
			assert.Positive(t, p.InFlight)
			assert.Less(t, p.Work+p.InFlight, p.TotalWork)
		}
	})
}

// An estimate of nothing is none, and what cannot be computed is an error of Estimate and
// stops no scan before its first matrix.
func TestEstimateFails(t *testing.T) {
	m := open(t, write(t, "", sparse("a.weight", 8, 8)))
	took, err := scan.Estimate(t.Context(), m, scan.Options{Exclude: []string{"a*"}})
	require.NoError(t, err)
	assert.Zero(t, took)
	broken := errors.New("broken")
	opt := scan.Options{Analyzer: spectrum.Analyzer{Backend: steady{defaultBackend(t), 1e12, broken}}}
	_, err = scan.Estimate(t.Context(), m, opt)
	assert.ErrorIs(t, err, broken)
	var none context.Context
	_, err = scan.Estimate(none, m, scan.Options{})
	assert.ErrorIs(t, err, spectrum.ErrOption)
	_, err = scan.Estimate(t.Context(), nil, scan.Options{})
	assert.ErrorIs(t, err, spectrum.ErrOption)
}
