package scan_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/test/shared"
	"github.com/gospectrum/spectrum/scan"
)

// expectation is one entry of expected.json beside the real weights.
type expectation struct {
	Rows        int     `json:"rows"`
	Cols        int     `json:"cols"`
	S1          float64 `json:"s1"`
	Sn          float64 `json:"sn"`
	Sigma       float64 `json:"sigma"`
	Threshold   float64 `json:"threshold"`
	SignalCount int     `json:"signal_count"`
	NoiseCount  int     `json:"noise_count"`
	SignalSum   float64 `json:"signal_sum"`
	NoiseSum    float64 `json:"noise_sum"`
	SNR         float64 `json:"snr"`
	CountSNR    float64 `json:"count_snr"`
	V0          float64 `json:"snr_v0"`
	V1          float64 `json:"snr_v1"`
}

func expected(t *testing.T) map[string]expectation {
	raw, err := os.ReadFile(shared.Path(t, "data/real/expected.json"))
	require.NoError(t, err)
	var want map[string]expectation
	require.NoError(t, json.Unmarshal(raw, &want))
	require.NotEmpty(t, want)
	return want
}

// Every back-end agrees with NumPy float64.
func TestRealWeights(t *testing.T) {
	want := expected(t)
	m := open(t, shared.Path(t, "data/real/stories260K"))
	for _, b := range spectrum.Backends() {
		for _, ratio := range []spectrum.Ratio{spectrum.RatioSum, spectrum.RatioCount} {
			t.Run(b.Name()+"/"+ratio.String(), func(t *testing.T) {
				all, err := scan.Collect(context.Background(), m, scan.Options{Analyzer: spectrum.Analyzer{Ratio: ratio, Backend: b}})
				require.NoError(t, err)
				outcomes := analysed(all)
				for name, w := range want {
					o, ok := outcomes[name]
					require.True(t, ok, name)
					require.NoError(t, o.Err)
					got := o.Analysis
					assert.Equal(t, []int{w.Rows, w.Cols, w.SignalCount, w.NoiseCount}, []int{got.Rows, got.Cols, got.SignalCount, got.NoiseCount}, name)
					snr := w.SNR
					if ratio == spectrum.RatioCount {
						snr = w.CountSNR
					}
					for _, pair := range [][2]float64{
						{w.S1, got.SMax}, {w.Sigma, got.Sigma}, {w.Threshold, got.Threshold},
						{w.SignalSum, got.SignalSum}, {w.NoiseSum, got.NoiseSum}, {snr, got.SNR},
					} {
						assert.InEpsilon(t, pair[0], pair[1], 1e-9, name)
					}
					// Errors of values are relative to the largest.
					assert.InDelta(t, w.Sn, got.SMin, 1e-11*w.S1, name)
				}
				assert.Len(t, outcomes, len(want)+1, "and the tied head")
			})
		}
	}
}

// The convolutions and oddly named weights of the Silero detector are rows or
// listed with a reason.
func TestSilero(t *testing.T) {
	m := open(t, shared.Path(t, "data/real/silero_vad_16k.safetensors"))
	all, err := scan.Collect(context.Background(), m, scan.Options{})
	require.NoError(t, err)
	require.NotEmpty(t, analysed(all))
	require.NotEmpty(t, skipped(all))
	assert.Len(t, m.Tensors(), len(all))
	for _, o := range analysed(all) {
		assert.NoError(t, o.Err, o.Name)
	}
}
