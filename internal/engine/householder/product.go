package householder

import "github.com/gospectrum/spectrum/internal/engine/kernel"

// Multiplier multiplies Band×Band matrices in float64.
type Multiplier struct {
	k     *kernel.Kernel[float64]
	right []float64 // the right operand in panels
}

// NewMultiplier returns one that uses the float64 kernel of the given name.
func NewMultiplier(name string) *Multiplier {
	return &Multiplier{k: kernel.Named[float64](name), right: make([]float64, kernel.Band*kernel.Band)}
}

// Product sets c to a·b; element (i, j) of a is at i·rs + j·cs.
func (m *Multiplier) Product(a []float64, rs, cs int, b, c []float64) {
	nr := m.k.NR
	for i, v := range b {
		row, col := i/kernel.Band, i%kernel.Band
		m.right[(col/nr*kernel.Band+row)*nr+col%nr] = v
	}
	clear(c)
	for q := range kernel.Band / nr {
		m.k.Strip(kernel.Band, kernel.Band/m.k.MR, a, rs, cs, m.right[q*kernel.Band*nr:], c[q*nr:], kernel.Band)
	}
}
