package spectrum

import (
	"context"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/native"
	"github.com/gospectrum/spectrum/internal/noise"
)

// AnalyzeProduct is [Analyzer.Analyze] for scale·left·right, left r×k and right k×c, of
// which the product is never formed: two thin QR factorisations and the singular values of a
// k×k matrix take time and memory in proportion to k. It is what an adapter adds to a weight.
//
// What lies beyond the rank k is exactly zero, so that noise, and with it the score, mean
// nothing unless k reaches min(r, c). The settings of a that choose a way to compute do not
// matter but for the kernel of a native back-end; with any other the preferred kernel of this
// machine runs. NoiseMAD, which needs the entries of the product, is refused.
//
// The error is that of [Analyzer.Analyze], or wraps [ErrShape] where the factors do not fit
// each other, and [ErrOption] for a scale that is not finite.
func (a Analyzer) AnalyzeProduct(ctx context.Context, left, right mat.Matrix, scale float64) (*Analysis, error) {
	l, err := a.input(ctx, left)
	if err != nil {
		return nil, fmt.Errorf("left factor: %w", err)
	}
	r, err := a.input(ctx, right)
	if err != nil {
		return nil, fmt.Errorf("right factor: %w", err)
	}
	k := l.cols
	switch {
	case k != r.rows:
		return nil, fmt.Errorf("%w: %d×%d times %d×%d", ErrShape, l.rows, l.cols, r.rows, r.cols)
	case math.IsNaN(scale) || math.IsInf(scale, 0):
		return nil, fmt.Errorf("%w: a scale of %v", ErrOption, scale)
	case a.Noise.scale().NeedsEntries:
		return nil, fmt.Errorf("%w: noise scale %v needs the matrix, not its factors", ErrOption, a.Noise)
	}
	n := min(l.rows, r.cols)
	sample := noise.Sample{Values: make([]float64, n), Errors: make([]float64, n), Small: n, Large: max(l.rows, r.cols)}
	name := "exact"
	if l.maxAbs > 0 && r.maxAbs > 0 && scale != 0 {
		double := kernel.Named[float64](kernelOf(l.backend))
		found, err := native.Product(ctx, double, l.factor(), r.factor(), scale, a.workers())
		if err != nil {
			return nil, err
		}
		copy(sample.Values, found.Values)
		copy(sample.Errors, found.Errors)
		name = found.Kernel
	}
	if !(sample.Values[0] <= math.MaxFloat64) {
		return nil, fmt.Errorf("%w: the product passes the range of float64", ErrNotFinite)
	}
	res := a.analysis(sample)
	res.Rows, res.Cols, res.DType = l.rows, r.cols, l.w.dtype
	res.Backend, res.Kernel, res.Precision = "native", name, "float64"
	return res, nil
}

// factor returns the matrix as the native engine takes it.
func (in *input) factor() native.Factor {
	return native.Factor{W: in.w.raw(), MaxAbs: in.maxAbs, Transposed: in.transposed}
}

// kernelOf returns the name of the kernel of a native back-end, else that of the preferred
// kernel of this machine.
func kernelOf(b Backend) string {
	if name, ok := strings.CutPrefix(b.Name(), "native/"); ok {
		return name
	}
	return kernel.All[float64]()[0].Name
}
