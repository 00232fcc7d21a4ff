package spectrum

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// input is a caller's matrix as back-ends take it. Singular values do not
// change under transposition, so a transpose is unwrapped and only remembered.
type input struct {
	w          *Weights
	transposed bool
	rows, cols int     // as the caller sees them
	maxAbs     float64 // the largest |w|
	backend    Backend // that the settings name
}

// input checks the settings of a and the matrix m.
func (a Analyzer) input(ctx context.Context, m mat.Matrix) (*input, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	if ctx == nil {
		return nil, fmt.Errorf("%w: the context is nil", ErrOption)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	backend := a.Backend
	if backend == nil {
		var err error
		if backend, err = DefaultBackend(); err != nil {
			return nil, err
		}
	}
	in, err := newInput(ctx, m)
	if err != nil {
		return nil, err
	}
	in.backend = backend
	if in.maxAbs, err = in.largest(ctx, a.workers()); err != nil {
		return nil, err
	}
	return in, nil
}

// newInput views m as weights, without a copy wherever its data can be reached.
func newInput(ctx context.Context, m mat.Matrix) (*input, error) {
	in := &input{}
	for {
		t, ok := m.(mat.Transpose)
		if !ok {
			break
		}
		m, in.transposed = t.Matrix, !in.transposed
	}
	w, err := asWeights(ctx, m)
	if err != nil {
		return nil, err
	}
	in.w, in.rows, in.cols = w, w.rows, w.cols
	if in.transposed {
		in.rows, in.cols = w.cols, w.rows
	}
	if w.rows == 0 || w.cols == 0 {
		return nil, fmt.Errorf("%w: %d×%d", ErrEmpty, in.rows, in.cols)
	}
	return in, nil
}

func asWeights(ctx context.Context, m mat.Matrix) (w *Weights, err error) {
	// A foreign implementation, or a nil pointer inside the interface, may
	// panic; to the caller of this package that is an error like any other.
	defer func() {
		if r := recover(); r != nil {
			w, err = nil, fmt.Errorf("%w: reading the matrix panicked: %v", ErrShape, r)
		}
	}()
	switch m := m.(type) {
	case nil:
		return nil, fmt.Errorf("%w: nil", ErrEmpty)
	case *Weights:
		if m == nil {
			return nil, fmt.Errorf("%w: nil", ErrEmpty)
		}
		return m, nil
	case *mat.Dense:
		raw := m.RawMatrix()
		return NewWeightsStrided(raw.Rows, raw.Cols, raw.Stride, raw.Data)
	}
	r, c := m.Dims()
	if r == 0 || c == 0 {
		return nil, fmt.Errorf("%w: %d×%d", ErrEmpty, r, c)
	}
	if r < 0 || c < 0 || r > math.MaxInt/8/c {
		return nil, fmt.Errorf("%w: %d×%d", ErrShape, r, c)
	}
	data, err := copied(ctx, m, r, c)
	if err != nil {
		return nil, err
	}
	return NewWeights(r, c, data)
}

const (
	// trusted is the number of elements that memory is taken for at the word of a
	// foreign matrix; that of more is taken as they are read.
	trusted = 1 << 28
	// copyRun is the number of elements that are copied between two looks at the context.
	copyRun = 256
)

// copied returns the elements of m by rows.
func copied(ctx context.Context, m mat.Matrix, r, c int) ([]float64, error) {
	data := make([]float64, 0, min(r*c, trusted))
	for i := range r {
		for j := range c {
			if len(data)%copyRun == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			data = append(data, m.At(i, j))
		}
	}
	return data, nil
}

// checkRows is the number of rows one worker checks at a time.
const checkRows = 64

// largest returns the largest |w|, or an [*ElementError] for the first weight
// that is not finite. No arithmetic may come before this check: a kernel that
// skips zeros would lose a NaN.
func (in *input) largest(ctx context.Context, workers int) (float64, error) {
	blocks := (in.w.rows + checkRows - 1) / checkRows
	largest := make([]float64, blocks)
	errs := make([]error, blocks)
	err := parallel.For(ctx, workers, blocks, func(b int) {
		for i := b * checkRows; i < min(in.w.rows, (b+1)*checkRows) && errs[b] == nil; i++ {
			v, at := in.w.rowMaxAbs(i)
			if at >= 0 {
				errs[b] = in.elementError(i, at, in.w.At(i, at))
			}
			largest[b] = max(largest[b], v)
		}
	})
	if err != nil {
		return 0, err
	}
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return slices.Max(largest), nil
}

func (in *input) elementError(i, j int, v float64) error {
	if in.transposed {
		i, j = j, i
	}
	return &ElementError{Row: i, Col: j, Value: v}
}
