package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/results"
)

// maxListed is how many layers a table lists each for itself; of more, the experts of a block
// share a row.
const maxListed = 2500

// summary is a result as tables, which need no program.
type summary struct {
	Title  string
	About  []string
	Types  []typeRow
	Layers []layerRow
	Folded bool // experts share rows
	Bare   bool // there are scores and nothing else
}

type typeRow struct {
	Name              string
	Count, Chosen     int
	Low, Median, High string
	Tie               bool
}

type layerRow struct {
	Name, Shape, Score, Rank, Signal, Sigma, Threshold, SMax, StableRank, EffectiveRank, State string
}

func headPieces() []string {
	h := emit.HeaderPieces()
	return []string{h.BeforeRule, h.BeforeCount, h.BeforeTies}
}

func summarise(in *input, m *model) *summary {
	s := &summary{Title: escape.Line(m.Title), Bare: in.Scores.Result == nil}
	for _, a := range m.About {
		s.About = append(s.About, escape.Line(a))
	}
	s.types(in)
	s.layers(in)
	return s
}

// types says of each type how many layers are chosen, and how their scores are spread.
func (s *summary) types(in *input) {
	scores := make(map[string][]float64)
	for _, c := range in.candidates {
		if !math.IsNaN(c.SNR) {
			scores[c.Type] = append(scores[c.Type], c.SNR)
		}
	}
	for _, g := range in.selection.Groups {
		t := typeRow{Name: escape.Line(g.Type), Count: g.Candidates, Chosen: len(g.Chosen), Tie: g.DecidedByTie}
		if list := scores[g.Type]; len(list) > 0 {
			slices.Sort(list)
			t.Low, t.Median, t.High = figure(list[0]), figure(list[(len(list)-1)/2]), figure(list[len(list)-1])
		}
		s.Types = append(s.Types, t)
	}
}

// figure is a number of four digits.
func figure(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// ranks returns the place of each candidate in its type, of those with a score, 1 for the best.
func ranks(in *input) map[string]string {
	byType := make(map[string][]results.Candidate)
	for _, c := range in.candidates {
		if !math.IsNaN(c.SNR) {
			byType[c.Type] = append(byType[c.Type], c)
		}
	}
	all := make(map[string]string)
	for _, list := range byType {
		slices.SortStableFunc(list, func(a, b results.Candidate) int { return cmp.Compare(b.SNR, a.SNR) })
		for i, c := range list {
			for _, r := range c.Rows {
				all[r] = fmt.Sprintf("%d of %d", i+1, len(list))
			}
		}
	}
	return all
}

// layers lists the rows, or of experts, where there are many, those of a block in one.
func (s *summary) layers(in *input) {
	s.Folded = len(in.rows) > maxListed
	rank := ranks(in)
	chosen := make(map[string]bool)
	for _, c := range in.candidates {
		if in.chosen[c.Name] {
			for _, r := range c.Rows {
				chosen[r] = true
			}
		}
	}
	type group struct{ list, role string }
	folded := make(map[group][]*results.Row)
	var groups []group
	for i := range in.rows {
		r := &in.rows[i]
		if list, _, role, ok := names.Expert(r.Name); ok && s.Folded {
			g := group{list, role}
			if folded[g] == nil {
				groups = append(groups, g)
			}
			folded[g] = append(folded[g], r)
			continue
		}
		s.Layers = append(s.Layers, layerOf(r, rank[r.Name], state(r, chosen[r.Name])))
	}
	for _, g := range groups {
		s.Layers = append(s.Layers, fold(g.list+".*."+g.role, folded[g], chosen))
	}
}

// state says in words what a map shows by marks.
func state(r *results.Row, chosen bool) string {
	switch {
	case r.Error != "":
		return "failed: " + escape.Line(r.Error)
	case r.TiedTo != "":
		return "shares " + escape.Line(r.TiedTo)
	case r.Absent != "":
		return "not ranked: " + escape.Line(r.Absent)
	case !r.Ranked:
		return "not ranked"
	}
	text := "left"
	if chosen {
		text = "chosen"
	}
	if math.IsInf(float64(r.SNR), 1) {
		text += ", saturated"
	}
	if r.Uncertain > 0 {
		text += fmt.Sprintf(", %d values uncertain", r.Uncertain)
	}
	return text
}

func layerOf(r *results.Row, rank, state string) layerRow {
	l := layerRow{Name: escape.Line(displayed(r.Name)), Rank: cmp.Or(rank, "–"), State: state, Score: figure(float64(r.SNR))}
	if r.Rows == 0 {
		return l
	}
	l.Shape = fmt.Sprintf("%d×%d %s", r.Rows, r.Cols, escape.Line(r.DType))
	if r.Error == "" {
		l.Signal = fmt.Sprintf("%d of %d", r.SignalCount, min(r.Rows, r.Cols))
		l.Sigma, l.Threshold, l.SMax = figure(float64(r.Sigma)), figure(float64(r.Threshold)), figure(float64(r.SMax))
		l.StableRank, l.EffectiveRank = figure(float64(r.StableRank)), figure(float64(r.EffectiveRank))
	}
	return l
}

// fold says of the experts of a block what they span.
func fold(name string, rows []*results.Row, chosen map[string]bool) layerRow {
	var scores []float64
	failed, in := 0, 0
	for _, r := range rows {
		switch snr := float64(r.SNR); {
		case r.Error != "" || math.IsNaN(snr):
			failed++
		default:
			scores = append(scores, snr)
		}
		if chosen[r.Name] {
			in++
		}
	}
	l := layerRow{Name: escape.Line(displayed(name)), State: fmt.Sprintf("%d of %d chosen, %d failed", in, len(rows), failed), Rank: "–", Score: "–"}
	if len(scores) > 0 {
		slices.Sort(scores)
		l.Score = figure(scores[0]) + " … " + figure(scores[(len(scores)-1)/2]) + " … " + figure(scores[len(scores)-1])
	}
	if r := rows[0]; r.Rows > 0 {
		l.Shape = fmt.Sprintf("%d×%d %s", r.Rows, r.Cols, escape.Line(r.DType))
	}
	return l
}
