package results

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPublishedSelection holds the selections from every published plain file to
// testdata/reference.py, byte for byte.
func TestPublishedSelection(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("needs python3, which is not here")
	}
	for _, p := range published() {
		if p.schema != SchemaPlain {
			continue
		}
		for percent, text := range map[float64]string{25: "25", 45: "45", 100: "100"} {
			path := resultPath(t, p.model)
			res, err := ReadFile(path)
			require.NoError(t, err)
			var got bytes.Buffer
			require.NoError(t, WriteUnfrozenYAML(&got, selectTop(t, res, percent), res.Module))
			cmd := exec.Command(python, "testdata/reference.py", text)
			cmd.Stdin, err = os.Open(path)
			require.NoError(t, err)
			cmd.Stderr = os.Stderr
			want, err := cmd.Output()
			require.NoError(t, err)
			require.Equal(t, string(want), got.String(), "%s at %v %%", p.model, percent)
		}
	}
}

// TestPublishedTies: all the v_proj layers that the published Qwen2-72B results
// select at 25 % tie at Infinity with others, and the selection says so.
func TestPublishedTies(t *testing.T) {
	res, err := ReadFile(resultPath(t, "Qwen-Qwen2-72B"))
	require.NoError(t, err)
	for _, g := range selectTop(t, res, 25).Groups {
		if g.Type != "self_attn.v_proj" {
			continue
		}
		require.Len(t, g.Chosen, 20)
		for _, l := range g.Chosen {
			require.True(t, math.IsInf(l.SNR, 1), l.Name)
		}
		require.True(t, g.DecidedByTie)
	}
}
