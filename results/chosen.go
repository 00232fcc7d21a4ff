package results

import (
	"fmt"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/selection"
)

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

// Selection returns the selection that c is the summary of, made of the candidates with
// its names. The error wraps [ErrFormat] if one of them is not there.
func (c *Chosen) Selection(candidates []Candidate) (*selection.Selection, error) {
	if c == nil {
		return new(selection.Selection), nil
	}
	wanted := make(map[string]bool, len(c.Layers))
	for _, name := range c.Layers {
		wanted[name] = true
	}
	sel := &selection.Selection{Percent: c.TopPercent, Rule: fmt.Sprintf("top %v %% of each type, as the result has it", c.TopPercent)}
	at := make(map[string]int)
	found := 0
	for _, x := range candidates {
		i, seen := at[x.Type]
		if !seen {
			i = len(sel.Groups)
			at[x.Type] = i
			sel.Groups = append(sel.Groups, selection.Group{Type: x.Type})
		}
		g := &sel.Groups[i]
		g.Candidates++
		// Results of earlier versions have the names of rows.
		if wanted[x.Name] || len(x.Rows) == 1 && wanted[x.Rows[0]] {
			g.Chosen = append(g.Chosen, x.Layer)
			found++
		}
	}
	for i := range sel.Groups {
		slices.SortStableFunc(sel.Groups[i].Chosen, func(a, b spectrum.Layer) int { return selection.BySNR(a, b) })
	}
	if found != len(wanted) {
		return nil, fmt.Errorf("%w: of the %d layers of its selection %d are there, by these names", ErrFormat, len(wanted), found)
	}
	return sel, nil
}
