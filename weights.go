package spectrum

import (
	"fmt"
	"math"
	"unsafe"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// DType names the storage type of weights, with the spelling safetensors uses.
type DType string

// The storage types that [Weights] holds.
const (
	F64  DType = "F64"  // IEEE 754 binary64
	F32  DType = "F32"  // IEEE 754 binary32
	F16  DType = "F16"  // IEEE 754 binary16
	BF16 DType = "BF16" // bfloat16: the upper half of a binary32
)

// format is how the elements of a [DType] are stored.
type format struct {
	size  int                       // bytes
	value func(bits uint64) float64 // the number that has these bits
}

// format covers every type that [Weights] holds. Their bits have the sign first and
// then a magnitude that grows with them, so most work is done on the bits alone.
func (d DType) format() format {
	switch d {
	case F64:
		return format{8, math.Float64frombits}
	case F32:
		return format{4, func(bits uint64) float64 { return float64(math.Float32frombits(uint32(bits))) }}
	case F16:
		return format{2, func(bits uint64) float64 { return float64(Float16(bits).Float32()) }}
	case BF16:
		return format{2, func(bits uint64) float64 { return float64(BFloat16(bits).Float32()) }}
	}
	return format{}
}

// Size returns the width of one element in bytes, 0 for an unknown type.
func (d DType) Size() int { return d.format().size }

// BFloat16 holds the bits of a bfloat16 number.
type BFloat16 uint16

// Float16 holds the bits of an IEEE 754 binary16 number.
type Float16 uint16

// Float32 returns the value of b, exactly.
func (b BFloat16) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }

// ToBFloat16 rounds x to the nearest bfloat16, ties to even. A NaN stays a NaN.
func ToBFloat16(x float32) BFloat16 {
	u := math.Float32bits(x)
	if x != x {
		return BFloat16(u>>16 | 0x40)
	}
	return BFloat16((u + 0x7fff + u>>16&1) >> 16)
}

// Float32 returns the value of h, exactly.
func (h Float16) Float32() float32 { return kernel.Half(uint16(h)) }

// ToFloat16 rounds x to the nearest binary16, ties to even; values beyond the
// range become infinite. A NaN stays a NaN.
func ToFloat16(x float32) Float16 {
	u := math.Float32bits(x)
	sign, mag := Float16(u>>16&0x8000), u&0x7fffffff
	switch {
	case mag > 0xff<<23:
		return sign | 0x7e00
	case mag >= 0x477ff000: // 65520, where rounding reaches 2¹⁶
		return sign | 0x7c00
	case mag < 0x38800000: // below 2⁻¹⁴: subnormal, in units of 2⁻²⁴
		return sign | Float16(math.RoundToEven(float64(math.Float32frombits(mag))*0x1p24))
	}
	mag += 0xfff + mag>>13&1
	return sign | Float16((mag-112<<23)>>13)
}

// Element is a Go type whose slices can be weights.
type Element interface {
	~float64 | ~float32 | BFloat16 | Float16
}

// Weights is a dense r×c matrix stored by rows in one of the types of
// [Element]. It is never up-cast as a whole: back-ends convert the pieces they
// work on. It satisfies gonum's [mat.Matrix], so it can be passed wherever a
// matrix is read.
type Weights struct {
	rows, cols, stride int
	dtype              DType
	bits               any // of the elements: []uint16, []uint32 or []uint64
}

// NewWeights wraps data, which holds rows·cols elements by rows, without
// copying it. The error wraps [ErrShape] when the lengths do not agree.
func NewWeights[T Element](rows, cols int, data []T) (*Weights, error) {
	if rows < 0 || cols < 0 || (cols != 0 && rows > math.MaxInt/cols) || rows*cols != len(data) {
		return nil, fmt.Errorf("%w: %d elements for %d×%d", ErrShape, len(data), rows, cols)
	}
	return wrap(rows, cols, cols, data), nil
}

// NewWeightsStrided is [NewWeights] for a part of a larger matrix: row i is
// data[i·stride : i·stride+cols]. The error wraps [ErrShape] when stride is less
// than cols or data ends before the last row does.
func NewWeightsStrided[T Element](rows, cols, stride int, data []T) (*Weights, error) {
	if rows < 0 || cols < 0 || stride < cols || (stride != 0 && rows > math.MaxInt/stride) {
		return nil, fmt.Errorf("%w: %d×%d with rows %d apart", ErrShape, rows, cols, stride)
	}
	if rows > 0 && len(data) < (rows-1)*stride+cols {
		return nil, fmt.Errorf("%w: %d elements for %d×%d with rows %d apart", ErrShape, len(data), rows, cols, stride)
	}
	return wrap(rows, cols, stride, data), nil
}

// wrap expects sizes that fit data.
func wrap[T Element](rows, cols, stride int, data []T) *Weights {
	w := &Weights{rows: rows, cols: cols, stride: stride}
	switch any(data).(type) {
	case []BFloat16:
		w.dtype, w.bits = BF16, as[uint16](data)
	case []Float16:
		w.dtype, w.bits = F16, as[uint16](data)
	default: // float64, float32 and types made of them
		if unsafe.Sizeof(*new(T)) == 8 {
			w.dtype, w.bits = F64, as[uint64](data)
		} else {
			w.dtype, w.bits = F32, as[uint32](data)
		}
	}
	return w
}

// as returns s as elements of another type of the same size.
func as[To, From any](s []From) []To {
	return unsafe.Slice((*To)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}

// Dims returns the number of rows and columns.
func (w *Weights) Dims() (r, c int) { return w.rows, w.cols }

// DType returns the storage type.
func (w *Weights) DType() DType { return w.dtype }

// T returns the transpose as a view, as [mat.Matrix] requires.
func (w *Weights) T() mat.Matrix { return mat.Transpose{Matrix: w} }

// At returns the element in row i, column j. Like every [mat.Matrix] it panics
// when an index is out of range.
func (w *Weights) At(i, j int) float64 {
	if uint(i) >= uint(w.rows) {
		panic(mat.ErrRowAccess)
	}
	if uint(j) >= uint(w.cols) {
		panic(mat.ErrColAccess)
	}
	var v [1]float64
	w.segment(v[:], i, j)
	return v[0]
}

// Row copies row i into dst, widened to float64, and returns it; a nil dst is
// allocated. It panics when i is out of range or dst is not as long as a row.
func (w *Weights) Row(dst []float64, i int) []float64 {
	if dst == nil {
		dst = make([]float64, w.cols)
	}
	if len(dst) != w.cols {
		panic(mat.ErrRowLength)
	}
	if uint(i) >= uint(w.rows) {
		panic(mat.ErrRowAccess)
	}
	w.segment(dst, i, 0)
	return dst
}

// segment widens the len(dst) elements of row i that start at column j.
func (w *Weights) segment(dst []float64, i, j int) {
	from := i*w.stride + j
	to := from + len(dst)
	switch bits := w.bits.(type) {
	case []uint64:
		widen(dst, bits[from:to], w.dtype)
	case []uint32:
		widen(dst, bits[from:to], w.dtype)
	case []uint16:
		widen(dst, bits[from:to], w.dtype)
	}
}

// widen sets dst to the numbers that have these bits.
func widen[B uint16 | uint32 | uint64](dst []float64, bits []B, dtype DType) {
	value := dtype.format().value
	for k, b := range bits {
		dst[k] = value(uint64(b))
	}
}

// raw returns w as the native engine reads it, without a copy.
func (w *Weights) raw() *kernel.Matrix {
	m := &kernel.Matrix{Rows: w.rows, Cols: w.cols, Stride: w.stride}
	switch w.dtype {
	case F64:
		m.F64 = as[float64](w.bits.([]uint64))
	case F32:
		m.F32 = as[float32](w.bits.([]uint32))
	case BF16:
		m.BF16 = w.bits.([]uint16)
	case F16:
		m.F16 = w.bits.([]uint16)
	}
	return m
}

// rowMaxAbs returns the largest magnitude in row i, and the first column whose
// element is not finite, or −1. Magnitudes compare like their bits, so the check
// needs no conversion.
func (w *Weights) rowMaxAbs(i int) (largest float64, notFinite int) {
	from, to := i*w.stride, i*w.stride+w.cols
	var most uint64
	switch bits := w.bits.(type) {
	case []uint64:
		most = mostAbs(bits[from:to])
	case []uint32:
		most = mostAbs(bits[from:to])
	case []uint16:
		most = mostAbs(bits[from:to])
	}
	largest = w.dtype.format().value(most)
	if largest <= math.MaxFloat64 {
		return largest, -1
	}
	for j := range w.cols {
		if v := w.At(i, j); !(math.Abs(v) <= math.MaxFloat64) {
			return largest, j
		}
	}
	return largest, -1
}

// mostAbs returns the bits of the largest magnitude.
func mostAbs[B uint16 | uint32 | uint64](bits []B) uint64 {
	magnitude := ^B(0) >> 1
	var most B
	for _, b := range bits {
		most = max(most, b&magnitude)
	}
	return uint64(most)
}
