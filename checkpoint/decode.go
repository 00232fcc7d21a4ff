package checkpoint

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/format/numfmt"
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
	case e.eight:
		e.table().BFloat16(view[uint16](buf, n), raw)
	case e.lengths != nil:
		if err := e.multiply(ctx, buf, raw, n); err != nil {
			return err
		}
	default:
		e.plain(buf, n)
	}
	if e.pick != nil {
		e.pick.compact(buf.bytes(int(e.Memory)), e.storedCols(), e.out.Size())
	}
	return nil
}

// decodeScaled writes the values of raw to dst, each times its scale.
func (e *entry) decodeScaled(dst []float32, raw []byte, grid numfmt.Grid) {
	switch {
	case e.eight:
		e.table().Scaled(dst, raw, e.storedCols(), grid)
		return
	case e.ggml.Quantised():
		e.ggml.Dequantise(dst, raw)
	default:
		dtype := spectrum.DType(e.stored.dtype)
		if e.bigEndian != bigEndian() {
			swap(raw, dtype.Size())
		}
		for i := range dst { // raw is at the end of the buffer
			dst[i] = float32(native(raw, i, dtype))
		}
	}
	grid.Scale(dst, e.storedCols())
}

// table returns the values of 8-bit floats.
func (e *entry) table() *numfmt.Table {
	f, _ := numfmt.Lookup(e.stored.dtype)
	return f.Table()
}

// storedCols returns the length of a row of the stored matrix, decoded.
func (e *entry) storedCols() int {
	if e.pick != nil {
		return e.pick.width
	}
	_, cols, _ := e.Dims()
	return cols
}

// plain puts values that need no decoding, which are where they shall be, into the
// order of the machine.
func (e *entry) plain(buf *Buffer, n int) {
	if width := e.out.Size(); e.bigEndian != bigEndian() {
		swap(buf.bytes(n*width), width)
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
	b := make([]byte, r.packedSize())
	if err := r.stored.read(ctx, b); err != nil {
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
	g := numfmt.Grid{Cols: r.gridCols, Height: r.height, Width: r.tiling.width}
	if f, ok := numfmt.Lookup(r.numbers()); ok {
		table := f.Table()
		for _, code := range b {
			g.Values = append(g.Values, table[code])
		}
		return g, nil
	}
	dtype := spectrum.DType(r.dtype)
	if r.bigEndian != bigEndian() {
		swap(b, dtype.Size())
	}
	for i := range r.elements() {
		g.Values = append(g.Values, float32(native(b, int(i), dtype)))
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

// native returns the i-th number of b, whose bytes are in the order of this machine.
func native(b []byte, i int, dtype spectrum.DType) float64 {
	switch dtype {
	case spectrum.F64:
		return math.Float64frombits(binary.NativeEndian.Uint64(b[8*i:]))
	case spectrum.F32:
		return float64(math.Float32frombits(binary.NativeEndian.Uint32(b[4*i:])))
	case spectrum.F16:
		return float64(spectrum.Float16(binary.NativeEndian.Uint16(b[2*i:])).Float32())
	case spectrum.BF16:
		return float64(spectrum.BFloat16(binary.NativeEndian.Uint16(b[2*i:])).Float32())
	}
	return math.NaN() // a type that has no case here is refused, not taken for another
}
