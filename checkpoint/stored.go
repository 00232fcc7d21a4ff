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
	skip   string // why it is not read
	offset int64  // of the first element, in the file or in the member
	*storage
	extra bool // not a parameter of the model
}

// storage is what the tensors of a file may have in common, which is not changed once
// they share it.
type storage struct {
	inFile string // what its file calls it, if that differs
	dtype  string
	shape  []int64
	stride []int64 // in elements; nil for row-major without gaps
	size   int64   // from the first byte to the last
	ggml   gguf.Type
	gguf   bool // from a GGUF file
	shard  *shard

	bigEndian bool        // elements begin with their highest byte
	member    *npy.Member // what it is compressed in; nil where it is stored plainly
}

// fromSafetensors returns the tensors of a header, which share what the header shares.
func fromSafetensors(h *safetensors.Header) []stored {
	list := make([]stored, len(h.Tensors))
	like := make(map[*safetensors.Layout]stored)
	for i, t := range h.Tensors {
		s, known := like[t.Layout]
		if !known {
			s.storage = &storage{dtype: t.DType, shape: t.Shape, size: t.Size}
			if safetensors.Bits(t.DType) == 0 {
				s.skip = fmt.Sprintf("unknown type %q", t.DType)
			}
			like[t.Layout] = s
		}
		s.name, s.offset = t.Name, t.Offset
		list[i] = s
	}
	return list
}

func fromTorch(t torchfile.Tensor) stored {
	s := stored{
		name: t.Name, offset: t.Offset, skip: t.Skip, extra: t.Beside(),
		storage: &storage{inFile: t.Stored, dtype: t.DType, shape: t.Shape, stride: t.Stride, size: t.Span},
	}
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
		name: gguf.HuggingFaceName(architecture, t.Name), offset: t.Offset,
		storage: &storage{dtype: t.Type.String(), shape: t.Shape, size: t.Size, ggml: t.Type, gguf: true},
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
		name: a.Name, offset: a.Offset, skip: a.Skip,
		storage: &storage{dtype: a.DType, shape: a.Shape, stride: a.Stride, size: a.Size, bigEndian: a.BigEndian, member: a.Member},
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

// subs says how each of what the first dimension lists is stored, and how far apart they
// are in bytes. The elements of blocked formats do not cross rows, so their sizes divide.
func (s *stored) subs() (part *storage, step int64) {
	l := *s.storage
	l.shape = s.shape[1:]
	if s.stride == nil {
		l.size = s.size / s.shape[0]
		return &l, l.size
	}
	step = s.stride[0] * int64(safetensors.Bits(s.dtype)/8)
	l.stride = s.stride[1:]
	l.size -= (s.shape[0] - 1) * step
	return &l, step
}

// sub returns the i-th of what the first dimension lists.
func (s *stored) sub(i int64) stored {
	x := *s
	part, step := s.subs()
	x.storage = part
	x.offset += i * step
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
