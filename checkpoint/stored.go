package checkpoint

import (
	"fmt"
	"math"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/gguf"
	"github.com/gospectrum/spectrum/internal/format/npy"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
	"github.com/gospectrum/spectrum/internal/format/torchfile"
)

// stored is a tensor as a file has it, whatever the format of the file.
type stored struct {
	name   string // as Hugging Face calls it
	inFile string // what its file calls it, if that differs
	dtype  string
	shape  []int64
	stride []int64 // in elements; nil for row-major without gaps
	offset int64   // of the first element, in the file or in the member
	size   int64   // from the first byte to the last
	ggml   gguf.Type
	gguf   bool   // from a GGUF file
	skip   string // why it is not read
	extra  bool   // not a parameter of the model
	shard  *shard

	bigEndian bool        // elements begin with their highest byte
	member    *npy.Member // what it is compressed in; nil where it is stored plainly
}

func fromSafetensors(t safetensors.Tensor) stored {
	s := stored{name: t.Name, dtype: t.DType, shape: t.Shape, offset: t.Offset, size: t.Size}
	if safetensors.Bits(t.DType) == 0 {
		s.skip = fmt.Sprintf("unknown type %q", t.DType)
	}
	return s
}

func fromTorch(t torchfile.Tensor) stored {
	s := stored{name: t.Name, inFile: t.Stored, dtype: t.DType, shape: t.Shape, stride: t.Stride, offset: t.Offset, size: t.Span, skip: t.Skip, extra: t.Beside()}
	switch {
	case t.Skip != "":
	case t.Shares != "":
		s.skip, s.extra = "the same values as "+t.Shares, true
	case overlapping(t.Shape, t.Stride):
		s.skip = "a view that repeats or overlaps its elements"
	}
	return s
}

func fromGGUF(t gguf.Tensor, architecture string) stored {
	s := stored{
		name: gguf.HuggingFaceName(architecture, t.Name), dtype: t.Type.String(),
		shape: t.Shape, offset: t.Offset, size: t.Size, ggml: t.Type, gguf: true,
	}
	if s.name != t.Name {
		s.inFile = t.Name
	}
	if !t.Type.Quantised() && spectrum.DType(s.dtype).Size() == 0 {
		s.skip = s.dtype + " is not a supported type"
	}
	return s
}

func fromNumPy(a npy.Array) stored {
	return stored{
		name: a.Name, dtype: a.DType, shape: a.Shape, stride: a.Stride, offset: a.Offset, size: a.Size,
		bigEndian: a.BigEndian, member: a.Member, skip: a.Skip,
	}
}

// overlapping reports whether two elements may be the same: by stride, every
// dimension must step over all that lie inside the one before.
func overlapping(shape, stride []int64) bool {
	if stride == nil {
		return false
	}
	order := make([]int, 0, len(shape))
	for i, d := range shape {
		if d > 1 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return int(max(-1, min(1, stride[a]-stride[b]))) })
	var last int64 // offset of the last element so far
	for _, i := range order {
		if stride[i] <= last {
			return true
		}
		last += (shape[i] - 1) * stride[i] // below the size of the file
	}
	return false
}

// elements returns the number of elements; every reader has checked that it
// does not overflow.
func (s *stored) elements() int64 {
	n := int64(1)
	for _, d := range s.shape {
		n *= d
	}
	return n
}

// sub returns the i-th of what the first dimension lists. The elements of
// blocked formats do not cross rows, so their sizes divide.
func (s *stored) sub(i int64) stored {
	x := *s
	x.shape = s.shape[1:]
	if s.stride == nil {
		x.size = s.size / s.shape[0]
		x.offset += i * x.size
		return x
	}
	width := int64(safetensors.Bits(s.dtype) / 8)
	x.stride = s.stride[1:]
	x.offset += i * s.stride[0] * width
	x.size -= (s.shape[0] - 1) * s.stride[0] * width
	return x
}

// ints returns the shape as int; fit reports whether all of it fits.
func (s *stored) ints() (shape []int, fit bool) {
	shape, fit = make([]int, len(s.shape)), true
	for i, d := range s.shape {
		shape[i] = int(min(d, math.MaxInt))
		fit = fit && d <= math.MaxInt
	}
	return shape, fit
}
