package gguf

import (
	"encoding/binary"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/format/numfmt"
)

// maxBlock is the largest number of elements of a block.
const maxBlock = 256

// Dequantise writes the elements of src, whole blocks of type t, to dst. It
// reports false for a type that is not quantised in blocks, or not read. src may
// be the last len(src) bytes of dst's memory.
//
// The arithmetic is that of ggml's reference functions: float32, each product
// rounded before it is added, so the results have their bits.
func (t Type) Dequantise(dst []float32, src []byte) bool {
	block := t.block()
	if block == nil {
		return false
	}
	l := t.layout()
	var y [maxBlock]float32 // src must be read before dst is written
	for len(src) >= int(l.bytes) {
		block(&y, src[:l.bytes])
		n := copy(dst, y[:l.elements])
		dst, src = dst[n:], src[l.bytes:]
	}
	return true
}

// block returns the function that decodes one block.
func (t Type) block() func(y *[maxBlock]float32, b []byte) {
	switch t {
	case Q4_0:
		return q40
	case Q4_1:
		return q41
	case Q5_0:
		return q50
	case Q5_1:
		return q51
	case Q8_0:
		return q80
	case Q2K:
		return q2k
	case Q3K:
		return q3k
	case Q4K:
		return q4k
	case Q5K:
		return q5k
	case Q6K:
		return q6k
	case MXFP4:
		return mxfp4
	}
	return nil
}

// half returns the binary16 number at the start of b.
func half(b []byte) float32 { return kernel.Half(binary.LittleEndian.Uint16(b)) }

// affine is d·q + m with two roundings; without the conversion the compiler may
// fuse them into one.
func affine(d float32, q int, m float32) float32 { return float32(d*float32(q)) + m }

// Q4_0: scale; 32 × 4 bits, offset by 8. The lower halves of the bytes come
// first, as in all the formats of 32 elements.
func q40(y *[maxBlock]float32, b []byte) {
	d := half(b)
	for j, q := range b[2:18] {
		y[j] = d * float32(int(q&15)-8)
		y[j+16] = d * float32(int(q>>4)-8)
	}
}

// Q4_1: scale, minimum; 32 × 4 bits.
func q41(y *[maxBlock]float32, b []byte) {
	d, m := half(b), half(b[2:])
	for j, q := range b[4:20] {
		y[j] = affine(d, int(q&15), m)
		y[j+16] = affine(d, int(q>>4), m)
	}
}

// Q5_0: scale; the fifth bits of 32 elements; 32 × 4 bits; offset by 16.
func q50(y *[maxBlock]float32, b []byte) {
	d, high := half(b), binary.LittleEndian.Uint32(b[2:])
	for j, q := range b[6:22] {
		y[j] = d * float32(int(q&15)|int(high>>j&1)<<4-16)
		y[j+16] = d * float32(int(q>>4)|int(high>>(j+16)&1)<<4-16)
	}
}

// Q5_1: scale, minimum; the fifth bits; 32 × 4 bits.
func q51(y *[maxBlock]float32, b []byte) {
	d, m, high := half(b), half(b[2:]), binary.LittleEndian.Uint32(b[4:])
	for j, q := range b[8:24] {
		y[j] = affine(d, int(q&15)|int(high>>j&1)<<4, m)
		y[j+16] = affine(d, int(q>>4)|int(high>>(j+16)&1)<<4, m)
	}
}

// Q8_0: scale; 32 × 8 bits, signed.
func q80(y *[maxBlock]float32, b []byte) {
	d := half(b)
	for j, q := range b[2:34] {
		y[j] = d * float32(int8(q))
	}
}

// MXFP4: E8M0 scale; 32 × E2M1.
func mxfp4(y *[maxBlock]float32, b []byte) {
	values := numfmt.MXFP4Values(b[0])
	for j, q := range b[1:17] {
		y[j] = values[q&15]
		y[j+16] = values[q>>4]
	}
}
