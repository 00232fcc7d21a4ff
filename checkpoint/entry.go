package checkpoint

import (
	"math"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/numfmt"
)

// entry is a tensor with what is needed to read it.
type entry struct {
	Tensor
	stored
	codec
	pick *pick // the part of the stored matrix that this is; nil for all of it
}

// codec says what the bytes are turned into.
type codec struct {
	out    spectrum.DType // what the weights are loaded as
	eight  bool           // 8-bit floats
	scales *scaleRef      // their scales, or those of MXFP4; nil without any
	mxfp4  bool           // blocks of MXFP4 with the scales apart

	lengths *lengths // of the directions that are stored; nil for a weight
}

// pick selects rows and columns of a matrix.
type pick struct {
	rows, cols axis
	width      int // columns of the stored matrix
}

// axis selects count indices: runs of run neighbours, whose starts are step
// apart, from first on.
type axis struct{ first, run, step, count int }

func (a axis) at(i int) int { return a.first + i/a.run*a.step + i%a.run }

// all selects n indices from 0 on.
func all(n int) axis { return axis{0, max(1, n), n, n} }

// newEntry describes s. Its Skip says why Load cannot read it.
func newEntry(s *stored) entry {
	e := entry{stored: *s}
	var fit bool
	e.Tensor = Tensor{Name: s.name, DType: s.dtype, File: s.shard.name, Stored: s.inFile, Size: s.size, Skip: s.skip}
	e.Shape, fit = s.ints()
	if e.Skip != "" {
		return e
	}
	e.codec, e.Skip = decoderFor(s)
	switch {
	case e.Skip != "":
	case len(e.Shape) == 0:
		e.Skip = "a scalar has no spectrum"
	case slices.Contains(e.stored.shape, 0): // the products of its other dimensions may overflow
		e.Skip = empty
	case !fit:
		e.Skip = tooLarge
	}
	return e
}

const (
	tooLarge = "too large for this platform"
	empty    = "empty: a placeholder without values"
)

// decoderFor says how the bytes of a type are decoded, or why they are not.
func decoderFor(s *stored) (c codec, skip string) {
	if s.ggml.Quantised() {
		return codec{out: spectrum.F32}, ""
	}
	if isEight(s) {
		return codec{out: spectrum.BF16, eight: true}, "" // in which all are exact
	}
	if spectrum.DType(s.dtype).Size() == 0 {
		return codec{}, s.dtype + " is not a supported type"
	}
	return codec{out: spectrum.DType(s.dtype)}, ""
}

// setMemory follows a change of how the entry is decoded.
func (e *entry) setMemory() {
	e.Memory = 0
	if e.Skip != "" {
		return
	}
	if e.Memory = e.memory(); e.Memory > math.MaxInt-64 {
		e.Memory, e.Skip = 0, tooLarge
	}
}

// memory returns the bytes that the buffer needs: the stored ones are read into
// its end and decoded towards its start.
func (e *entry) memory() int64 {
	n := e.elements() * int64(e.out.Size())
	if e.mxfp4 {
		n *= numfmt.Block / numfmt.BlockBytes
	}
	return max(n, e.packedSize())
}
