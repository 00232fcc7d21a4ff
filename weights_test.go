package spectrum_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
)

// Every 16-bit pattern survives the way to float32 and back.
func TestHalfRoundTrip(t *testing.T) {
	for u := range 1 << 16 {
		b, h := spectrum.BFloat16(u), spectrum.Float16(u)
		if f := b.Float32(); f == f {
			require.Equal(t, b, spectrum.ToBFloat16(f), "%#04x", u)
		} else {
			g := spectrum.ToBFloat16(f).Float32()
			require.True(t, g != g)
		}
		if f := h.Float32(); f == f {
			require.Equal(t, h, spectrum.ToFloat16(f), "%#04x", u)
		} else {
			g := spectrum.ToFloat16(f).Float32()
			require.True(t, g != g)
		}
	}
}

// Values of binary16 from its definition.
func TestFloat16Values(t *testing.T) {
	for h, want := range map[spectrum.Float16]float64{
		0x0000: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 0x1p-14, 0x0001: 0x1p-24,
		0x03ff: 1023 * 0x1p-24, 0x3555: 0.333251953125, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		assert.Equal(t, want, float64(h.Float32()), "%#04x", uint16(h))
	}
}

// Rounding goes to the nearest, ties to even: compared with the neighbours.
func TestHalfRounding(t *testing.T) {
	for u := range 0x7bff {
		low, high := spectrum.Float16(u), spectrum.Float16(u+1)
		mid := float32((float64(low.Float32()) + float64(high.Float32())) / 2)
		even := low + low&1
		require.Equal(t, even, spectrum.ToFloat16(mid), "%#04x", u)
		require.Equal(t, low, spectrum.ToFloat16(math.Nextafter32(mid, 0)))
		require.Equal(t, high, spectrum.ToFloat16(math.Nextafter32(mid, 1e9)))
	}
	for u := range 0x7f7f {
		low := spectrum.BFloat16(u)
		mid := math.Float32frombits(uint32(u)<<16 | 0x8000)
		require.Equal(t, low+low&1, spectrum.ToBFloat16(mid), "%#04x", u)
		require.Equal(t, low, spectrum.ToBFloat16(math.Nextafter32(mid, 0)))
		require.Equal(t, low+1, spectrum.ToBFloat16(math.Nextafter32(mid, math.MaxFloat32)))
	}
	assert.Equal(t, spectrum.Float16(0x7bff), spectrum.ToFloat16(65519))
	assert.Equal(t, spectrum.Float16(0x7c00), spectrum.ToFloat16(65520))
	assert.Equal(t, spectrum.Float16(0xfc00), spectrum.ToFloat16(-1e9))
}

func TestWeightsAccess(t *testing.T) {
	w := weights(t, 2, 3, []float32{1, 2, 3, 4, 5, 6})
	assert.Equal(t, 6.0, w.At(1, 2))
	assert.Equal(t, 6.0, w.T().At(2, 1))
	assert.Equal(t, []float64{4, 5, 6}, w.Row(make([]float64, 3), 1))
	assert.Panics(t, func() { w.At(2, 0) })
	assert.Panics(t, func() { w.At(0, -1) })
	assert.Panics(t, func() { w.Row(nil, 2) })
	assert.Panics(t, func() { w.Row(make([]float64, 2), 0) })
	for d, size := range map[spectrum.DType]int{"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I8": 0} {
		assert.Equal(t, size, d.Size())
	}
}
