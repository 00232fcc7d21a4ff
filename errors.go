package spectrum

import (
	"errors"
	"fmt"

	"github.com/gospectrum/spectrum/internal/option"
)

// Errors that results of this package wrap; test for them with [errors.Is].
var (
	// ErrEmpty reports a matrix without elements.
	ErrEmpty = errors.New("empty matrix")
	// ErrShape reports dimensions that do not fit the data.
	ErrShape = errors.New("shape does not fit the data")
	// ErrNotFinite reports a NaN or infinite weight; the error is an [*ElementError].
	ErrNotFinite = errors.New("weight is not finite")
	// ErrOption reports an option outside its range, also from the packages rmt
	// and selection.
	ErrOption = option.Err
	// ErrBackend reports a back-end that is unknown or failed.
	ErrBackend = errors.New("back-end")
)

// ElementError locates a weight that no spectrum can be computed from. It
// wraps [ErrNotFinite].
type ElementError struct {
	Row, Col int // zero-based
	Value    float64
}

func (e *ElementError) Error() string {
	return fmt.Sprintf("%v: %v at row %d, column %d", ErrNotFinite, e.Value, e.Row, e.Col)
}

// Unwrap returns [ErrNotFinite].
func (e *ElementError) Unwrap() error { return ErrNotFinite }
