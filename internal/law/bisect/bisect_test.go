package bisect

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEnd(t *testing.T) {
	for _, end := range []float64{0.1, math.Nextafter(1, 2), math.Pi, 1e-300, 10} {
		got := End(0, 10, func(x float64) bool { return x < end })
		assert.Equal(t, end, got)
	}
	assert.Equal(t, 10., End(-10, 10, func(float64) bool { return true }))
	assert.Equal(t, math.Nextafter(-10, 0), End(-10, 10, func(float64) bool { return false }))
}
