package results

import (
	"cmp"
	"math"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/internal/saturate"
)

// Experts says what is chosen among where a module of the loaded model holds all its
// experts in one parameter.
type Experts uint8

const (
	// ExpertsFused takes the parameter for one candidate.
	ExpertsFused Experts = iota
	// ExpertsSingle takes each expert for one: the rows of the parameter that are
	// its own.
	ExpertsSingle
)

// Candidate is what a selection chooses or leaves as a whole: a parameter of the
// loaded model, or one expert's rows of it.
//
// Where several weights were scored on their own, its SNR is their median: a score
// above it or below it holds for half of what would be trained, and no single
// expert, dead or odd, decides. Its Name is the parameter's; that of one expert has
// the expert's number behind the list, as if it were stored apart.
type Candidate struct {
	spectrum.Layer
	Rows      []string // names of the rows that it is made of
	Low, High float64  // least and greatest score among them; NaN without any
	Parameter string   // of the loaded model
	Expert    string   // number of the expert that it is in Parameter; "" for all of it
}

// Candidates returns what can be chosen and trained, in file order: the ranked rows,
// those of one parameter as one. Rows of a reference's file are modules, and stay
// what they are.
func (s *Scores) Candidates(experts Experts) []Candidate {
	if s == nil {
		return nil
	}
	if s.Result == nil {
		all := make([]Candidate, len(s.rows))
		for i, l := range s.rows {
			all[i] = Candidate{Layer: l, Rows: []string{l.Name}, Low: l.SNR, High: l.SNR}
			all[i].Name = names.Parameter(l.Name)
			all[i].Parameter = all[i].Name
		}
		return all
	}
	typeOf := s.Result.typeRule()
	var all []Candidate
	var scores [][]float64
	at := make(map[string]int)
	for i := range s.Result.Rows {
		row := &s.Result.Rows[i]
		if !row.Ranked {
			continue
		}
		c := newCandidate(row, experts, typeOf)
		j, seen := at[c.Name]
		if !seen {
			j = len(all)
			at[c.Name] = j
			all, scores = append(all, c), append(scores, nil)
		}
		all[j].Rows = append(all[j].Rows, row.Name)
		all[j].Params = saturate.Sum(all[j].Params, row.Params)
		if snr := float64(row.SNR); row.Error == "" && !math.IsNaN(snr) {
			scores[j] = append(scores[j], snr)
		}
	}
	for i := range all {
		all[i].score(scores[i])
	}
	return all
}

// newCandidate returns the candidate that a row belongs to, without its numbers.
func newCandidate(row *Row, experts Experts, typeOf func(string) string) Candidate {
	c := Candidate{Parameter: cmp.Or(row.Parameter, row.Name)}
	c.Name, c.Type = c.Parameter, row.Type
	_, number, _, single := names.Expert(row.Name)
	list, role, _ := names.Experts(c.Parameter)
	switch fused := row.Fused(); {
	case fused && experts == ExpertsSingle && list != "":
		c.Name, c.Expert = list+"."+number+"."+role, number
		c.Type = typeOf(c.Name)
	case fused || row.PartOf != "" && !single:
		c.Type = typeOf(c.Name)
	}
	return c
}

// score sets the score to the median of its rows', which it sorts.
func (c *Candidate) score(rows []float64) {
	c.SNR, c.Low, c.High = math.NaN(), math.NaN(), math.NaN()
	if len(rows) > 0 {
		c.SNR = median(rows)
		c.Low, c.High = rows[0], slices.Max(rows)
	}
}

// Layers returns the layers of candidates, which selections are made of.
func Layers(candidates []Candidate) []spectrum.Layer {
	layers := make([]spectrum.Layer, len(candidates))
	for i, c := range candidates {
		layers[i] = c.Layer
	}
	return layers
}
