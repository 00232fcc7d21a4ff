package spectrum

import (
	"fmt"
	"math"
	"slices"
)

// Layer is one candidate for training: what [SelectTopK] needs to know of it.
type Layer struct {
	Name   string  // parameter or module name, unique in its model
	Type   string  // what repeats across blocks, such as "self_attn.q_proj"
	SNR    float64 // the score; NaN marks a layer that could not be scored
	Params int64   // number of parameters, 0 if unknown
}

// Group is what was chosen within one type.
type Group struct {
	Type   string
	Of     int     // layers of this type among the candidates
	Chosen []Layer // by descending SNR
}

// Selection is the result of [SelectTopK].
type Selection struct {
	Percent float64
	Groups  []Group // one for every type, in order of first appearance
}

// Layers returns the chosen layers of all groups, group by group.
func (s *Selection) Layers() []Layer {
	var all []Layer
	for _, g := range s.Groups {
		all = append(all, g.Chosen...)
	}
	return all
}

// Params returns the number of parameters in the chosen layers.
func (s *Selection) Params() int64 {
	var n int64
	for _, g := range s.Groups {
		for _, l := range g.Chosen {
			n += l.Params
		}
	}
	return n
}

// SelectTopK chooses, within each type, the percent % of the layers with the
// highest SNR (Hartford et al. 2024, arXiv 2406.06623, section 3).
//
// A type of n layers contributes ⌊n·percent/100⌋ of them, as the reference
// does, so a type with a single member contributes none below 100 %. Layers
// of equal SNR keep the order they came in; +Inf ranks first. A layer whose
// SNR is NaN counts towards n but is never chosen. Types appear in the order of
// their first layer. The error wraps [ErrOption] unless 0 ≤ percent ≤ 100.
func SelectTopK(layers []Layer, percent float64) (*Selection, error) {
	if !(percent >= 0 && percent <= 100) {
		return nil, fmt.Errorf("%w: top %v %% is outside 0…100", ErrOption, percent)
	}
	sel := &Selection{Percent: percent}
	index := make(map[string]int)
	for _, l := range layers {
		g, seen := index[l.Type]
		if !seen {
			g = len(sel.Groups)
			index[l.Type] = g
			sel.Groups = append(sel.Groups, Group{Type: l.Type})
		}
		sel.Groups[g].Of++
		if !math.IsNaN(l.SNR) {
			sel.Groups[g].Chosen = append(sel.Groups[g].Chosen, l)
		}
	}
	for i := range sel.Groups {
		g := &sel.Groups[i]
		slices.SortStableFunc(g.Chosen, bySNR)
		// The reference's int(n*P/100), in the same floating-point order.
		k := int(float64(g.Of) * percent / 100)
		g.Chosen = g.Chosen[:min(k, len(g.Chosen))]
	}
	return sel, nil
}

// bySNR orders layers by descending SNR.
func bySNR(a, b Layer) int {
	switch {
	case a.SNR > b.SNR:
		return -1
	case a.SNR < b.SNR:
		return 1
	}
	return 0
}
