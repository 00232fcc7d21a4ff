package spectrum

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// RowFloat32 copies row i into dst as float32, which holds every value of a BF16, F16 or F32
// matrix exactly, and reports true; of an F64 matrix it copies nothing and reports false. Like
// [Weights.Row] it panics when i is out of range or dst is not as long as a row.
func (w *Weights) RowFloat32(dst []float32, i int) bool {
	if len(dst) != w.cols {
		panic(mat.ErrRowLength)
	}
	if uint(i) >= uint(w.rows) {
		panic(mat.ErrRowAccess)
	}
	from, to := i*w.stride, i*w.stride+w.cols
	switch bits := w.bits.(type) {
	case []uint32:
		copy(dst, as[float32](bits[from:to]))
	case []uint16:
		row := bits[from:to]
		dst = dst[:len(row)]
		if w.dtype == BF16 {
			for k, b := range row {
				dst[k] = math.Float32frombits(uint32(b) << 16)
			}
			return true
		}
		for k, b := range row {
			dst[k] = kernel.Half(b)
		}
	default:
		return false
	}
	return true
}
