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

// errView reports a tensor that is no matrix of a type that weights have, or whose rows
// are not runs of neighbours.
var errView = errors.New("cannot be analysed in place")

// Gorgonia returns the weights of a tensor of gorgonia.org/tensor, in its memory: a
// whole matrix, or the view of a part of one. A tensor stored by columns, or transposed,
// comes as its transpose, whose singular values are the same.
func Gorgonia(t *tensor.Dense) (*spectrum.Weights, error) {
	shape, strides := t.Shape(), t.Strides()
	if len(shape) != 2 || len(strides) != 2 || t.IsMasked() {
		return nil, fmt.Errorf("%w: shape %v, strides %v", errView, shape, strides)
	}
	rows, cols, stride := shape[0], shape[1], strides[0]
	switch {
	case strides[1] == 1:
	case strides[0] == 1:
		rows, cols, stride = cols, rows, strides[1]
	default:
		return nil, fmt.Errorf("%w: strides %v of %v; Materialize copies", errView, strides, shape)
	}
	switch data := t.Data().(type) {
	case []float32:
		return spectrum.NewWeightsStrided(rows, cols, stride, data)
	case []float64:
		return spectrum.NewWeightsStrided(rows, cols, stride, data)
	}
	return nil, fmt.Errorf("%w: type %v", errView, t.Dtype())
}
