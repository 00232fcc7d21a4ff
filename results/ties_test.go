package results

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

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
