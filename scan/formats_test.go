package scan_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
)

const formats = "../testdata/formats"

// formatExpectation is what testdata/formats/make.py says of one weight.
type formatExpectation struct {
	Rows, Cols                       int
	SMax                             float64 `json:"s_max"`
	SMin                             float64 `json:"s_min"`
	Sigma, Threshold, SNR, Frobenius float64
	Signal, Noise                    int
	DType                            string
	Exact                            bool // equal to the float32 source
}

// TestEveryFormat scans one model in every format and holds the results to
// NumPy's: float64 of the weights each file decodes to.
func TestEveryFormat(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(formats, "expected.json"))
	require.NoError(t, err)
	var want struct {
		Models map[string]map[string]formatExpectation
	}
	require.NoError(t, json.Unmarshal(text, &want))
	entries, err := os.ReadDir(formats)
	require.NoError(t, err)
	assert.Len(t, want.Models, len(entries)-2, "every model has its formatExpectation")
	opt := scan.Options{Analyzer: spectrum.Analyzer{Precision: spectrum.PrecisionFloat64}}
	for model, layers := range want.Models {
		m := open(t, filepath.Join(formats, model))
		all, err := scan.Collect(context.Background(), m, opt)
		require.NoError(t, err, model)
		outcomes := analysed(all)
		assert.Len(t, outcomes, len(layers), model)
		assert.Len(t, m.Tensors(), len(all), model)
		for name, w := range layers {
			o, ok := outcomes[name]
			require.True(t, ok, "%s %s", model, name)
			label := model + " " + name
			require.NoError(t, o.Err, label)
			assert.Equal(t, w.DType, o.DType, label)
			got := o.Analysis
			assert.Equal(t, [4]int{w.Rows, w.Cols, w.Signal, w.Noise}, [4]int{got.Rows, got.Cols, got.SignalCount, got.NoiseCount}, label)
			for _, pair := range [][2]float64{
				{w.SNR, got.SNR}, {w.SMax, got.SMax}, {w.SMin, got.SMin},
				{w.Sigma, got.Sigma}, {w.Threshold, got.Threshold}, {w.Frobenius, got.Frobenius},
			} {
				assert.InEpsilon(t, pair[0], pair[1], 1e-9, label)
			}
		}
	}
}

// TestExactFormats holds the weights of every format that keeps them to those
// of the float32 source, bit for bit.
func TestExactFormats(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(formats, "expected.json"))
	require.NoError(t, err)
	var want struct {
		Models map[string]map[string]formatExpectation
	}
	require.NoError(t, json.Unmarshal(text, &want))
	source := open(t, filepath.Join(formats, "safetensors-F32"))
	compared := 0
	for model, layers := range want.Models {
		m := open(t, filepath.Join(formats, model))
		for _, x := range m.Tensors() {
			if !layers[x.Name].Exact {
				continue
			}
			compared++
			got := load(t, m, x)
			for _, s := range source.Tensors() {
				if s.Name != x.Name {
					continue
				}
				same := load(t, source, s)
				rows, cols := same.Dims()
				for i := range rows {
					require.Equal(t, same.Row(make([]float64, cols), i), got.Row(nil, i), "%s %s row %d", model, x.Name, i)
				}
			}
		}
	}
	assert.Equal(t, 13, compared, "F64, F32, sharded, two of GGUF and one and a half of PyTorch")
}

func load(t *testing.T, m *checkpoint.Model, x checkpoint.Tensor) *spectrum.Weights {
	t.Helper()
	w, err := m.Load(context.Background(), x, nil)
	require.NoError(t, err)
	return w
}
