package spectrum

import "github.com/gospectrum/spectrum/selection"

// Layer is one candidate for training: its name and type, its score and its size.
type Layer = selection.Layer

// SelectTopK chooses, within each type, the percent % of the layers with the
// highest SNR (Hartford et al. 2024, arXiv 2406.06623, section 3).
//
// A type of n layers contributes ⌊n·percent/100⌋ of them, as the reference
// does, so a type with a single member contributes none below 100 %. Layers
// of equal SNR keep the order they came in; +Inf ranks first. A layer whose
// SNR is NaN counts towards n but is never chosen. Types appear in the order of
// their first layer. The error wraps [ErrOption] unless 0 ≤ percent ≤ 100.
//
// [selection.Selector] has the other ways to choose.
func SelectTopK(layers []Layer, percent float64) (*selection.Selection, error) {
	return selection.Selector{Percent: percent}.Select(layers)
}
