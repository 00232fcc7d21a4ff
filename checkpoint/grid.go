package checkpoint

import (
	"fmt"
	"slices"
)

// tiling says how scales lie over a matrix: gridRows×gridCols of them, each for a block
// of height×width weights.
type tiling struct {
	gridRows, gridCols int
	height, width      int
}

// scaleRef says where the scales of a tensor are and how they lie over it.
type scaleRef struct {
	stored
	tiling
}

// wrongShape is the problem of scales that fit in no way.
const wrongShape = "none"

// deepSeekBlock is the side of a block in the models of DeepSeek, which came first and
// whose code has it as a constant, for models that do not say.
const deepSeekBlock = 128

// usualBlocks are the sides of blocks in use.
var usualBlocks = []int64{16, 32, 64, 128, 256, 512}

// grid is a number of scales down and across a matrix.
type grid struct {
	rows, cols int64 // of the matrix
	down, over int64
}

// needsBlocks reports whether the size of blocks decides which scale is whose.
func (g grid) needsBlocks() bool { return trivial(g.rows, g.down) == 0 || trivial(g.cols, g.over) == 0 }

// fit finds how scales of one shape lie over weights of another: one for all, one for
// each row or column, or one for each block. Weights of three dimensions are matrices
// that each have scales of their own, or share a single one. The problem is wrongShape,
// or two sizes that both fit.
func fit(weights, scales []int64) (g grid, problem string) {
	g.rows, g.cols = 1, 1
	switch len(weights) {
	case 1:
		g.cols = weights[0]
	case 2, 3:
		g.rows, g.cols = weights[len(weights)-2], weights[len(weights)-1]
	default:
		return g, wrongShape
	}
	g.down, g.over, problem = gridShape(weights, scales, g.rows, g.cols, len(weights) == 3)
	return g, problem
}

// layOut finds the size of the blocks: one of those that config.json gives. Where it
// gives none, with deepSeek theirs is taken if it fits; otherwise a size must be the only
// one, of those in use, and leave no rest. The problem is that of [fit].
func (g grid) layOut(blocks [][2]int64, deepSeek bool) (lay tiling, problem string) {
	high, wide := trivial(g.rows, g.down), trivial(g.cols, g.over)
	var sizes [][2]int64 // that differ in what they do
	for _, block := range g.candidates(blocks, deepSeek) {
		h, w := min(block[0], max(g.rows, 1)), min(block[1], max(g.cols, 1))
		if high > 0 {
			h = high
		}
		if wide > 0 {
			w = wide
		}
		if ceilDiv(g.rows, h) == g.down && ceilDiv(g.cols, w) == g.over && !slices.Contains(sizes, [2]int64{h, w}) {
			sizes = append(sizes, [2]int64{h, w})
		}
	}
	switch len(sizes) {
	case 0:
		return lay, wrongShape
	case 1:
		return tiling{int(g.down), int(g.over), int(sizes[0][0]), int(sizes[0][1])}, ""
	}
	return lay, fmt.Sprintf("%d×%d and of %d×%d", sizes[0][0], sizes[0][1], sizes[1][0], sizes[1][1])
}

// gridShape returns how many scales a matrix has down and across.
func gridShape(weights, scales []int64, rows, cols int64, stacked bool) (a, b int64, problem string) {
	own := scales
	if stacked {
		switch product(scales) {
		case 1:
			return 1, 1, ""
		case weights[0]:
			own = nil // one for each matrix
		}
		if len(scales) == 0 || scales[0] != weights[0] {
			return 0, 0, wrongShape
		}
		if own != nil {
			own = scales[1:]
		}
	}
	switch {
	case product(own) == 1:
		return 1, 1, ""
	case len(own) == 2:
		return own[0], own[1], ""
	case len(own) != 1:
		return 0, 0, wrongShape
	case stacked && rows == cols && own[0] == rows: // which are stored in either order
		return 0, 0, fmt.Sprintf("1×%d and of %d×1", cols, rows)
	case own[0] == rows:
		return rows, 1, ""
	case stacked && own[0] == cols:
		return 1, cols, ""
	}
	return 0, 0, wrongShape
}

// stackSize returns how many matrices of a stack have scales of their own, 1 if all share
// one.
func stackSize(weights, scales []int64) int64 {
	if len(weights) == 3 && len(scales) > 0 && scales[0] == weights[0] {
		return weights[0]
	}
	return 1
}

// trivial returns the size of n/count where no other is possible: all, or 1.
func trivial(n, count int64) int64 {
	switch count {
	case 1:
		return max(n, 1)
	case n:
		return 1
	}
	return 0
}

// candidates lists the blocks that a grid may have.
func (g grid) candidates(blocks [][2]int64, deepSeek bool) [][2]int64 {
	square := [2]int64{deepSeekBlock, deepSeekBlock}
	fits := func(n, count int64) bool { return ceilDiv(n, min(deepSeekBlock, max(n, 1))) == count }
	switch {
	case !g.needsBlocks():
		return [][2]int64{square} // of which nothing is used
	case len(blocks) > 0:
		return blocks
	case deepSeek && fits(g.rows, g.down) && fits(g.cols, g.over):
		return [][2]int64{square}
	}
	var list [][2]int64
	for _, h := range sides(g.rows, g.down) {
		for _, w := range sides(g.cols, g.over) {
			list = append(list, [2]int64{h, w})
		}
	}
	return list
}

// sides lists sizes of count blocks that make up n: those in use, and the smallest and,
// where the last block would be cut off, the largest. A size is known only where these
// are one.
func sides(n, count int64) (list []int64) {
	if trivial(n, count) > 0 {
		return []int64{max(n, 1)}
	}
	if count <= 0 || count > n {
		return nil
	}
	sizes := append(slices.Clone(usualBlocks), ceilDiv(n, count))
	if n%count != 0 {
		sizes = append(sizes, (n-1)/(count-1))
	}
	for _, side := range sizes {
		if ceilDiv(n, side) == count && !slices.Contains(list, side) {
			list = append(list, side)
		}
	}
	return list
}

func product(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}

func ceilDiv(a, b int64) int64 { return a/b + min(1, a%b) }
