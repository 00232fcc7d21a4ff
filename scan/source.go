package scan

import (
	"context"
	"iter"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
)

// Source is what a scan walks: a model, or what is made of models a tensor at a time, such as
// the differences of two. Its methods may be called by several goroutines at once.
type Source interface {
	// Len returns the number of tensors, and Tensor the i-th of them, in the order of
	// [checkpoint.Compare]; one with a Skip is not analysed.
	Len() int
	Tensor(i int) (t checkpoint.Tensor, ok bool)
	// Loaded returns the names that a version of transformers gives.
	Loaded(transformers string) (*checkpoint.Loaded, error)
	// TiedHead is that of [checkpoint.Model.TiedHead].
	TiedHead() (head, embedding string)
	// Work returns what the spectrum of a tensor costs, in flops up to a constant, and how many
	// bytes it takes beside Tensor.Memory.
	Work(t checkpoint.Tensor, b spectrum.Backend) (flops float64, workspace int64)
	// Read reads one tensor. What it returns may use the memory of buf.
	Read(ctx context.Context, t checkpoint.Tensor, buf *checkpoint.Buffer) (Matrix, error)
}

// Matrix is what a [Source] read.
type Matrix struct {
	Weights *spectrum.Weights
	// Error bounds the Frobenius norm of what Weights differ by from the matrix that is meant,
	// so that every singular value may be off by as much.
	Error float64
	// Left, Right and Scale, where Weights is nil, are the factors of the matrix.
	Left, Right *spectrum.Weights
	Scale       float64
	Transposed  bool // the matrix is the transpose of their product

	SHA256 string // of the stored bytes
	// Change is what is known of the matrix beside its spectrum; nil for a weight of a model.
	Change *Change
}

// Change says what a matrix changes: that it is the difference of two weights, or what an
// adapter adds to one. Numbers that are not known are nil.
type Change struct {
	Base     string   // the tensor of the base, where that has another name
	Remark   string   // what a reader must know, such as that only common rows were compared
	Relative *float64 // Frobenius norm over that of the base's weight; +Inf where that is zero
	Norm     *float64 // Frobenius norm of the base's weight, from which Relative follows
	Cosine   *float64 // of the angle between the two weights; nil if either is zero
	// RoundingEdge is the singular value that the rounding of the stored weights alone passes
	// with a probability of at most a hundredth.
	RoundingEdge *float64
	Rank         int      // of an adapter
	Scaling      *float64 // of an adapter
}

// modelSource is the source of a model's own weights.
type modelSource struct{ model *checkpoint.Model }

func (s modelSource) Len() int                               { return s.model.Len() }
func (s modelSource) Tensor(i int) (checkpoint.Tensor, bool) { return s.model.Tensor(i) }
func (s modelSource) TiedHead() (head, embedding string)     { return s.model.TiedHead() }

func (s modelSource) Loaded(transformers string) (*checkpoint.Loaded, error) {
	return s.model.Loaded(transformers)
}

func (modelSource) Work(t checkpoint.Tensor, b spectrum.Backend) (flops float64, workspace int64) {
	return DenseWork(t, b)
}

// DenseWork is [Source.Work] for a matrix that is analysed as it is.
func DenseWork(t checkpoint.Tensor, b spectrum.Backend) (flops float64, workspace int64) {
	r, c, ok := t.Dims()
	if !ok || b == nil {
		return 0, 0
	}
	return costOf(r, c), b.Workspace(r, c)
}

func (s modelSource) Read(ctx context.Context, t checkpoint.Tensor, buf *checkpoint.Buffer) (m Matrix, err error) {
	if m.Weights, err = s.model.Load(ctx, t, buf); err != nil {
		return m, err
	}
	m.SHA256 = buf.SHA256()
	return m, nil
}

// analyze computes the spectrum of what was read.
func (m *Matrix) analyze(ctx context.Context, an spectrum.Analyzer) (*spectrum.Analysis, error) {
	if m.Weights == nil {
		a, err := an.AnalyzeProduct(ctx, m.Left, m.Right, m.Scale)
		if err == nil && m.Transposed {
			a.Rows, a.Cols = a.Cols, a.Rows
		}
		return a, err
	}
	if m.Error > 0 {
		an.Backend = inexact{an.Backend, m.Error}
	}
	return an.Analyze(ctx, m.Weights)
}

// inexact is a back-end for matrices that are off by something of a Frobenius norm of at most
// by: no singular value is off by more (Weyl 1912).
type inexact struct {
	spectrum.Backend
	by float64
}

// Spectra implements [spectrum.Backend].
func (b inexact) Spectra(ctx context.Context, p spectrum.Problem) iter.Seq2[*spectrum.Spectrum, error] {
	return func(yield func(*spectrum.Spectrum, error) bool) {
		for s, err := range b.Backend.Spectra(ctx, p) {
			if err == nil && s != nil {
				for i := range s.Errors {
					s.Errors[i] += b.by
				}
			}
			if !yield(s, err) {
				return
			}
		}
	}
}
