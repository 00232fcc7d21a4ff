package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWave compares the assembly with the generic code, to the bit: both do the
// same operations.
func TestWave(t *testing.T) {
	rnd := rand.New(rand.NewPCG(41, 42))
	for _, k := range All[float64]() {
		for _, rows := range []int{1, 2, 3, 7, 8, 9, 15, 16, 17, 100} {
			t.Run(fmt.Sprintf("%s/%d", k.Name, rows), func(t *testing.T) {
				state := func() wave {
					var w wave
					for i := range Shifts {
						w.shift[i], w.p[i], w.c[i], w.s[i] = rnd.NormFloat64(), rnd.ExpFloat64(), rnd.Float64(), rnd.Float64()
						w.gamma[i], w.d[i], w.e[i] = rnd.NormFloat64(), rnd.NormFloat64(), rnd.ExpFloat64()
					}
					w.p[rnd.IntN(Shifts)] = waveFloor
					return w
				}
				d, checkD := guarded[float64](rows + wavePad)
				e, checkE := guarded[float64](rows + wavePad)
				w := state()
				fill(rnd, d)
				for i := range e {
					e[i] = rnd.ExpFloat64() // squares
				}
				e[rnd.IntN(rows)] = 0
				wantW, wantD, wantE := w, clone(d), clone(e)
				waveGeneric(&wantW.shift[0], rows, &wantD[0], &wantE[0])
				k.wave(&w.shift[0], rows, &d[0], &e[0])
				checkD(t)
				checkE(t)
				require.Equal(t, wantW, w)
				require.Equal(t, wantD, d)
				require.Equal(t, wantE, e)
			})
		}
	}
}

// sweepOnce is one sweep of LAPACK's dsterf over all rows.
func sweepOnce(d, e []float64, shift float64) {
	c, s := 1.0, 0.0
	gamma := d[len(e)] - shift
	p := gamma * gamma
	for i := len(e) - 1; i >= 0; i-- {
		b := e[i]
		r := p + b
		if i < len(e)-1 {
			e[i+1] = s * r
		}
		oldC, oldGamma := c, gamma
		c, s = p/r, b/r
		gamma = c*(d[i]-shift) - s*oldGamma
		d[i+1] = oldGamma + (d[i] - gamma)
		if c != 0 {
			p = gamma * gamma / c
		} else {
			p = oldC * b
		}
	}
	e[0], d[0] = s*p, shift+gamma
}

func TestSweep(t *testing.T) {
	rnd := rand.New(rand.NewPCG(43, 44))
	for _, k := range All[float64]() {
		for _, n := range []int{2, 3, 8, 16, 17, 31, 500, waveRows, waveRows + 1} {
			t.Run(fmt.Sprintf("%s/%d", k.Name, n), func(t *testing.T) {
				d, e := make([]float64, n), make([]float64, n-1)
				for i := range d {
					d[i] = 2*rnd.Float64() - 1
				}
				for i := range e {
					e[i] = rnd.Float64() + 0.1
				}
				var shifts [Shifts]float64
				for i := range shifts { // far from eigenvalues, where a sweep forgets nothing
					shifts[i] = 3.5 + rnd.Float64()
				}
				wantD, wantE := clone(d), clone(e)
				for _, shift := range shifts {
					sweepOnce(wantD, wantE, shift)
				}
				k.NewSweeper(n).Sweep(d, e, &shifts)
				require.InDeltaSlice(t, wantD, d, 1e-11)
				require.InDeltaSlice(t, wantE, e, 1e-11)
			})
		}
	}
}

// TestSweepExact has rows on which a sweep divides zero by zero unless it is
// careful: a shift that is an eigenvalue, to the bit, and a matrix of zeros.
func TestSweepExact(t *testing.T) {
	for _, k := range All[float64]() {
		for name, m := range map[string]struct{ d, e []float64 }{
			"zero":     {make([]float64, 20), make([]float64, 19)},
			"diagonal": {[]float64{1, 1, 1, 0.5, 1}, make([]float64, 4)},
			"pair":     {[]float64{0, 0}, []float64{1}},
			"path":     {make([]float64, 5), []float64{1, 1, 1, 1}},
		} {
			for _, shift := range []float64{0, 1, 0.5} {
				var shifts [Shifts]float64
				for i := range shifts {
					shifts[i] = shift
				}
				d, e := clone(m.d), clone(m.e)
				k.NewSweeper(len(d)+5).Sweep(d, e, &shifts)
				var trace, want float64
				for i := range d {
					require.False(t, math.IsNaN(d[i]) || math.IsInf(d[i], 0), "%s, shift %v: %v %v", name, shift, d, e)
					trace, want = trace+d[i], want+m.d[i]
				}
				for _, v := range e {
					require.True(t, v >= 0 && v <= 4, "%s, shift %v: %v %v", name, shift, d, e)
				}
				require.InDelta(t, want, trace, 1e-14)
			}
		}
	}
}
