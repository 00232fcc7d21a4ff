package main

import (
	"errors"
	"fmt"

	// Version 2023-11 or later; the one that tensor asks for refuses to run with a Go
	// that is younger than itself.
	_ "go4.org/unsafe/assume-no-moving-gc"
	"gorgonia.org/tensor"

	"github.com/gospectrum/spectrum"
)

// errView reports a tensor that is no gapless matrix of a type that weights have.
var errView = errors.New("cannot be analysed in place")

// Gorgonia returns the weights of a tensor of gorgonia.org/tensor, in its memory. A
// tensor stored by columns, or transposed, comes as its transpose, whose singular
// values are the same.
func Gorgonia(t *tensor.Dense) (*spectrum.Weights, error) {
	shape, strides := t.Shape(), t.Strides()
	if len(shape) != 2 || len(strides) != 2 || t.IsMasked() {
		return nil, fmt.Errorf("%w: shape %v, strides %v", errView, shape, strides)
	}
	rows, cols := shape[0], shape[1]
	switch {
	case strides[1] == 1 && strides[0] == cols:
	case strides[0] == 1 && strides[1] == rows:
		rows, cols = cols, rows
	default:
		return nil, fmt.Errorf("%w: strides %v of %v leave gaps; Materialize copies", errView, strides, shape)
	}
	switch data := t.Data().(type) {
	case []float32:
		return spectrum.NewWeights(rows, cols, data)
	case []float64:
		return spectrum.NewWeights(rows, cols, data)
	}
	return nil, fmt.Errorf("%w: type %v", errView, t.Dtype())
}
