package spectrum

import (
	"context"
	"math"

	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// digitBits is the number of bits of a magnitude that one pass over the weights
// decides.
const digitBits = 16

// medianAbs returns the median of |w|, exactly and without a copy of the
// weights. Magnitudes compare like their bits, of which each pass fixes the next
// 16: one pass for half precision, two for float32, four for float64.
func (w *Weights) medianAbs(ctx context.Context, workers int) (float64, error) {
	n := int64(w.rows) * int64(w.cols)
	low, err := w.selectAbs(ctx, (n-1)/2, workers)
	if err != nil || n%2 == 1 {
		return low, err
	}
	high, err := w.selectAbs(ctx, n/2, workers)
	return low + (high-low)/2, err
}

// selectAbs returns the magnitude that has rank smaller ones before it.
func (w *Weights) selectAbs(ctx context.Context, rank int64, workers int) (float64, error) {
	bits := 8 * w.dtype.Size()
	var prefix uint64
	for bits > 0 {
		shift := bits - digitBits
		counts, err := w.digits(ctx, prefix, shift, workers)
		if err != nil {
			return 0, err
		}
		digit := 0
		for rank >= counts[digit] {
			rank -= counts[digit]
			digit++
		}
		prefix = prefix<<digitBits | uint64(digit)
		bits = shift
	}
	return w.magnitude(prefix), nil
}

// digits counts, among the magnitudes whose bits above the next digit are
// prefix, how often each value of that digit occurs; shift bits follow it.
func (w *Weights) digits(ctx context.Context, prefix uint64, shift, workers int) ([]int64, error) {
	// A part is worth its counters from a few times as many weights on.
	parts := make([][]int64, min(workers, w.rows, 1+w.rows/(1<<18/w.cols+1)))
	err := parallel.For(ctx, workers, len(parts), func(p int) {
		counts := make([]int64, 1<<digitBits)
		for i := p; i < w.rows && ctx.Err() == nil; i += len(parts) {
			w.countDigits(counts, i, prefix, shift)
		}
		parts[p] = counts
	})
	if err != nil {
		return nil, err
	}
	for _, part := range parts[1:] {
		for d, c := range part {
			parts[0][d] += c
		}
	}
	return parts[0], nil
}

func (w *Weights) countDigits(counts []int64, row int, prefix uint64, shift int) {
	from, to := row*w.stride, row*w.stride+w.cols
	count := func(magnitude uint64) {
		if magnitude>>shift>>digitBits == prefix {
			counts[magnitude>>shift&(1<<digitBits-1)]++
		}
	}
	switch d := w.data.(type) {
	case []float64:
		for _, v := range d[from:to] {
			count(math.Float64bits(v) &^ (1 << 63))
		}
	case []float32:
		for _, v := range d[from:to] {
			count(uint64(math.Float32bits(v) &^ (1 << 31)))
		}
	case []BFloat16:
		for _, v := range d[from:to] {
			count(uint64(v &^ (1 << 15)))
		}
	case []Float16:
		for _, v := range d[from:to] {
			count(uint64(v &^ (1 << 15)))
		}
	}
}

// magnitude returns the number of the type of w that has these bits.
func (w *Weights) magnitude(bits uint64) float64 {
	switch w.dtype {
	case F64:
		return math.Float64frombits(bits)
	case F32:
		return float64(math.Float32frombits(uint32(bits)))
	case BF16:
		return float64(BFloat16(bits).Float32())
	}
	return float64(Float16(bits).Float32())
}
