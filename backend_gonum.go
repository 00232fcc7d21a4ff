package spectrum

import (
	"context"
	"iter"
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/lapack"
)

// gonumBackend is the portable reference: Householder bidiagonalisation and
// dqds from gonum's LAPACK, values only, in float64.
type gonumBackend struct{}

func (gonumBackend) Name() string { return "gonum" }

func (gonumBackend) Workspace(r, c int) int64 { return lapack.Workspace(r, c) }

// Workers is 1: only a part of the bidiagonalisation runs in parallel.
func (gonumBackend) Workers(_, _, _ int) int { return 1 }

// Spectra yields one spectrum.
func (gonumBackend) Spectra(ctx context.Context, p Problem) iter.Seq2[*Spectrum, error] {
	return func(yield func(*Spectrum, error) bool) { yield(bidiagonalise(ctx, p)) }
}

func bidiagonalise(ctx context.Context, p Problem) (*Spectrum, error) {
	r, c := p.W.Dims()
	e := binaryScale(p.MaxAbs)
	s, err := lapack.SingularValues(ctx, lapack.Source{
		Rows: r, Cols: c, Scale: math.Ldexp(1, e), Segment: p.W.segment,
	})
	if err != nil {
		return nil, err
	}
	bound := math.Ldexp(bidiagError(r, c, s[0], 0x1p-53), -e)
	for i := range s {
		s[i] = math.Ldexp(s[i], -e)
	}
	return &Spectrum{
		Values: s,
		// Undoing the scale rounds only where the result is subnormal.
		Errors:    slices.Repeat([]float64{bound + 0x1p-1074}, len(s)),
		Kernel:    "generic",
		Precision: "float64",
	}, nil
}

// bidiagError bounds the error of every singular value of an r×c matrix by
// bidiagonalisation with unit roundoff ε = eps, which is backward stable: |δsᵢ| ≤ p(r,c)·ε·s₁ for a modest
// polynomial p (LAPACK Users' Guide, section 4.9). Rounding errors add up like
// √(r+c) in practice; p = r+c leaves room for the worst of them, and 256 for
// gonum's dqds, which was seen off by 90·ε in a cluster of 15 values.
func bidiagError(r, c int, s1, eps float64) float64 { return (float64(r+c) + 256) * eps * s1 }

// binaryScale returns e for which 2ᵉ·maxAbs is about 1. Scaling by a power of two
// is exact and keeps the squares inside Householder norms in range; the bounds
// keep 2^±e itself in range.
func binaryScale(maxAbs float64) int { return max(-1000, min(1000, -math.Ilogb(maxAbs))) }
