package spectrum

import (
	"context"

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
	return w.dtype.format().value(prefix), nil
}

// digits counts, among the magnitudes whose bits above the next digit are
// prefix, how often each value of that digit occurs; shift bits follow it.
func (w *Weights) digits(ctx context.Context, prefix uint64, shift, workers int) ([]int64, error) {
	// A part is worth its counters from a few times as many weights on.
	parts := make([][]int64, min(parallel.Useful(workers), w.rows, 1+w.rows/(1<<18/w.cols+1)))
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
	switch bits := w.bits.(type) {
	case []uint64:
		countDigits(counts, bits[from:to], prefix, shift)
	case []uint32:
		countDigits(counts, bits[from:to], prefix, shift)
	case []uint16:
		countDigits(counts, bits[from:to], prefix, shift)
	}
}

func countDigits[B uint16 | uint32 | uint64](counts []int64, bits []B, prefix uint64, shift int) {
	magnitude := ^B(0) >> 1
	for _, b := range bits {
		if v := uint64(b & magnitude); v>>shift>>digitBits == prefix {
			counts[v>>shift&(1<<digitBits-1)]++
		}
	}
}
