package spectrum_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
)

// foreign is a back-end of a caller's own: any function that yields spectra.
type foreign func(yield func(*spectrum.Spectrum, error) bool)

func (foreign) Name() string             { return "foreign" }
func (foreign) Workspace(_, _ int) int64 { return 0 }
func (foreign) Workers(_, _, _ int) int  { return 1 }
func (f foreign) Spectra(context.Context, spectrum.Problem) iter.Seq2[*spectrum.Spectrum, error] {
	return iter.Seq2[*spectrum.Spectrum, error](f)
}

// yields is a back-end with these spectra.
func yields(all ...*spectrum.Spectrum) foreign {
	return func(yield func(*spectrum.Spectrum, error) bool) {
		for _, s := range all {
			if !yield(s, nil) {
				return
			}
		}
	}
}

var errBroken = errors.New("broken")

// A back-end that breaks its contract is an error of its own, never a crash.
func TestForeignBackendsFail(t *testing.T) {
	good := &spectrum.Spectrum{Values: []float64{2, 1}}
	for name, c := range map[string]struct {
		backend foreign
		want    error
		text    string
	}{
		"error":           {func(yield func(*spectrum.Spectrum, error) bool) { yield(nil, errBroken) }, errBroken, "back-end foreign: broken"},
		"error, later":    {func(yield func(*spectrum.Spectrum, error) bool) { _ = yield(good, nil) && yield(nil, errBroken) }, errBroken, "broken"},
		"too few values":  {yields(&spectrum.Spectrum{Values: []float64{1}}), spectrum.ErrShape, "1 singular values for 2×2"},
		"ascending":       {yields(&spectrum.Spectrum{Values: []float64{1, 2}}), spectrum.ErrShape, "above its predecessor"},
		"not finite":      {yields(&spectrum.Spectrum{Values: []float64{math.NaN(), 2}}), spectrum.ErrNotFinite, "singular value 0"},
		"too few bounds":  {yields(&spectrum.Spectrum{Values: []float64{2, 1}, Errors: []float64{0}}), spectrum.ErrShape, "1 error bounds"},
		"negative bound":  {yields(&spectrum.Spectrum{Values: []float64{2, 1}, Errors: []float64{0, -1}}), spectrum.ErrShape, "singular value 1 is -1"},
		"bound of NaN":    {yields(&spectrum.Spectrum{Values: []float64{2, 1}, Errors: []float64{math.NaN(), 0}}), spectrum.ErrShape, "NaN"},
		"nothing":         {yields(), spectrum.ErrBackend, "returned no singular values"},
		"nil":             {yields(nil), spectrum.ErrBackend, "returned no singular values"},
		"no sequence":     {nil, spectrum.ErrBackend, "panicked"},
		"panics":          {func(func(*spectrum.Spectrum, error) bool) { panic("oh") }, spectrum.ErrBackend, "panicked: oh"},
		"panics at last":  {func(yield func(*spectrum.Spectrum, error) bool) { yield(good, nil); panic("oh") }, spectrum.ErrBackend, "panicked: oh"},
		"nil dereference": {func(func(*spectrum.Spectrum, error) bool) { _ = (*spectrum.Spectrum)(nil).Values }, spectrum.ErrBackend, "panicked"},
	} {
		t.Run(name, func(t *testing.T) {
			an := spectrum.Analyzer{Backend: c.backend}
			_, err := an.Analyze(context.Background(), gaussian(1, 2, 2))
			require.ErrorIs(t, err, spectrum.ErrBackend)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.text)
			_, err = an.SingularValues(context.Background(), gaussian(1, 2, 2))
			require.ErrorIs(t, err, spectrum.ErrBackend)
		})
	}
}

func TestBackendWithoutBoundsCertifiesNothing(t *testing.T) {
	a, err := spectrum.Analyzer{Backend: yields(&spectrum.Spectrum{Values: []float64{2, 1}})}.
		Analyze(context.Background(), gaussian(1, 2, 2))
	require.NoError(t, err)
	assert.True(t, math.IsInf(a.SNRError, 1) && math.IsInf(a.ValueError, 1))
}

// The analysis takes the first spectrum that is accurate enough, and the last if
// none is.
func TestFirstSpectrumThatCertifies(t *testing.T) {
	values := []float64{9, 8, 1.2, 1.1, 1, 0.9} // none near t
	within := func(e float64) *spectrum.Spectrum {
		errs := make([]float64, len(values))
		for i := range errs {
			errs[i] = e
		}
		return &spectrum.Spectrum{Values: values, Errors: errs}
	}
	for _, c := range []struct {
		tolerance, want float64
		asked           int
	}{{0.5, 1e-2, 1}, {1e-3, 1e-5, 2}, {1e-6, 1e-9, 3}, {1e-13, 1e-12, 4}} {
		asked := 0
		backend := foreign(func(yield func(*spectrum.Spectrum, error) bool) {
			for _, e := range []float64{1e-2, 1e-5, 1e-9, 1e-12} {
				asked++
				if !yield(within(e), nil) {
					return
				}
			}
		})
		a, err := spectrum.Analyzer{Backend: backend, Tolerance: c.tolerance}.Analyze(context.Background(), gaussian(1, 6, 6))
		require.NoError(t, err)
		assert.Equal(t, c.want, a.ValueError)
		assert.Equal(t, c.asked, asked)
	}
}

// Arguments that are nothing are errors of every function that takes one.
func TestNilArguments(t *testing.T) {
	var none context.Context
	var weights *spectrum.Weights
	var dense *mat.Dense
	for name, w := range map[string]mat.Matrix{"nil": nil, "nil weights": weights, "nil dense": dense, "transposed nil": mat.Transpose{}} {
		_, err := spectrum.Analyze(context.Background(), w)
		assert.Error(t, err, name)
		_, err = spectrum.SNR(context.Background(), w)
		assert.Error(t, err, name)
		_, err = spectrum.SingularValues(context.Background(), w)
		assert.Error(t, err, name)
	}
	_, err := spectrum.Analyze(none, gaussian(1, 2, 2))
	assert.ErrorIs(t, err, spectrum.ErrOption)
	_, err = spectrum.SingularValues(none, gaussian(1, 2, 2))
	assert.ErrorIs(t, err, spectrum.ErrOption)
}

// shape is a matrix that is never read.
type shape [2]int

func (s shape) Dims() (r, c int)  { return s[0], s[1] }
func (shape) At(_, _ int) float64 { panic("read") }
func (s shape) T() mat.Matrix     { return mat.Transpose{Matrix: s} }
func (s shape) String() string    { return "shape" }

// A matrix without elements is empty, however long its other side is.
func TestShapesWithoutElements(t *testing.T) {
	for _, s := range []shape{{math.MaxInt, 0}, {math.MaxInt - 1, 0}, {0, math.MaxInt}, {0, 0}} {
		_, err := spectrum.Analyze(context.Background(), s)
		assert.ErrorIs(t, err, spectrum.ErrEmpty, "%v", [2]int(s))
	}
	for _, s := range []shape{{-1, 3}, {3, -1}, {math.MaxInt, math.MaxInt}} {
		_, err := spectrum.Analyze(context.Background(), s)
		assert.ErrorIs(t, err, spectrum.ErrShape, "%v", [2]int(s))
	}
}

// slow ends its context while it is copied.
type slow struct {
	shape
	cancel func()
	read   *int
}

func (s slow) At(_, _ int) float64 {
	*s.read++
	s.cancel()
	return 1
}

func TestCopyOfAMatrixLooksAtTheContext(t *testing.T) {
	const wide = math.MaxInt >> 62 // 1 where an int has 64 bits, else 0
	for _, s := range []shape{{1000, 2}, {1, 1 << (26 + 14*wide)}, {1 << (26 + 14*wide), 1}, {1 << (13 + 17*wide), 1 << (12 + 17*wide)}} {
		ctx, cancel := context.WithCancel(context.Background())
		read := 0
		_, err := spectrum.Analyze(ctx, slow{s, cancel, &read})
		assert.ErrorIs(t, err, context.Canceled)
		assert.LessOrEqual(t, read, 1<<10, "%v", [2]int(s))
	}
}

// Every combination of settings gives a number, or an infinity that Saturated
// explains, also where sums of the weights pass the range of float64.
func TestHugeWeights(t *testing.T) {
	for _, size := range []float64{1e308, 1e-308, 5e-324} {
		w := mat.NewDense(6, 8, nil)
		w.Apply(func(i, j int, _ float64) float64 { return size * math.Cos(float64(3*i*j+i+2*j)) }, w)
		for i := range 300 {
			an := settings(i)
			a, err := an.Analyze(context.Background(), w)
			if err != nil {
				require.ErrorIs(t, err, spectrum.ErrNotFinite, "%v %+v", size, an)
				continue
			}
			require.False(t, math.IsNaN(a.SNR) || math.IsNaN(a.SNRError) || math.IsNaN(a.Sigma) || math.IsNaN(a.Threshold), "%v %+v", size, an)
			if math.IsInf(a.SNR, 1) && !a.Saturated { // 1/s₁ passes the range
				require.True(t, a.SMax < 1e-300 && an.Divisor == spectrum.DivisorSMax, "%v %+v", size, an)
			}
		}
	}
}

func TestStridedWeights(t *testing.T) {
	type myFloat float32
	data := make([]myFloat, 5*7)
	for i := range data {
		data[i] = myFloat(math.Sin(float64(i * i)))
	}
	part, err := spectrum.NewWeightsStrided(4, 3, 7, data[2:])
	require.NoError(t, err)
	assert.Equal(t, spectrum.F32, part.DType())
	copied := mat.DenseCopyOf(part)
	assert.Equal(t, float64(data[2+7+1]), copied.At(1, 1))
	want, err := spectrum.SNR(context.Background(), copied)
	require.NoError(t, err)
	got, err := spectrum.SNR(context.Background(), part)
	require.NoError(t, err)
	assert.InEpsilon(t, want, got, 1e-12)
	for _, bad := range [][3]int{{4, 3, 2}, {-1, 3, 3}, {6, 7, 7}, {2, -1, 0}, {math.MaxInt, 1 << 10, 1 << 10}} {
		_, err := spectrum.NewWeightsStrided(bad[0], bad[1], bad[2], data)
		assert.ErrorIs(t, err, spectrum.ErrShape, "%v", bad)
	}
}

// A back-end that promises nothing is never enough, whatever error is allowed.
func TestForeignBackendWithoutBounds(t *testing.T) {
	for _, p := range []spectrum.Precision{spectrum.PrecisionAuto, spectrum.PrecisionValues} {
		a := spectrum.Analyzer{
			Backend:   yields(&spectrum.Spectrum{Values: []float64{2, 1}}, &spectrum.Spectrum{Values: []float64{3, 1}, Errors: []float64{0, 0}}),
			Tolerance: math.Inf(1), Precision: p,
		}
		res, err := a.Analyze(t.Context(), mat.NewDense(2, 2, []float64{3, 0, 0, 1}))
		require.NoError(t, err, p)
		assert.Equal(t, 3., res.SMax, "the second, which has bounds")
	}
}
