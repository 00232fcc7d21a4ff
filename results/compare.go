package results

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/gospectrum/spectrum"
)

// Comparison says how far two sets of results agree on the order of the layers
// that both have scored, type by type.
type Comparison struct {
	Common int         `json:"common"` // layers scored in both
	OnlyA  int         `json:"only_a"` // layers without a score in the other
	OnlyB  int         `json:"only_b"`
	Chosen int         `json:"chosen"` // in the selection from either, over all types
	Shared int         `json:"shared"` // in both
	Types  []Agreement `json:"types"`  // in order of appearance in the first
}

// Agreement is the comparison within one type. The correlations are NaN, null in
// JSON, where one of the results has no two different scores.
type Agreement struct {
	Type     string `json:"type"`
	Layers   int    `json:"layers"`
	Kendall  Number `json:"kendall"`  // τ-b (Kendall 1945), which accounts for ties
	Spearman Number `json:"spearman"` // correlation of the ranks, ties sharing their mean
	Chosen   int    `json:"chosen"`   // ⌊n·percent/100⌋ of the layers
	Shared   int    `json:"shared"`   // of them, chosen from both
	TiesA    int    `json:"ties_a"`   // layers whose score another one has too
	TiesB    int    `json:"ties_b"`
}

// Compare compares two results, be it of two settings or of two models, and the
// selections of the top percent of each type. Layers are matched by the name of
// their module, and take their type from a. The error wraps
// [spectrum.ErrOption] if percent is not in 0…100, no layer is in both, or
// they are of different kinds.
func Compare(a, b *Scores, percent float64) (*Comparison, error) {
	if x, y := a.kind(), b.kind(); x != y {
		return nil, fmt.Errorf("%w: results of different kinds, %s and %s", spectrum.ErrOption, cmp.Or(x, "weights"), cmp.Or(y, "weights"))
	}
	scores := make(map[string]spectrum.Layer)
	onlyB := 0
	for _, l := range b.Layers() {
		if !math.IsNaN(l.SNR) {
			scores[b.Module(l.Name)] = l
			onlyB++
		}
	}
	c := &Comparison{}
	var left, right []spectrum.Layer
	for _, l := range a.Layers() {
		if math.IsNaN(l.SNR) {
			continue
		}
		l.Name = a.Module(l.Name)
		other, ok := scores[l.Name]
		if !ok {
			c.OnlyA++
			continue
		}
		other.Name, other.Type = l.Name, l.Type
		left, right = append(left, l), append(right, other)
	}
	c.Common, c.OnlyB = len(left), onlyB-len(left)
	if c.Common == 0 {
		return nil, fmt.Errorf("%w: the results have no layer in common", spectrum.ErrOption)
	}
	chosenA, err := spectrum.SelectTopK(left, percent)
	if err != nil {
		return nil, err
	}
	chosenB, err := spectrum.SelectTopK(right, percent)
	if err != nil {
		return nil, err
	}
	// Both list the same layers in the same order, so their groups correspond.
	for i, g := range chosenA.Groups {
		t := agreement(g.Type, left, right)
		t.Chosen = len(g.Chosen)
		for _, l := range g.Chosen {
			if slices.ContainsFunc(chosenB.Groups[i].Chosen, func(o spectrum.Layer) bool { return o.Name == l.Name }) {
				t.Shared++
			}
		}
		c.Chosen += t.Chosen
		c.Shared += t.Shared
		c.Types = append(c.Types, t)
	}
	return c, nil
}

// agreement correlates the scores of the layers of one type.
func agreement(typ string, left, right []spectrum.Layer) Agreement {
	var x, y []float64
	for i, l := range left {
		if l.Type == typ {
			x, y = append(x, l.SNR), append(y, right[i].SNR)
		}
	}
	t := Agreement{Type: typ, Layers: len(x), Kendall: Number(kendall(x, y))}
	var ranksX, ranksY []float64
	ranksX, t.TiesA = ranks(x)
	ranksY, t.TiesB = ranks(y)
	t.Spearman = Number(stat.Correlation(ranksX, ranksY, nil))
	return t
}

// kendall returns τ-b: concordant less discordant pairs, over the geometric mean
// of the pairs that are not tied in x and in y. gonum's is τ-a.
func kendall(x, y []float64) float64 {
	var sum, untiedX, untiedY float64
	for i := range x {
		for j := range i {
			a, b := order(x[i], x[j]), order(y[i], y[j])
			sum += a * b
			untiedX += a * a
			untiedY += b * b
		}
	}
	return sum / math.Sqrt(untiedX*untiedY)
}

// order compares numbers of which both may be infinite.
func order(a, b float64) float64 {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// ranks returns the ranks of x, equal values sharing the mean of theirs, and the
// number of values that are equal to another.
func ranks(x []float64) (ranks []float64, ties int) {
	index := make([]int, len(x))
	for i := range index {
		index[i] = i
	}
	slices.SortFunc(index, func(a, b int) int { return int(order(x[a], x[b])) })
	ranks = make([]float64, len(x))
	for from := 0; from < len(index); {
		to := from
		for to < len(index) && x[index[to]] == x[index[from]] {
			to++
		}
		for _, i := range index[from:to] {
			ranks[i] = float64(from+to-1) / 2
		}
		if to-from > 1 {
			ties += to - from
		}
		from = to
	}
	return ranks, ties
}
