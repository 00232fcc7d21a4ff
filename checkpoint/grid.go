package checkpoint

import (
	"fmt"
	"slices"
)

// layout says how scales lie over a matrix: gridRows×gridCols of them, each for a block
// of height×width weights.
type layout struct {
	gridRows, gridCols int
	height, width      int
}

// scaleRef says where the scales of a tensor are and how they lie over it.
type scaleRef struct {
	stored
	layout
}

// wrongShape is the problem of scales that fit in no way.
const wrongShape = "none"

// deepSeekBlock is the side of a block in the models of DeepSeek, which came first and
// whose code has it as a constant, for models that do not say.
const deepSeekBlock = 128

// usualBlocks are the sides of blocks in use.
var usualBlocks = []int64{16, 32, 64, 128, 256, 512}

// fit finds how scales of one shape lie over weights of another: one for all, one for
// each row or column, or one for each block. Weights of three dimensions are matrices
// that each have scales of their own, or share a single one.
//
// The sizes of blocks are those that config.json gives. Where it gives none, with
// deepSeek theirs is taken if it fits; otherwise a size must be the only one, of those
// in use, and leave no rest. The problem is wrongShape, or two sizes that both fit.
func fit(weights, scales []int64, blocks [][2]int64, deepSeek bool) (lay layout, problem string) {
	rows, cols, stacked := int64(1), int64(1), len(weights) == 3
	switch len(weights) {
	case 1:
		cols = weights[0]
	case 2, 3:
		rows, cols = weights[len(weights)-2], weights[len(weights)-1]
	default:
		return lay, wrongShape
	}
	a, b, problem := gridShape(weights, scales, rows, cols, stacked)
	if problem != "" {
		return lay, problem
	}
	rowSizes, colSizes := trivial(rows, a), trivial(cols, b)
	var sizes [][2]int64 // that differ in what they do
	for _, block := range candidates(rows, cols, a, b, blocks, deepSeek) {
		h, w := min(block[0], max(rows, 1)), min(block[1], max(cols, 1))
		if rowSizes > 0 {
			h = rowSizes
		}
		if colSizes > 0 {
			w = colSizes
		}
		if ceilDiv(rows, h) == a && ceilDiv(cols, w) == b && !slices.Contains(sizes, [2]int64{h, w}) {
			sizes = append(sizes, [2]int64{h, w})
		}
	}
	switch len(sizes) {
	case 0:
		return lay, wrongShape
	case 1:
		return layout{int(a), int(b), int(sizes[0][0]), int(sizes[0][1])}, ""
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

// candidates lists the blocks that a grid of a×b scales may have.
func candidates(rows, cols, a, b int64, blocks [][2]int64, deepSeek bool) [][2]int64 {
	square := [2]int64{deepSeekBlock, deepSeekBlock}
	switch {
	case trivial(rows, a) > 0 && trivial(cols, b) > 0:
		return [][2]int64{square} // of which nothing is used
	case len(blocks) > 0:
		return blocks
	case deepSeek && ceilDiv(rows, min(deepSeekBlock, max(rows, 1))) == a && ceilDiv(cols, min(deepSeekBlock, max(cols, 1))) == b:
		return [][2]int64{square}
	}
	var list [][2]int64
	for _, h := range sides(rows, a) {
		for _, w := range sides(cols, b) {
			list = append(list, [2]int64{h, w})
		}
	}
	return list
}

// sides lists sizes of count blocks that make up n: those in use, and the smallest. A
// size is known only where these are one: where the last block is cut off, others would
// fit as well.
func sides(n, count int64) (list []int64) {
	if trivial(n, count) > 0 {
		return []int64{max(n, 1)}
	}
	if count <= 0 || count > n {
		return nil
	}
	for _, side := range append(slices.Clone(usualBlocks), ceilDiv(n, count)) {
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
