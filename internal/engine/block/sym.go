package block

import (
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/hugepage"
	"github.com/gospectrum/spectrum/internal/engine/kernel"
)

// Sym is a symmetric matrix of which the lower half is stored, in square
// blocks: block (I, J), I ≥ J, holds rows I·Block… and columns J·Block…,
// contiguous and row-major. The blocks on the diagonal hold both halves. Rows
// and columns from N to the end of the last block are zeros.
//
// Whole blocks stay in the L2 cache and in few pages, which rows of a large
// matrix do not.
type Sym[T kernel.Float] struct {
	N     int // order of the matrix
	Block int // order of a block, see Size
	data  []T
}

// MaxSize is the largest order of a block. Every other one divides it.
const MaxSize = 4 * kernel.Band

// Size returns the order of the blocks that suits a matrix of order n: small ones
// leave work for every worker. It is a multiple of kernel.Band, so that no panel and
// no Band columns straddle two blocks.
func Size(n int) int {
	switch {
	case n > 8*MaxSize:
		return MaxSize
	case n > 8*MaxSize/2:
		return MaxSize / 2
	}
	return kernel.Band
}

// SymLen returns the number of elements stored for a matrix of order n.
func SymLen(n int) int {
	b := Size(n)
	blocks := (n + b - 1) / b
	return blocks * (blocks + 1) / 2 * b * b
}

// NewSym returns a zero matrix of order n.
func NewSym[T kernel.Float](n int) *Sym[T] {
	return &Sym[T]{N: n, Block: Size(n), data: hugepage.Make[T](SymLen(n))}
}

// Clone returns a copy of s.
func (s *Sym[T]) Clone() *Sym[T] {
	return &Sym[T]{N: s.N, Block: s.Block, data: slices.Clone(s.data)}
}

// Blocks returns the number of blocks along the diagonal.
func (s *Sym[T]) Blocks() int { return (s.N + s.Block - 1) / s.Block }

// At returns block (i, j), i ≥ j.
func (s *Sym[T]) At(i, j int) []T {
	size := s.Block * s.Block
	k := (i*(i+1)/2 + j) * size
	return s.data[k : k+size : k+size]
}

// Get returns element (i, j).
func (s *Sym[T]) Get(i, j int) T {
	if i < j {
		i, j = j, i
	}
	return s.At(i/s.Block, j/s.Block)[i%s.Block*s.Block+j%s.Block]
}

// Norms returns the trace, the Frobenius norm, and the largest Euclidean norm of
// a row.
func (s *Sym[T]) Norms() (trace, frobenius, row float64) {
	b := s.Block
	squares := make([]float64, s.Blocks()*b)
	for i := range s.Blocks() {
		for j := range i + 1 {
			block := s.At(i, j)
			columns := squares[j*b : (j+1)*b]
			for r := range b {
				var sum float64
				for c, v := range block[r*b : (r+1)*b] {
					x := float64(v) * float64(v)
					sum += x
					if i != j {
						columns[c] += x
					}
				}
				squares[i*b+r] += sum
			}
		}
	}
	for i := range s.N {
		trace += float64(s.At(i/b, i/b)[i%b*(b+1)])
		frobenius += squares[i]
	}
	return trace, math.Sqrt(frobenius), math.Sqrt(slices.Max(squares))
}

// Scale multiplies s by f.
func (s *Sym[T]) Scale(f T) {
	for i := range s.data {
		s.data[i] *= f
	}
}

// mirror copies the lower half of the diagonal blocks to their upper half.
func (s *Sym[T]) mirror() {
	for i := range s.Blocks() {
		d := s.At(i, i)
		for r := range s.Block {
			for c := range r {
				d[c*s.Block+r] = d[r*s.Block+c]
			}
		}
	}
}
