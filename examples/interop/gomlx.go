package main

import (
	"fmt"
	"unsafe"

	"github.com/gomlx/gomlx/pkg/core/dtypes/bfloat16"
	"github.com/gomlx/gomlx/pkg/core/tensors"

	"github.com/gospectrum/spectrum"
)

// GoMLX calls use with the weights of a tensor of GoMLX, in its memory. GoMLX locks the
// tensor until use returns; the weights must not be kept.
func GoMLX(t *tensors.Tensor, use func(*spectrum.Weights) error) error {
	dims := t.Shape().Dimensions
	if len(dims) != 2 {
		return fmt.Errorf("%w: shape %v", errView, t.Shape())
	}
	var failed error
	err := t.ConstFlatData(func(flat any) {
		w, err := flatWeights(dims[0], dims[1], flat)
		if err == nil {
			err = use(w)
		}
		failed = err
	})
	if err != nil {
		return err
	}
	return failed
}

func flatWeights(rows, cols int, flat any) (*spectrum.Weights, error) {
	switch data := flat.(type) {
	case []float32:
		return spectrum.NewWeights(rows, cols, data)
	case []float64:
		return spectrum.NewWeights(rows, cols, data)
	case []bfloat16.BFloat16:
		// Two names for the upper half of a float32.
		half := unsafe.Slice((*spectrum.BFloat16)(unsafe.SliceData(data)), len(data))
		return spectrum.NewWeights(rows, cols, half)
	}
	return nil, fmt.Errorf("%w: %T", errView, flat)
}
