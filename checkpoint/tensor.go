package checkpoint

import "slices"

// Tensor describes a tensor of a [Model], or a matrix that is part of one: files
// may hold the matrices of all experts in one tensor, and [Opener.Split] takes
// fused projections apart.
type Tensor struct {
	Name   string // in the spelling of Hugging Face, with .weight
	DType  string // as the file spells it: F32, BF16, F8_E4M3, MXFP4, Q4_K, I64, …
	Shape  []int  // outermost dimension first
	File   string // the file that holds it, as in [File]
	Stored string // its name in the file, or that of the tensor it is part of; empty when it is Name
	Whole  string // the tensor it was cut from, in the spelling of Name; empty when it was not
	Size   int64  // in the file, in bytes, without scales
	Memory int64  // what [Model.Load] takes, in bytes; 0 when it cannot read the tensor
	Skip   string // why [Model.Load] cannot read it; empty when it can
}

// Params returns the number of elements.
func (t Tensor) Params() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= int64(d) // Open checked the product
	}
	return n
}

// Dims returns the shape as a matrix, a vector being a single row. A tensor of
// more dimensions, such as the kernels of a convolution, is taken as its first
// dimension × all others, where dimensions of 1 do not count: 768×3×16×16 is
// 768×768, 1×197×768 is 197×768, and 1×128×1 is a vector. It reports false for
// scalars.
func (t Tensor) Dims() (rows, cols int, ok bool) {
	shape := t.squeezed()
	switch len(shape) {
	case 0:
		return 0, 0, false
	case 1:
		return 1, shape[0], true
	}
	cols = 1
	for _, d := range shape[1:] {
		cols *= d
	}
	return shape[0], cols, true
}

// Vector reports whether the tensor is a vector: it has one dimension, or more
// than two of which all but one are 1.
func (t Tensor) Vector() bool { return len(t.squeezed()) == 1 }

// squeezed returns the shape without what Dims does not count.
func (t Tensor) squeezed() []int {
	if len(t.Shape) <= 2 {
		return t.Shape
	}
	shape := slices.DeleteFunc(slices.Clone(t.Shape), func(d int) bool { return d == 1 })
	if len(shape) == 0 {
		return t.Shape[:1]
	}
	return shape
}
