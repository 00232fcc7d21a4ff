package checkpoint

import (
	"fmt"
	"math"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/safetensors"
)

// Tensor describes a tensor of a [Model].
type Tensor struct {
	Name  string // as in the file, with .weight
	DType string // as the file spells it: F32, BF16, I64, …
	Shape []int  // outermost dimension first
	File  string // the file that holds it, as in [File]
	Size  int64  // in bytes
	Skip  string // why [Model.Load] cannot read it; empty when it can
}

// Params returns the number of elements.
func (t Tensor) Params() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= int64(d) // Open checked the product
	}
	return n
}

// Dims returns the shape as a matrix, a vector being a single row. It reports
// false for other ranks.
func (t Tensor) Dims() (rows, cols int, ok bool) {
	switch len(t.Shape) {
	case 1:
		return 1, t.Shape[0], true
	case 2:
		return t.Shape[0], t.Shape[1], true
	}
	return 0, 0, false
}

// key identifies a tensor: shards may hold tensors of one name, all but one of
// which are skipped.
type key struct{ file, name string }

// entry is a tensor with its place.
type entry struct {
	Tensor
	shard  *shard
	offset int64
}

func newEntry(s *shard, h safetensors.Tensor) entry {
	t := Tensor{Name: h.Name, DType: h.DType, Shape: make([]int, len(h.Shape)), File: s.name, Size: h.Size}
	for i, d := range h.Shape {
		t.Shape[i] = int(min(d, math.MaxInt))
	}
	t.Skip = unreadable(t, h.Shape)
	return entry{Tensor: t, shard: s, offset: h.Offset}
}

// unreadable says why Load cannot read a tensor.
func unreadable(t Tensor, shape []int64) string {
	width := spectrum.DType(t.DType).Size()
	_, _, matrix := t.Dims()
	switch {
	case safetensors.Bits(t.DType) == 0:
		return fmt.Sprintf("unknown type %q", t.DType)
	case width == 0:
		return t.DType + " is not a supported type"
	case !matrix:
		return fmt.Sprintf("%d-dimensional, only matrices and vectors are supported", len(t.Shape))
	case t.Size > math.MaxInt || !fitInt(shape):
		return "too large for this platform"
	}
	return ""
}

func fitInt(shape []int64) bool {
	for _, d := range shape {
		if d > math.MaxInt {
			return false
		}
	}
	return true
}
