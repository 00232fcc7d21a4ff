// Package selection chooses layers by their scores: the percentage of each type
// that the paper takes, and every other way.
//
// [Selector] holds the rule and chooses among [Layer] values; [Selection] is what
// was chosen, type by type.
package selection

import (
	"cmp"

	"github.com/gospectrum/spectrum/internal/saturate"
)

// Layer is one candidate for training: what a [Selector] needs to know of it.
type Layer struct {
	Name   string  // parameter or module name, unique in its model
	Type   string  // what repeats across blocks, such as "self_attn.q_proj"
	SNR    float64 // the score; NaN marks a layer that could not be scored
	Params int64   // number of parameters, 0 if unknown
}

// BySNR orders layers by descending SNR: +Inf first, NaN last. With
// [slices.SortStableFunc], layers of equal SNR keep their order.
func BySNR(a, b Layer) int {
	return cmp.Compare(b.SNR, a.SNR) // which has NaN below every number
}

// Group is what was chosen within one type.
type Group struct {
	Type       string
	Candidates int     // layers of this type that could be chosen
	Chosen     []Layer // by descending SNR
	// DecidedByTie says that a layer of this type was chosen, or left out, only
	// because of the order of the input: another one of equal score was not, or was.
	DecidedByTie bool
}

// Selection is what a [Selector] chose.
type Selection struct {
	Percent float64
	Rule    string  // how it was chosen, in words
	Groups  []Group // one for every type, in order of first appearance

	// By names what the SNR of the layers really is, where they were ranked by something
	// else, and Ascending says that the lowest was the best; Chosen is then in that order.
	By        string
	Ascending bool
}

// Layers returns the chosen layers of all groups, group by group.
func (s *Selection) Layers() []Layer {
	if s == nil {
		return nil
	}
	var all []Layer
	for _, g := range s.Groups {
		all = append(all, g.Chosen...)
	}
	return all
}

// Params returns the number of parameters in the chosen layers, at most the largest int64.
func (s *Selection) Params() int64 {
	var n int64
	for _, l := range s.Layers() {
		n = saturate.Sum(n, l.Params)
	}
	return n
}
