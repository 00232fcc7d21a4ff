package tinyllama

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
)

// The order that was built in is the order of the prescribed spectra, by a
// margin that rounding to bfloat16 cannot reach.
func TestPrescribedRanking(t *testing.T) {
	score := make(map[string]float64)
	types := make(map[string]bool)
	for _, m := range Matrices() {
		a, err := spectrum.Analyzer{}.AnalyzeSpectrum(m.Spectrum, m.Rows, m.Cols)
		require.NoError(t, err, m.Name)
		require.False(t, a.Saturated, m.Name)
		score[m.Name] = a.SNR
		types[m.Type] = true
	}
	require.Len(t, types, 8)
	for typ := range types {
		names := Ranking(typ)
		for i := 1; i < len(names); i++ {
			assert.Greater(t, score[names[i-1]], 1.03*score[names[i]], "%s before %s", names[i-1], names[i])
		}
	}
	assert.Equal(t, SpikedLayer, Ranking("self_attn.o_proj")[Blocks-1])
}

// The weights have the spectrum that was prescribed, up to bfloat16.
func TestWeightsHaveTheSpectrum(t *testing.T) {
	for _, m := range Matrices()[:8] {
		w, err := spectrum.NewWeights(m.Rows, m.Cols, m.Weights())
		require.NoError(t, err)
		s, err := spectrum.SingularValues(context.Background(), w)
		require.NoError(t, err)
		assert.InDeltaSlice(t, m.Spectrum, s, 0.005*m.Spectrum[0], m.Name)
	}
}

// The committed files are what this program writes. Another processor may
// round a last bit another way, so a few weights may be neighbours.
func TestCommittedFiles(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "testdata", "tiny-llama")
	files, err := Files()
	require.NoError(t, err)
	require.Len(t, files, 4)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Len(t, got, len(want), name)
		start := len(want) // of the weights
		if filepath.Ext(name) == ".safetensors" {
			start = 8 + int(binary.LittleEndian.Uint64(want))
		}
		require.Equal(t, string(want[:start]), string(got[:start]), name)
		differ := 0
		for i := start; i < len(want); i += 2 {
			a, b := int16(binary.LittleEndian.Uint16(want[i:])), int16(binary.LittleEndian.Uint16(got[i:]))
			if a != b {
				differ++
				require.LessOrEqual(t, math.Abs(float64(a)-float64(b)), 1.0, "%s at %d", name, i)
			}
		}
		assert.LessOrEqual(t, differ, len(want)/2000, name)
	}
}
