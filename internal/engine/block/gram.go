package block

import (
	"context"
	"unsafe"

	"github.com/gospectrum/spectrum/internal/engine/kernel"
	"github.com/gospectrum/spectrum/internal/engine/parallel"
)

// GramLen returns the number of elements of workspace [Gram] needs for a
// matrix whose shorter side is n.
func GramLen(n int) int { return kernel.RoundUp(n, kernel.Band) * kernel.GramDepth }

// Gram returns W·Wᵀ or Wᵀ·W, whichever is smaller, of scale·W. The elements are
// converted to T, scaled and packed in one go, GramDepth terms of all sums at a
// time; no converted copy of W exists. work has GramLen elements.
//
// The order of every sum is fixed, so the result does not depend on workers.
func Gram[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, scale T, workers int, work []T) (*Sym[T], error) {
	p := newProduct(k, NewSym[T](min(w.Rows, w.Cols)), w, scale, work)
	p.pairs = usePairs(k, w, float64(scale))
	return p.g, p.sum(ctx, workers, nil)
}

// GramOf overwrites g with the Gram matrix of what change makes of scale·W. It
// calls change for each slab in turn, before that is multiplied; W itself is left
// alone.
func GramOf[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], g *Sym[T], w *kernel.Matrix, scale T, workers int, work []T, change func(Slab[T]) error) error {
	clear(g.data)
	return newProduct(k, g, w, scale, work).sum(ctx, workers, change)
}

// Slabs calls do for the slabs of scale·W that hold the terms from first on, a multiple of
// GramDepth, up to last, in turn; nothing is multiplied. work has GramLen elements.
func Slabs[T kernel.Float](ctx context.Context, k *kernel.Kernel[T], w *kernel.Matrix, scale T, first, last, workers int, work []T, do func(Slab[T]) error) error {
	p := newProduct(k, nil, w, scale, work)
	team := parallel.NewTeam(workers)
	defer team.Stop()
	rows := make([]kernel.PackScratch[T], min(parallel.Useful(workers), p.slab.Panels))
	for ; first < last; first += kernel.GramDepth {
		p.slab.First, p.slab.Depth = first, min(kernel.GramDepth, last-first)
		if err := p.load(ctx, team, rows); err != nil {
			return err
		}
		if err := do(p.slab); err != nil {
			return err
		}
	}
	return nil
}

// Slab holds Depth terms of every sum of a Gram matrix. With W wide, or transposed to
// be so, and p the first of the terms, element (q, j) of panel i is element
// (i·NR+j, p+q) of scale·W.
type Slab[T kernel.Float] struct {
	First  int // number of the first term
	Depth  int // at most GramDepth
	Panels int
	n      int // rows of W
	size   int // of a panel with GramDepth rows
	data   []T
}

// Panel returns panel i. Rows from Depth on are stale.
func (s Slab[T]) Panel(i int) []T { return s.data[i*s.size : (i+1)*s.size] }

// RowUnevenness returns the mean of the fourth powers of the norms of the rows of W, as far as
// the slab holds them, over the square of the mean of their squares: 1 + 2/Depth for noise.
func (s Slab[T]) RowUnevenness() float64 {
	var squares, fourths float64
	nr := s.size / kernel.GramDepth
	for i := range s.Panels {
		sums := make([]float64, nr)
		for at, v := range s.Panel(i)[:s.Depth*nr] {
			sums[at%nr] += float64(v) * float64(v)
		}
		for _, sum := range sums {
			squares += sum
			fourths += sum * sum
		}
	}
	return fourths * float64(s.n) / (squares * squares)
}

// diagonalDepth is the number of terms, or pairs of them, that are summed before they are
// added to the tiles on the diagonal, whose sums are of squares. The squares of numbers
// with few digits, such as bfloat16, are not as good as random below the last digit of
// a large sum: an odd number squared is 1 modulo 8. Rounding them errs downwards, by
// some 12·ε for GramDepth terms and less than 1·ε for these (16·ε and 3·ε for pairs).
const diagonalDepth = 64

// product is a Gram matrix on its way.
type product[T kernel.Float] struct {
	k     *kernel.Kernel[T]
	g     *Sym[T]
	w     *kernel.Matrix
	scale T
	pairs bool    // of bfloat16 numbers: Depth counts pairs of terms, unscaled
	slab  Slab[T] // the terms that are added next
}

// newProduct returns a product that is added to g.
func newProduct[T kernel.Float](k *kernel.Kernel[T], g *Sym[T], w *kernel.Matrix, scale T, work []T) *product[T] {
	n := min(w.Rows, w.Cols)
	return &product[T]{k: k, g: g, w: w, scale: scale, slab: Slab[T]{
		Panels: kernel.RoundUp(n, k.NR) / k.NR, n: n, size: kernel.GramDepth * k.NR, data: work,
	}}
}

// usePairs reports whether the bfloat16 products of k serve for w. They take the
// weights unscaled and lose subnormal numbers. The caller's scale brings the Frobenius
// norm of W to 1 at most and not far below 1/√(rows·cols), so with a scale of 2⁻⁶⁰ no
// element of G exceeds 2¹²⁰, and with one of 2²⁰ the largest weight squared is some
// 2⁻⁷⁴, beside which the lost 2⁻¹²⁶ is nothing.
func usePairs[T kernel.Float](k *kernel.Kernel[T], w *kernel.Matrix, scale float64) bool {
	return k.HasPairs() && w.BF16 != nil && scale >= 0x1p-60 && scale <= 0x1p20
}

// sum packs slab after slab and adds the products of each.
func (p *product[T]) sum(ctx context.Context, workers int, change func(Slab[T]) error) error {
	m, terms := max(p.w.Rows, p.w.Cols), kernel.GramDepth
	if p.pairs {
		terms = 2 * kernel.PairDepth
	}
	team := parallel.NewTeam(workers)
	defer team.Stop()
	sums := newTotal(p.g, (m+terms-1)/terms)
	rows := make([]kernel.PackScratch[T], min(parallel.Useful(workers), p.slab.Panels))
	for slabs := 1; p.slab.First < m; slabs++ {
		p.slab.Depth = min(terms, m-p.slab.First)
		if err := p.add(ctx, team, rows, change); err != nil {
			return err
		}
		if err := sums.flush(ctx, team, p.g, slabs); err != nil {
			return err
		}
		p.slab.First += terms
	}
	sums.finish(p.g)
	if p.pairs { // they were multiplied as they are stored
		p.g.Scale(p.scale * p.scale)
	}
	p.g.mirror()
	return nil
}

// add packs a slab and adds its products.
func (p *product[T]) add(ctx context.Context, team *parallel.Team, rows []kernel.PackScratch[T], change func(Slab[T]) error) error {
	if p.pairs {
		p.slab.Depth = (p.slab.Depth + 1) / 2
	}
	if err := p.load(ctx, team, rows); err != nil {
		return err
	}
	if change != nil {
		if err := change(p.slab); err != nil {
			return err
		}
	}
	blocks := p.g.Blocks()
	return team.For(ctx, blocks*(blocks+1)/2, func(t int) { p.multiply(Triangle(t)) })
}

// load packs the slab.
func (p *product[T]) load(ctx context.Context, team *parallel.Team, rows []kernel.PackScratch[T]) error {
	return team.ForWorker(ctx, p.slab.Panels, func(worker, i int) { p.pack(i, p.slab.First, &rows[worker]) })
}

// pack fills panel i of the slab that starts at the given term.
func (p *product[T]) pack(i, first int, rows *kernel.PackScratch[T]) {
	nr := p.k.NR
	panel := p.slab.Panel(i)[:p.slab.Depth*nr]
	if p.pairs {
		kernel.PackPairs(words(panel), nr, p.w, i*nr, first)
		return
	}
	p.k.Pack(panel, nr, p.w, p.scale, i*nr, first, rows)
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

// multiply adds the terms of the slab to block (i, j).
func (p *product[T]) multiply(i, j int) {
	nr, b := p.k.NR, p.g.Block
	block, perBlock := p.g.At(i, j), b/nr
	for cj := j * perBlock; cj < min((j+1)*perBlock, p.slab.Panels); cj++ {
		first := i * perBlock
		if i == j {
			first = cj
		}
		for ci := first; ci < min((i+1)*perBlock, p.slab.Panels); ci++ {
			tile := block[(ci-i*perBlock)*nr*b+(cj-j*perBlock)*nr:]
			depth := p.slab.Depth
			if ci == cj {
				depth = diagonalDepth
			}
			for q := 0; q < p.slab.Depth; q += depth {
				p.strip(ci, cj, q, min(depth, p.slab.Depth-q), tile)
			}
		}
	}
}

// strip adds depth terms, from the q-th of the slab on, of panels i and j to a tile.
func (p *product[T]) strip(i, j, q, depth int, tile []T) {
	// A packed panel is a left operand too: its columns are the rows.
	k, nr := p.k, p.k.NR
	left, right := p.slab.Panel(i)[q*nr:], p.slab.Panel(j)[q*nr:]
	if p.pairs {
		k.Pairs(depth, nr/k.MR, words(left), 1, nr, words(right), tile, p.g.Block)
		return
	}
	k.Strip(depth, nr/k.MR, left, 1, nr, right, tile, p.g.Block)
}

// words returns the memory of a float32 slice as 32-bit words.
func words[T kernel.Float](s []T) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
