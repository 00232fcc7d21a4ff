// Package spectrum computes the singular values of neural-network weights,
// separates noise from signal with random-matrix theory and gives each layer a
// signal-to-noise ratio by which to choose the layers worth training. The
// method is Spectrum (Hartford et al. 2024, arXiv 2406.06623).
//
// [Analyze], [SNR] and [SingularValues] work on one matrix with the default
// settings; an [Analyzer] carries other settings; [SelectTopK] turns the
// scores of many layers into a selection. A matrix is anything that satisfies
// gonum's [mat.Matrix]; [Weights] holds the types checkpoints use without
// widening them.
//
// # Definitions
//
// W is r×c, n = min(r,c), m = max(r,c), β = n/m, s₁ ≥ … ≥ sₙ are its singular
// values and Q(p) is their quantile by linear interpolation.
//
//	noise scale  σ = (Q(¾) − Q(¼)) / 1.349        (NoiseIQR)
//	threshold    t = σ·(1 + √β)
//	signal       the values above t; noise: all others
//	ratio        Σ signal / Σ noise               (RatioSum)
//	SNR          ratio / s₁                       (DivisorSMax)
//
// The score grows with a broad signal over a small noise floor and falls with
// a lone large value, which raises s₁; it scales as 1/‖W‖. It ranks layers of
// one shape against each other and means nothing across shapes.
//
// With any other [NoiseScale] the threshold is the edge of the noise, and with
// [DivisorNone] or [DivisorEdge] the score does not depend on the scale of the
// weights. [NoiseKritchmanNadler] calls noise signal with a stated probability.
//
// # Around it
//
// Package rmt holds the laws of random-matrix theory, package selection all ways
// to choose, package checkpoint reads models, package scan walks through them.
//
// Calls run downwards: spectrum.go asks svd.go for the singular values, which
// asks a [Backend], and snr.go for noise, signal and score; mp.go holds what
// follows from the law of the noise. Nothing is global and no goroutine outlives
// a call, but for LAPACK under the tag netlib, which cannot be interrupted.
package spectrum

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/noise"
	"github.com/gospectrum/spectrum/rmt"
)

// Analyzer holds the settings of an analysis. The zero value follows the paper
// and its reference implementation and is ready to use; an Analyzer is not
// changed by its methods and may be shared between goroutines.
type Analyzer struct {
	Noise   NoiseScale   // how the noise scale σ is estimated; default NoiseIQR
	Edge    rmt.EdgeRule // where the noise ends; default that of Noise
	Ratio   Ratio        // which ratio the SNR divides; default RatioSum
	Divisor Divisor      // and what by; default DivisorSMax
	Backend Backend      // what computes the singular values; nil means DefaultBackend

	// Precision is the arithmetic; the default, PrecisionAuto, uses float32
	// where the error bound of the result shows that it is enough.
	Precision Precision
	// Tolerance is the relative error of the SNR, and with PrecisionValues of every
	// singular value, that must be certified before a more accurate way is not
	// tried; 0 means 1e-4.
	Tolerance float64
	// Workers is the number of goroutines to use, 0 means GOMAXPROCS; more than are
	// of use are not started. The result does not depend on it.
	Workers int
}

// Analysis is what is known of one weight matrix. Singular values, σ, t, the
// sums and the norm are in the units of the weights, SNR in their reciprocal;
// the rest has none. No field is NaN, and what passes the range of float64 is +Inf.
type Analysis struct {
	Rows, Cols int
	DType      DType // storage type of the weights; empty for a given spectrum

	SingularValues []float64 // all min(Rows, Cols) of them, descending

	Noise     NoiseScale   // the settings that gave σ, t and SNR
	Edge      rmt.EdgeRule // never EdgeDefault
	Ratio     Ratio
	Divisor   Divisor
	Sigma     float64 // noise scale σ: the standard deviation of the noise entries, except for NoiseIQR
	Threshold float64 // t: values above it are signal

	SignalCount, NoiseCount           int
	SignalSum, NoiseSum               float64
	RatioSum, RatioCount, RatioEnergy float64 // +Inf when there is signal and no noise to divide by, or next to none

	SNR      float64 // the chosen ratio over the chosen divisor; +Inf where that passes the range of float64
	SNRError float64 // bound on |computed − exact| / exact of SNR; +Inf where nothing is certain

	// ValueErrors bounds the absolute error of each singular value. It is nil where they
	// are exact, and where nothing is known of their errors, ValueError then being +Inf.
	ValueErrors []float64
	// ValueError bounds the absolute error of every singular value.
	ValueError float64
	// Uncertain counts the singular values within their error of t, of which
	// it is not certain that they are signal, or noise.
	Uncertain int

	SMax, SMin float64 // s₁ and sₙ
	SMinError  float64 // bounds the absolute error of SMin

	// Condition is s₁/sₙ, +Inf for a matrix of less than full rank, and
	// ConditionError bounds |computed − exact| / exact of it: +Inf where sₙ is not
	// certain to be above zero.
	Condition, ConditionError float64

	Frobenius     float64 // ‖W‖_F = √Σs²
	StableRank    float64 // ‖W‖_F² / s₁²
	EffectiveRank float64 // exp of the entropy of s/Σs (Roy & Vetterli 2007)

	Saturated bool // the chosen ratio is +Inf, so the score cannot rank
	Zero      bool // every weight is zero; SNR and all ratios are 0

	Backend, Kernel, Precision string // what computed the singular values
}

// Analyze computes every singular value of w and what follows from them, with
// the default settings. See [Analyzer.Analyze] for the errors.
func Analyze(ctx context.Context, w mat.Matrix) (*Analysis, error) {
	return Analyzer{}.Analyze(ctx, w)
}

// SNR returns the signal-to-noise ratio of w with the default settings: +Inf
// when no singular value falls below the threshold, 0 for an all-zero matrix.
// See [Analyzer.Analyze] for the errors.
func SNR(ctx context.Context, w mat.Matrix) (float64, error) {
	a, err := Analyze(ctx, w)
	if err != nil {
		return 0, err
	}
	return a.SNR, nil
}

// Analyze computes every singular value of w and what follows from them.
//
// The error wraps [ErrEmpty] for a matrix without elements, [ErrNotFinite]
// for a NaN or infinite weight, [ErrOption] for settings out of range,
// [ErrBackend] when the back-end fails or the environment names one that is not
// available, and the context's error when ctx ends first.
func (a Analyzer) Analyze(ctx context.Context, w mat.Matrix) (*Analysis, error) {
	in, err := a.input(ctx, w)
	if err != nil {
		return nil, err
	}
	sample := noise.Sample{Small: min(in.rows, in.cols), Large: max(in.rows, in.cols)}
	if a.Noise.scale().NeedsEntries {
		if sample.MedianAbs, err = in.w.medianAbs(ctx, a.workers()); err != nil {
			return nil, err
		}
	}
	var res *Analysis
	err = a.solve(ctx, in, func(s *Spectrum) (enough bool) {
		sample.Values, sample.Errors = s.Values, s.Errors
		res = a.analysis(sample)
		res.Kernel, res.Precision = s.Kernel, s.Precision
		if s.Errors == nil { // nothing was promised, so nothing is certain
			res.uncertain()
		}
		return s.Errors != nil && res.Uncertain == 0 && res.SNRError <= a.tolerance() && (a.Precision != PrecisionValues || s.within(a.tolerance()))
	})
	if err != nil {
		return nil, err
	}
	res.Rows, res.Cols, res.DType, res.Backend = in.rows, in.cols, in.w.dtype, in.backend.Name()
	return res, nil
}

// AnalyzeSpectrum is [Analyzer.Analyze] for singular values that are known
// already: s holds all min(rows, cols) of them in descending order, taken as
// exact. It keeps s. The error wraps [ErrEmpty], [ErrShape] when the number
// of values does not fit or they do not descend, [ErrNotFinite], or [ErrOption],
// also for [NoiseMAD], which needs the entries.
func (a Analyzer) AnalyzeSpectrum(s []float64, rows, cols int) (*Analysis, error) {
	return a.AnalyzeValues(s, nil, rows, cols)
}

// AnalyzeValues is [Analyzer.AnalyzeSpectrum] for singular values that are not exact:
// errs bounds the absolute error of each, as many as there are values, or one for all; +Inf
// says that nothing is known, and none that they are exact. It keeps errs too. The error wraps
// [ErrShape] for bounds that are too few, negative or NaN, or is one of AnalyzeSpectrum.
func (a Analyzer) AnalyzeValues(s, errs []float64, rows, cols int) (*Analysis, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	if err := checkSpectrum(s, rows, cols); err != nil {
		return nil, err
	}
	if a.Noise.scale().NeedsEntries {
		return nil, fmt.Errorf("%w: noise scale %v needs the matrix, not its spectrum", ErrOption, a.Noise)
	}
	sample := noise.Sample{Values: s, Small: min(rows, cols), Large: max(rows, cols)}
	known := true
	if len(errs) > 0 {
		if len(errs) == 1 {
			errs = slices.Repeat(errs, len(s))
		}
		bounded := Spectrum{Values: s, Errors: errs}
		if err := bounded.check(rows, cols); err != nil {
			return nil, err
		}
		if known = !math.IsInf(slices.Max(errs), 1); known {
			sample.Errors = errs
		}
	}
	res := a.analysis(sample)
	if !known {
		res.uncertain()
	}
	res.Rows, res.Cols = rows, cols
	return res, nil
}
