package block

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// # Rotations
//
// A number that is added again and again is rounded again and again by the same amount,
// and numbers that repeat in a pattern make errors in a pattern. Such errors add up where
// others cancel. Plane rotations of neighbouring rows, or columns, change no singular
// value, and by angles that have nothing in common they leave no two numbers alike.

// rotation is a plane rotation: c·c + s·s = 1.
type rotation struct{ c, s float64 }

// Two sequences of rotations without end. The angles lie between 11 and 84 degrees and are
// as good as random. Had both sides of a matrix the same, a multiple of the identity
// would stay one.
const (
	ofRows  = 0
	ofTerms = 1 << 40
)

// rotations returns count rotations of a sequence, from number first on.
func rotations(sequence uint64, first, count int) []rotation {
	all := make([]rotation, count)
	for i := range all {
		// Half the tangent's angle: no trigonometric function, which might round
		// differently elsewhere.
		t := 0.1 + 0.8*float64(scramble(sequence+uint64(first+i))>>11)*0x1p-53
		q := 1 + t*t
		all[i] = rotation{(1 - t*t) / q, 2 * t / q}
	}
	return all
}

// scramble is the splitmix64 generator (Steele, Lea & Flood 2014) at position i.
func scramble(i uint64) uint64 {
	z := (i + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// rotateRows rotates rows 0 and 1, 2 and 3 … of a row-major matrix with rows ld long.
func rotateRows[T kernel.Float](a []T, ld int, by []rotation) {
	for i, r := range by {
		x, y := a[2*i*ld:][:ld], a[(2*i+1)*ld:][:ld]
		for j, v := range x {
			p, q := float64(v), float64(y[j])
			x[j], y[j] = T(r.c*p-r.s*q), T(r.s*p+r.c*q)
		}
	}
}

// rotateColumns rotates columns 0 and 1, 2 and 3 … of a row-major matrix with rows ld
// long.
func rotateColumns[T kernel.Float](a []T, ld int, by []rotation) {
	for ; len(a) >= ld; a = a[ld:] {
		for j, r := range by {
			p, q := float64(a[2*j]), float64(a[2*j+1])
			a[2*j], a[2*j+1] = T(r.c*p-r.s*q), T(r.s*p+r.c*q)
		}
	}
}

// part returns those of the rotations of all rows that belong to block i of the given
// order. Blocks are even, so no pair is torn.
func part(all []rotation, i, order int) []rotation {
	return all[min(len(all), i*order/2):min(len(all), (i+1)*order/2)]
}

// Rotate applies rotations to the rows of s and to its columns, which leaves the
// eigenvalues alone.
func (s *Sym[T]) Rotate(ctx context.Context, workers int) error {
	all, blocks := rotations(ofRows, 0, s.N/2), s.Blocks()
	err := parallel.For(ctx, workers, blocks*(blocks+1)/2, func(t int) {
		i, j := Triangle(t)
		rotateRows(s.At(i, j), s.Block, part(all, i, s.Block))
		rotateColumns(s.At(i, j), s.Block, part(all, j, s.Block))
	})
	s.mirror() // to the last bit
	return err
}

// Rotate applies rotations to count rows of d from row `to` on, a multiple of Block, and
// to its columns, which leaves the singular values alone. first is the number of the
// row among those of the whole matrix, even.
func (d *Dense[T]) Rotate(ctx context.Context, to, first, count, workers int) error {
	rows, columns := rotations(ofTerms, first/2, count/2), rotations(ofRows, 0, d.Cols/2)
	deep := kernel.RoundUp(count, d.Block) / d.Block
	return parallel.For(ctx, workers, deep*d.across, func(t int) {
		i, j := t/d.across, t%d.across
		block := d.At(to/d.Block+i, j)
		rotateRows(block, d.Block, part(rows, i, d.Block))
		rotateColumns(block, d.Block, part(columns, j, d.Block))
	})
}

// Rotate applies rotations to the terms of every sum, which leaves the sums alone, and to
// the rows of W, and so to the rows and columns of its Gram matrix. The last of an odd
// number is left as it is.
func (s Slab[T]) Rotate(ctx context.Context, workers int) error {
	nr, terms := s.size/kernel.GramDepth, rotations(ofTerms, s.First/2, s.Depth/2)
	rows := rotations(ofRows, 0, s.n/2)
	return parallel.For(ctx, workers, s.Panels, func(i int) {
		panel := s.Panel(i)[:s.Depth*nr]
		rotateRows(panel, nr, terms)
		rotateColumns(panel, nr, part(rows, i, nr))
	})
}
