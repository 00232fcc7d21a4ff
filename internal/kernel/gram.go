package kernel

import (
	"context"

	"github.com/gospectrum/spectrum/internal/parallel"
)

// GramDepth is the number of terms summed in registers before they are added
// to the Gram matrix. A panel of the widest kernel, GramDepth rows of it, and
// one register tile fit the L1 cache.
const GramDepth = 256

// GramLen returns the number of elements of workspace [Gram] needs for a
// matrix whose shorter side is n.
func GramLen(n int) int { return roundUp(n, blockUnit) * GramDepth }

// Gram returns W·Wᵀ or Wᵀ·W, whichever is smaller, of scale·W. The elements are
// converted to T, scaled and packed in one go, GramDepth terms of all sums at a
// time; no converted copy of W exists. work has GramLen elements.
//
// The order of every sum is fixed, so the result does not depend on workers.
func Gram[T Float](ctx context.Context, k *Kernel[T], w *Matrix, scale T, workers int, work []T) (*Sym[T], error) {
	n, m := min(w.Rows, w.Cols), max(w.Rows, w.Cols)
	g := NewSym[T](n)
	panels := roundUp(n, k.NR) / k.NR
	blocks := g.Blocks()
	rows := make([]packScratch[T], min(workers, panels))
	for p := 0; p < m; p += GramDepth {
		depth := min(GramDepth, m-p)
		err := parallel.ForWorker(ctx, workers, panels, func(worker, i int) {
			k.pack(work[i*GramDepth*k.NR:][:depth*k.NR], w, scale, i*k.NR, p, &rows[worker])
		})
		if err != nil {
			return nil, err
		}
		err = parallel.For(ctx, workers, blocks*(blocks+1)/2, func(t int) {
			i, j := Triangle(t)
			gramBlock(k, g, work, i, j, depth)
		})
		if err != nil {
			return nil, err
		}
	}
	g.mirror()
	return g, nil
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

// gramBlock adds depth terms to block (i, j), from the packed panels in work.
func gramBlock[T Float](k *Kernel[T], g *Sym[T], work []T, i, j, depth int) {
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
			k.Strip(depth, k.NR/k.MR, work[ci*size:(ci+1)*size], 1, k.NR, work[cj*size:(cj+1)*size],
				block[(ci-i*perBlock)*k.NR*g.Block+(cj-j*perBlock)*k.NR:], g.Block)
		}
	}
}
