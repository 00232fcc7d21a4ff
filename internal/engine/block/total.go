package block

import (
	"context"
	"math"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// leastFlush is the least number of slabs after which a Gram matrix is moved to a total:
// a load, an addition and a store of each element for 64·GramDepth multiply-adds.
const leastFlush = 64

// total is the upper level of a sum of many slabs. Adding a slab rounds the sum so far, so a
// sum of s slabs is off by up to s roundings, and one of two levels by 2·√s.
type total[T kernel.Float] struct {
	every int // number of slabs between two flushes
	sum   []T
}

// newTotal returns a total of zero for the given number of slabs of s, or nil where they
// are so few that one level will do.
func newTotal[T kernel.Float](s *Sym[T], slabs int) *total[T] {
	if slabs <= leastFlush {
		return nil
	}
	return &total[T]{max(leastFlush, int(math.Sqrt(float64(slabs)))), make([]T, len(s.data))}
}

// TotalLen returns the number of elements that [Gram] allocates for the total of a matrix
// with sides n ≤ m: none unless m is long.
func TotalLen(n, m int) int {
	if m <= leastFlush*kernel.GramDepth {
		return 0
	}
	return SymLen(n)
}

// flush moves s to the total and leaves zeros, when that many slabs have been added to s
// that it is time.
func (t *total[T]) flush(ctx context.Context, team *parallel.Team, s *Sym[T], slabs int) error {
	if t == nil || slabs%t.every != 0 {
		return nil
	}
	size := s.Block * s.Block
	return team.For(ctx, len(s.data)/size, func(i int) {
		from, to := i*size, (i+1)*size
		sum := t.sum[from:to]
		for j, v := range s.data[from:to] {
			sum[j] += v
		}
		clear(s.data[from:to])
	})
}

// finish adds the total to what is left in s.
func (t *total[T]) finish(s *Sym[T]) {
	if t == nil {
		return
	}
	for i, v := range t.sum {
		s.data[i] += v
	}
}
