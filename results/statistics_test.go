package results

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
	"github.com/gospectrum/spectrum/statistics"
)

// Every statistic has a field and every field that says so is a statistic, in one order.
func TestStatisticsHaveFields(t *testing.T) {
	var names []string
	for _, d := range statistics.Definitions() {
		names = append(names, d.Name)
	}
	var fields []string
	for _, c := range columns() {
		if c.statistic {
			fields = append(fields, c.name)
			kind := reflect.TypeFor[Row]().Field(c.index).Type.Kind()
			for _, d := range statistics.Definitions() {
				if d.Name == c.name {
					assert.Equal(t, d.Flag, kind == reflect.Bool, c.name)
				}
			}
		}
	}
	assert.Equal(t, names, fields)
}

// analysed returns the row of a matrix, and its analysis.
func analysed(t *testing.T, w mat.Matrix) (Row, *spectrum.Analysis) {
	t.Helper()
	a, err := spectrum.Analyze(context.Background(), w)
	require.NoError(t, err)
	rows, cols := w.Dims()
	return NewRow(scan.Outcome{Tensor: checkpoint.Tensor{Name: "a.weight", DType: "F64", Shape: []int{rows, cols}}, Type: "a", Analysis: a}), a
}

// A row has the statistics of its spectrum with the errors of its values, writes them and
// reads them back.
func TestRowStatistics(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 7))
	w := mat.NewDense(60, 90, nil)
	w.Apply(func(i, j int, _ float64) float64 { return math.Exp(1.5 * rng.NormFloat64()) }, w)
	row, a := analysed(t, w)
	require.NotNil(t, a.ValueErrors)
	s, err := statistics.New(a.SingularValues, a.ValueErrors, 60, 90)
	require.NoError(t, err)
	m := s.Summary(statistics.Epsilon64)
	v := reflect.ValueOf(row)
	for _, d := range statistics.Definitions() {
		for _, c := range columns() {
			if c.name != d.Name {
				continue
			}
			switch f := v.Field(c.index).Interface().(type) {
			case bool:
				assert.Equal(t, d.Of(&m) == 1, f, d.Name)
			case Number:
				assert.Equal(t, d.Of(&m), float64(f), d.Name)
				assert.False(t, math.IsNaN(float64(f)), d.Name)
			default:
				t.Errorf("%s is a %T", d.Name, f)
			}
		}
	}
	assert.False(t, row.RanksUncertain)
	var text bytes.Buffer
	require.NoError(t, (&Result{Rows: []Row{row}}).WriteJSON(&text))
	back, err := Read(&text, "x")
	require.NoError(t, err)
	assert.Equal(t, row, back.Result.Rows[0])
}

// What is not defined is missing in a file, and what a file of an earlier version lacks is
// missing, not 0.
func TestMissingStatistics(t *testing.T) {
	row, _ := analysed(t, mat.NewDense(1, 5, []float64{1, 2, 3, 4, 5}))
	assert.True(t, math.IsNaN(float64(row.Alpha)) && math.IsNaN(float64(row.SpectralEntropy)))
	assert.Equal(t, Number(1), row.Rank90)
	back, err := Read(strings.NewReader(`{"layers": [{"name": "a.weight", "type": "a", "snr": 1, "ranked": true}]}`), "x")
	require.NoError(t, err)
	assert.True(t, math.IsNaN(float64(back.Result.Rows[0].HillAlpha)))
}

// All statistics of a large matrix take milliseconds. The analysis is not repeated for them:
// a row is made of its singular values alone.
func BenchmarkStatistics(b *testing.B) {
	for _, n := range []int{4096, 16384} {
		rng := rand.New(rand.NewPCG(19, 8))
		values, errs := make([]float64, n), make([]float64, n)
		for i := range values { // a bulk with a heavy tail, a tenth of it above the noise
			values[i] = 1 + 0.7*math.Cos(math.Pi*float64(i)/float64(n)) + 0.5*math.Pow(float64(n)/(10*float64(i+1)), 0.5)
			errs[i] = 1e-9 * (1 + rng.Float64())
		}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			a := &spectrum.Analysis{Rows: n, Cols: n * 7 / 2, SingularValues: values, ValueErrors: errs, ValueError: 2e-9}
			for b.Loop() {
				row := new(Row)
				row.describe(a)
				require.Positive(b, row.Alpha)
			}
		})
	}
}
