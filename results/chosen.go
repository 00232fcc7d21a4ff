package results

import "github.com/gospectrum/spectrum/selection"

// Chosen is the summary of a [selection.Selection] that goes with results.
type Chosen struct {
	TopPercent float64  `json:"top_percent"`
	Layers     []string `json:"layers"` // names, type by type, best first
	Params     int64    `json:"params"` // in these layers
	Share      float64  `json:"share"`  // of the parameters of the model, 0…1
}

// NewChosen summarises sel; total is the number of parameters of the
// model, or 0 if unknown, which leaves Share 0.
func NewChosen(sel *selection.Selection, total int64) *Chosen {
	if sel == nil {
		sel = new(selection.Selection)
	}
	layers := sel.Layers()
	s := &Chosen{TopPercent: sel.Percent, Layers: make([]string, len(layers)), Params: sel.Params()}
	for i, l := range layers {
		s.Layers[i] = l.Name
	}
	if total > 0 {
		s.Share = float64(s.Params) / float64(total)
	}
	return s
}
