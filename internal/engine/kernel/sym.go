package kernel

import (
	"math"
	"slices"

	"github.com/gospectrum/spectrum/internal/engine/hugepage"
)

// Sym is a symmetric matrix of which the lower half is stored, in square
// blocks: block (I, J), I ≥ J, holds rows I·Block… and columns J·Block…,
// contiguous and row-major. The blocks on the diagonal hold both halves. Rows
// and columns from N to the end of the last block are zeros.
//
// Whole blocks stay in the L2 cache and in few pages, which rows of a large
// matrix do not.
type Sym[T Float] struct {
	N     int // order of the matrix
	Block int // order of a block, a multiple of every kernel's NR
	data  []T
}

// blockUnit divides every block size; every kernel's NR divides it.
const blockUnit = 48

// BlockSize returns the order of the blocks that suits a matrix of order n: small
// ones leave work for every worker.
func BlockSize(n int) int {
	switch {
	case n > 8*4*blockUnit:
		return 4 * blockUnit
	case n > 8*2*blockUnit:
		return 2 * blockUnit
	}
	return blockUnit
}

// SymLen returns the number of elements stored for a matrix of order n.
func SymLen(n int) int {
	b := BlockSize(n)
	blocks := (n + b - 1) / b
	return blocks * (blocks + 1) / 2 * b * b
}

// NewSym returns a zero matrix of order n.
func NewSym[T Float](n int) *Sym[T] {
	return &Sym[T]{N: n, Block: BlockSize(n), data: hugepage.Make[T](SymLen(n))}
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

// roundUp returns the least multiple of unit that is at least n.
func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }
