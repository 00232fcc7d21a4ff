package block

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// No panel and no Band columns straddle two blocks, and every size divides the largest.
func TestSize(t *testing.T) {
	seen := make(map[int]bool)
	for n := 1; n < 3000; n++ {
		size := Size(n)
		seen[size] = true
		assert.Zero(t, size%kernel.Band, "n = %d", n)
		assert.Zero(t, MaxSize%size, "n = %d", n)
	}
	assert.Equal(t, map[int]bool{48: true, 96: true, 192: true}, seen)
}
