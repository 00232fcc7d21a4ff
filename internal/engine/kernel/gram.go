package kernel

import (
	"context"

	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// GramDepth is the number of terms summed in registers before
// they are added to the Gram matrix. The panels of two blocks of it stay in a
// 1 MiB L2 cache, from which the register tiles read fast enough; half of it would
// read and write the matrix more often than that is worth.
const GramDepth = 384

// PairDepth is GramDepth for pairs of terms: the more of them, the larger the
// partial sums that each rounding error is relative to.
const PairDepth = 256

// GramLen returns the number of elements of workspace [Gram] needs for a
// matrix whose shorter side is n.
func GramLen(n int) int { return roundUp(n, blockUnit) * GramDepth }

// Gram returns W·Wᵀ or Wᵀ·W, whichever is smaller, of scale·W. The elements are
// converted to T, scaled and packed in one go, GramDepth terms of all sums at a
// time; no converted copy of W exists. work has GramLen elements.
//
// The order of every sum is fixed, so the result does not depend on workers.
func Gram[T Float](ctx context.Context, k *Kernel[T], w *Matrix, scale T, workers int, work []T) (*Sym[T], error) {
	g := NewSym[T](min(w.Rows, w.Cols))
	return g, gram(ctx, k, g, w, scale, workers, work, nil)
}

// GramProjected overwrites g with the Gram matrix of what p leaves of scale·W.
func GramProjected[T Float](ctx context.Context, k *Kernel[T], g *Sym[T], w *Matrix, scale T, workers int, work []T, p *Projection[T]) error {
	clear(g.data)
	return gram(ctx, k, g, w, scale, workers, work, p)
}

// gram adds the Gram matrix to g, which is zero.
func gram[T Float](ctx context.Context, k *Kernel[T], g *Sym[T], w *Matrix, scale T, workers int, work []T, projection *Projection[T]) error {
	n, m := min(w.Rows, w.Cols), max(w.Rows, w.Cols)
	panels := roundUp(n, k.NR) / k.NR
	blocks := g.Blocks()
	pairs := projection == nil && k.usePairs(w, float64(scale))
	terms := GramDepth
	if pairs {
		terms = 2 * PairDepth
	}
	rows := make([]packScratch[T], min(workers, panels))
	team := parallel.NewTeam(workers)
	defer team.Stop()
	for p := 0; p < m; p += terms {
		depth := min(terms, m-p)
		if pairs {
			depth = (depth + 1) / 2
		}
		err := team.ForWorker(ctx, panels, func(worker, i int) {
			panel := work[i*GramDepth*k.NR:][:depth*k.NR]
			if pairs {
				packPairs(words(panel), k.NR, w, i*k.NR, p)
				return
			}
			k.pack(panel, k.NR, w, scale, i*k.NR, p, &rows[worker])
		})
		if err != nil {
			return err
		}
		if projection != nil {
			if err := projection.apply(ctx, workers, work, panels, depth); err != nil {
				return err
			}
		}
		err = team.For(ctx, blocks*(blocks+1)/2, func(t int) {
			i, j := Triangle(t)
			gramBlock(k, g, work, i, j, depth, pairs)
		})
		if err != nil {
			return err
		}
	}
	if pairs { // they were multiplied as they are stored
		g.Scale(scale * scale)
	}
	g.mirror()
	return nil
}

// Triangle returns the row and column of the t-th block of a lower triangle,
// counted by rows.
func Triangle(t int) (i, j int) {
	for t > i {
		i++
		t -= i
	}
	return i, t
}

// gramBlock adds depth terms, or pairs of them, to block (i, j), from the packed
// panels in work.
func gramBlock[T Float](k *Kernel[T], g *Sym[T], work []T, i, j, depth int, pairs bool) {
	block := g.At(i, j)
	perBlock := g.Block / k.NR
	panels := roundUp(g.N, k.NR) / k.NR
	size := GramDepth * k.NR
	for cj := j * perBlock; cj < min((j+1)*perBlock, panels); cj++ {
		first := i * perBlock
		if i == j {
			first = cj
		}
		for ci := first; ci < min((i+1)*perBlock, panels); ci++ {
			// A packed panel is a left operand too: its columns are the rows.
			left, right := work[ci*size:(ci+1)*size], work[cj*size:(cj+1)*size]
			tile := block[(ci-i*perBlock)*k.NR*g.Block+(cj-j*perBlock)*k.NR:]
			if pairs {
				k.Pairs(depth, k.NR/k.MR, words(left), 1, k.NR, words(right), tile, g.Block)
				continue
			}
			k.Strip(depth, k.NR/k.MR, left, 1, k.NR, right, tile, g.Block)
		}
	}
}
