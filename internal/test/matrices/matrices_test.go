package matrices

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// The yardstick is measured by a one-sided method of its own: the trace and the
// Frobenius norm of the Gram matrix, which the values prescribe.
func TestPrescribed(t *testing.T) {
	for _, kind := range Spectra {
		for _, shape := range [][2]int{{1, 1}, {7, 4}, {4, 7}, {30, 30}} {
			r, c := shape[0], shape[1]
			s := kind.Values(min(r, c))
			require.True(t, sort.IsSorted(sort.Reverse(sort.Float64Slice(s))), kind.Name)
			w := mat.NewDense(r, c, Prescribed(rand.New(rand.NewPCG(1, 2)), r, c, s))
			var g mat.Dense
			g.Mul(w, w.T())
			var trace, frobenius float64
			for _, v := range s {
				trace += v * v
				frobenius += v * v * v * v
			}
			assert.InDelta(t, trace, mat.Trace(&g), 1e-13*trace, "%s, %v", kind.Name, shape)
			assert.InDelta(t, math.Sqrt(frobenius), mat.Norm(&g, 2), 1e-13*trace, "%s, %v", kind.Name, shape)
		}
	}
}

func TestEveryType(t *testing.T) {
	all, elements := EveryType(rand.New(rand.NewPCG(3, 4)), 9, 70, 75)
	require.Len(t, elements, 8*75+70)
	for i, v := range elements {
		assert.Equal(t, v, all[0].F64[i])
		assert.Equal(t, float32(v), all[1].F32[i])
		assert.Equal(t, float32(v), math.Float32frombits(uint32(all[2].BF16[i])<<16))
		assert.Equal(t, float32(v), kernel.Half(all[3].F16[i]))
	}
}

func TestBF16(t *testing.T) {
	for _, c := range []struct {
		f    float32
		want uint16
	}{{1, 0x3f80}, {-2, 0xc000}, {0x1.01p0, 0x3f80}, {0x1.03p0, 0x3f82}, {0x1.010002p0, 0x3f81}, {0x1p-133, 1}} {
		assert.Equal(t, c.want, BF16(c.f), "%v", c.f)
	}
}

// Every number but infinities and NaN comes back, and what lies between goes to the nearest.
func TestF16(t *testing.T) {
	for bits := range uint16(0x7c00) {
		v := float64(kernel.Half(bits))
		require.Equal(t, bits, F16(v))
		if bits > 0 {
			require.Equal(t, bits|0x8000, F16(-v))
			below := float64(kernel.Half(bits - 1))
			middle := (v + below) / 2
			require.Zero(t, F16(middle)%2, "a tie goes to even")
			require.Equal(t, bits, F16(math.Nextafter(middle, 1e9)))
			require.Equal(t, bits-1, F16(math.Nextafter(middle, 0)))
		}
	}
}
