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
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/scan"
)

// expectation is one entry of expected.json beside the real weights.
type expectation struct {
	Rows        int64   `json:"rows"`
	Cols        int64   `json:"cols"`
	S1          float64 `json:"s1"`
	Sn          float64 `json:"sn"`
	Sigma       float64 `json:"sigma"`
	Threshold   float64 `json:"threshold"`
	SignalCount int64   `json:"signal_count"`
	NoiseCount  int64   `json:"noise_count"`
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
				file, err := scan.Run(context.Background(), m, scan.Options{Analyzer: spectrum.Analyzer{Ratio: ratio, Backend: b}})
				require.NoError(t, err)
				rows := byName(file)
				for name, w := range want {
					got, ok := rows[name]
					require.True(t, ok, name)
					require.Empty(t, got.Error)
					assert.Equal(t, []int64{w.Rows, w.Cols, w.SignalCount, w.NoiseCount}, []int64{got.Rows, got.Cols, got.SignalCount, got.NoiseCount}, name)
					snr := w.SNR
					if ratio == spectrum.RatioCount {
						snr = w.CountSNR
					}
					for _, pair := range [][2]float64{
						{w.S1, float64(got.SMax)}, {w.Sigma, float64(got.Sigma)},
						{w.Threshold, float64(got.Threshold)}, {w.SignalSum, float64(got.SignalSum)},
						{w.NoiseSum, float64(got.NoiseSum)}, {snr, float64(got.SNR)},
					} {
						assert.InEpsilon(t, pair[0], pair[1], 1e-9, name)
					}
					// Errors of values are relative to the largest.
					assert.InDelta(t, w.Sn, float64(got.SMin), 1e-11*w.S1, name)
				}
				assert.Len(t, rows, len(want)+1, "and the tied head")
			})
		}
	}
}

// The exported files agree with PyTorch following the reference's steps.
func TestRealWeightsInReferenceConventions(t *testing.T) {
	want := expected(t)
	file, err := scan.Run(context.Background(), open(t, shared.Path(t, "data/real/stories260K")), scan.Options{})
	require.NoError(t, err)
	for _, convention := range []results.Convention{results.V0, results.V1} {
		rows, err := results.ReferenceRows(file, convention)
		require.NoError(t, err)
		require.Len(t, rows, len(want)+1)
		for _, row := range rows {
			w := want[row.Name+".weight"]
			if row.Name == "lm_head" {
				w = want["model.embed_tokens.weight"]
			}
			snr := w.V0
			if convention == results.V1 {
				snr = w.V1
			}
			assert.InEpsilon(t, snr, row.SNR, 1e-5, "%s %v", row.Name, convention)
		}
	}
}

// The convolutions and oddly named weights of the Silero detector are rows or
// listed with a reason.
func TestSilero(t *testing.T) {
	m := open(t, shared.Path(t, "data/real/silero_vad_16k.safetensors"))
	file, err := scan.Run(context.Background(), m, scan.Options{})
	require.NoError(t, err)
	require.NotEmpty(t, file.Layers)
	require.NotEmpty(t, file.Skipped)
	assert.Len(t, m.Tensors(), len(file.Layers)+len(file.Skipped))
	for _, l := range file.Layers {
		assert.Empty(t, l.Error, l.Name)
	}
	for _, s := range file.Skipped {
		assert.NotEmpty(t, s.Reason, s.Name)
	}
}
