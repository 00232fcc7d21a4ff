// Package spectrum computes the singular values of neural-network weights and
// separates noise from signal.
package spectrum

import "errors"

// Errors that results of this package wrap; test for them with [errors.Is].
var (
	// ErrEmpty reports a matrix without elements.
	ErrEmpty = errors.New("empty matrix")
	// ErrShape reports dimensions that do not fit the data.
	ErrShape = errors.New("shape does not fit the data")
	// ErrNotFinite reports a NaN or infinite weight.
	ErrNotFinite = errors.New("weight is not finite")
	// ErrOption reports an option outside its range.
	ErrOption = errors.New("invalid option")
)
