package checkpoint

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/numfmt"
	"github.com/gospectrum/spectrum/internal/format/safetensors"
)

// decode turns raw, the stored bytes at the end of buf, into weights at its
// start. What is decoded is at least as long as what is stored, and the decoders
// read each piece before they write it, so the two may overlap.
func (e *entry) decode(ctx context.Context, buf *Buffer, raw []byte) error {
	n := int(e.elements())
	switch {
	case e.mxfp4:
		scales, err := e.scales.bytes(ctx)
		if err != nil {
			return err
		}
		numfmt.MXFP4(view[uint16](buf, 2*n), raw, scales)
	case e.scales != nil:
		grid, err := e.scales.grid(ctx)
		if err != nil {
			return err
		}
		e.decodeScaled(view[float32](buf, n), raw, grid)
	case e.ggml.Quantised():
		e.ggml.Dequantise(view[float32](buf, n), raw)
	case e.table != nil:
		e.table.Table().BFloat16(view[uint16](buf, n), e.rowMajor(raw, 1))
	default:
		e.plain(buf, raw, n)
	}
	if e.pick != nil {
		e.pick.compact(buf.bytes(int(e.Memory)), e.storedCols(), e.out.Size())
	}
	return nil
}

// decodeScaled writes the values of raw to dst, each times its scale.
func (e *entry) decodeScaled(dst []float32, raw []byte, grid numfmt.Grid) {
	switch {
	case e.table != nil:
		e.table.Table().Scaled(dst, e.rowMajor(raw, 1), e.storedCols(), grid)
		return
	case e.ggml.Quantised():
		e.ggml.Dequantise(dst, raw)
	default:
		widen(dst, raw, spectrum.DType(e.stored.dtype))
	}
	grid.Scale(dst, e.storedCols())
}

// widen writes little-endian floats of 16 or 32 bits to dst, whose last bytes src may
// be.
func widen(dst []float32, src []byte, dtype spectrum.DType) {
	width := dtype.Size()
	for i := range dst {
		dst[i] = float32At(src[i*width:], dtype)
	}
}

// float32At reads one number of at most 64 bits.
func float32At(b []byte, dtype spectrum.DType) float32 {
	switch dtype {
	case spectrum.F64:
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	case spectrum.F32:
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	case spectrum.F16:
		return spectrum.Float16(binary.LittleEndian.Uint16(b)).Float32()
	}
	return spectrum.BFloat16(binary.LittleEndian.Uint16(b)).Float32()
}

// storedCols returns the length of a row of the stored matrix, decoded.
func (e *entry) storedCols() int {
	if e.pick != nil {
		return e.pick.width
	}
	_, cols, _ := e.Dims()
	return cols
}

// plain puts values that need no decoding into the order of rows and of the
// machine.
func (e *entry) plain(buf *Buffer, raw []byte, n int) {
	width := e.out.Size()
	dst := buf.bytes(n * width)
	if e.stride != nil {
		gather(dst, raw, e.Shape, e.stride, width)
	}
	if bigEndian() {
		swap(dst, width)
	}
}

// rowMajor returns raw, or, where it has strides, its elements without gaps.
func (s *stored) rowMajor(raw []byte, width int) []byte {
	if s.stride == nil {
		return raw
	}
	dst := make([]byte, s.elements()*int64(width))
	shape, _ := s.ints()
	gather(dst, raw, shape, s.stride, width)
	return dst
}

// gather copies the elements of a tensor with strides to dst, row by row.
func gather(dst, src []byte, shape []int, stride []int64, width int) {
	if len(shape) == 0 {
		copy(dst, src[:width])
		return
	}
	step := len(dst)
	if shape[0] > 0 {
		step /= shape[0]
	}
	for i := range shape[0] {
		gather(dst[i*step:(i+1)*step], src[i*int(stride[0])*width:], shape[1:], stride[1:], width)
	}
}

// compact moves the selected elements to the start of b. They keep their order,
// so none is overwritten before it is read.
func (p *pick) compact(b []byte, cols, width int) {
	to := 0
	for i := range p.rows.count {
		row := b[p.rows.at(i)*cols*width:]
		for j := 0; j < p.cols.count; {
			run := min(p.cols.run-j%p.cols.run, p.cols.count-j) * width
			copy(b[to:to+run], row[p.cols.at(j)*width:])
			to += run
			j += run / width
		}
	}
}

// bytes reads the scales as they are.
func (r *scaleRef) bytes(ctx context.Context) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, r.failed(err)
	}
	b := make([]byte, r.size)
	if err := readAt(ctx, bound{ctx, r.shard.file}, b, r.offset); err != nil {
		return nil, r.failed(err)
	}
	return b, nil
}

func (r *scaleRef) failed(err error) error {
	return fmt.Errorf("its scales %q in %s: %w", r.name, r.shard.name, err)
}

// grid reads the scales as numbers.
func (r *scaleRef) grid(ctx context.Context) (numfmt.Grid, error) {
	b, err := r.bytes(ctx)
	if err != nil {
		return numfmt.Grid{}, err
	}
	g := numfmt.Grid{Cols: r.gridCols, Height: r.height, Width: r.width}
	width := safetensors.Bits(r.dtype) / 8
	b = r.rowMajor(b, width)
	var table *numfmt.Table
	if f, ok := numfmt.Lookup(r.numbers()); ok {
		table = f.Table()
	}
	for at := 0; at < len(b); at += width {
		if table != nil {
			g.Values = append(g.Values, table[b[at]])
		} else {
			g.Values = append(g.Values, float32At(b[at:], spectrum.DType(r.dtype)))
		}
	}
	return g, nil
}

// numbers returns the type that the scales are of: bytes are exponents.
func (r *scaleRef) numbers() string {
	if r.dtype == "U8" {
		return "F8_E8M0"
	}
	return r.dtype
}
