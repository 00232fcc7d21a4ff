package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/results"
)

// writeTable prints the layers grouped by type, best first; total is the
// number of parameters of the model.
func writeTable(w io.Writer, res *results.Result, total int64, s screen) error {
	b, flush := s.writer(w)
	if res.Kind != "" {
		writeChanges(b, res)
		return flush()
	}
	writeHead(b, res, total)
	candidates := candidatesOf(res)
	chosen := chosenRows(res.Chosen, candidates)
	for _, group := range byType(res.Rows) {
		writeGroup(b, group, chosen, s)
	}
	writeFused(b, candidates, chosen)
	writeNotes(b, res)
	writeTop(b, res.Chosen)
	return flush()
}

// writeHead says what was scanned, and how.
func writeHead(b *bufio.Writer, res *results.Result, total int64) {
	p := res.Provenance
	escape.Fprintf(b, "%s: %s, %s parameters in %s (%s)\n", p.Model, modelKind(p), formatCount(total), plural(len(p.Files), "file"), formatBytes(fileBytes(p)))
	escape.Fprintf(b, "SNR = %s; signal: singular values above t; noise scale σ: %s, edge: %s; %s\n",
		formula(p.Settings), p.Settings.Noise, p.Settings.Edge, ran(res))
}

// writeTop says how much was selected.
func writeTop(b *bufio.Writer, c *results.Chosen) {
	if c != nil {
		escape.Fprintf(b, "\ntop %v %% of each type (marked *): %s, %s parameters, %.1f %% of the model\n",
			c.TopPercent, plural(len(c.Layers), "layer"), formatCount(c.Params), 100*c.Share)
	}
}

// candidatesOf returns what a selection chooses among, if that is needed to show it.
func candidatesOf(res *results.Result) []results.Candidate {
	if res.Chosen != nil || slices.ContainsFunc(res.Rows, func(l results.Row) bool { return l.Parameter != "" && l.Parameter != l.Name }) {
		return res.Scores().Candidates(results.ExpertsFused)
	}
	return nil
}

// chosenRows returns the names of the rows of which the candidates that were chosen
// are made.
func chosenRows(c *results.Chosen, candidates []results.Candidate) map[string]bool {
	chosen := make(map[string]bool)
	if c == nil {
		return chosen
	}
	names := make(map[string]bool, len(c.Layers))
	for _, name := range c.Layers {
		names[name] = true
	}
	for _, x := range candidates {
		for _, row := range x.Rows {
			if names[x.Name] {
				chosen[row] = true
			}
		}
	}
	return chosen
}

// writeFused lists the parameters whose parts were scored one by one, with the
// median by which they rank and the scores it is the median of.
func writeFused(b *bufio.Writer, candidates []results.Candidate, chosen map[string]bool) {
	single := func(c results.Candidate) bool { return len(c.Rows) < 2 }
	if candidates = slices.DeleteFunc(slices.Clone(candidates), single); len(candidates) == 0 {
		return
	}
	escape.Fprintf(b, "\nparameters of the loaded model that hold several of these; they rank by the median\n")
	writeAligned(b, true, func(yield func(cells ...string) bool) {
		ok := yield("", "SNR", "least", "greatest", "parts", "  parameter")
		for _, c := range candidates {
			ok = ok && yield(marked(chosen[c.Rows[0]]), formatNumber(c.SNR), formatNumber(c.Low), formatNumber(c.High),
				strconv.Itoa(len(c.Rows)), "  "+c.Name)
		}
	})
}

// marked returns the mark of a row that was chosen.
func marked(chosen bool) string {
	if chosen {
		return "*"
	}
	return ""
}

func modelKind(p results.Provenance) string {
	if p.Config == nil || p.Config.ModelType == "" {
		return "no config.json"
	}
	return p.Config.ModelType
}

func fileBytes(p results.Provenance) int64 {
	var n int64
	for _, f := range p.Files {
		n += f.Size
	}
	return n
}

// ran says what computed the values, once for all layers.
func ran(res *results.Result) string {
	var seen []string
	for _, l := range res.Rows {
		if s := l.Backend + " " + l.Precision; l.Precision != "" && !slices.Contains(seen, s) {
			seen = append(seen, s)
		}
	}
	return strings.Join(seen, ", ")
}

// dequantised lists the storage types that are not those of unquantised models,
// with the number of layers of each.
func dequantised(res *results.Result) string {
	var types []string
	count := make(map[string]int)
	for _, l := range res.Rows {
		if spectrum.DType(l.DType).Size() > 0 {
			continue
		}
		if count[l.DType] == 0 {
			types = append(types, l.DType)
		}
		count[l.DType]++
	}
	for i, t := range types {
		types[i] = fmt.Sprintf("%s (%d)", t, count[t])
	}
	return strings.Join(types, ", ")
}

// byType groups the layers that were ranked, types in order of appearance, the
// layers of each by descending SNR, failed ones last.
func byType(rows []results.Row) [][]*results.Row {
	var groups [][]*results.Row
	index := make(map[string]int)
	for i := range rows {
		l := &rows[i]
		if !l.Ranked {
			continue
		}
		i, seen := index[l.Type]
		if !seen {
			i = len(groups)
			index[l.Type] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], l)
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(a, b *results.Row) int {
			if an, bn := math.IsNaN(float64(a.SNR)), math.IsNaN(float64(b.SNR)); an || bn {
				return cmp.Compare(btoi(an), btoi(bn))
			}
			return cmp.Compare(b.SNR, a.SNR)
		})
	}
	return groups
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// writeGroup lists the layers of a type. On a terminal the heading has what their names
// have in common, and columns that do not fit are left out.
func writeGroup(b *bufio.Writer, group []*results.Row, chosen map[string]bool, s screen) {
	before, after := "", ""
	if s.cut {
		before, after = common(group)
	}
	in := ""
	if before+after != "" {
		in = "  " + before + "…" + after
	}
	escape.Fprintf(b, "\n%s (%d)%s\n", group[0].Type, len(group), in)
	writeAligned(b, true, func(yield func(cells ...string) bool) {
		ok := yield(s.columns("", "SNR", "σ", "t", "signal", "noise", "s_max", "shape", "  layer")...)
		for i, l := range group {
			mark, shape := marked(chosen[l.Name]), fmt.Sprintf("%d×%d", l.Rows, l.Cols)
			name := "  " + l.Name[len(before):len(l.Name)-len(after)]
			if l.Error != "" {
				ok = ok && yield(s.columns(mark, "failed", "", "", "", "", "", shape, name)...)
				continue
			}
			ok = ok && yield(s.columns(mark, formatScore(l.SNR, float64(l.SNRError)), formatNumber(l.Sigma), formatNumber(l.Threshold),
				fmt.Sprint(l.SignalCount), fmt.Sprint(l.NoiseCount), formatNumber(l.SMax), shape, name+remark(group, i, s))...)
		}
	})
	if cut := tieAtCut(group, chosen); cut != "" {
		escape.Fprintf(b, "  %s\n", cut)
	}
}

// columns leaves out those of the columns of writeGroup that a terminal has no room for.
func (s screen) columns(cells ...string) []string {
	var omit []int // from the last
	switch {
	case !s.cut || s.width >= 110:
	case s.width >= 70:
		omit = []int{6, 2} // s_max and σ
	default:
		omit = []int{6, 5, 3, 2} // noise and t, too
	}
	for _, i := range omit {
		cells = slices.Delete(cells, i, i+1)
	}
	return cells
}

// common returns the components that all names of a group begin with, and end with.
func common(group []*results.Row) (before, after string) {
	if len(group) < 2 {
		return "", ""
	}
	before, after = group[0].Name, group[0].Name
	for _, l := range group[1:] {
		for !strings.HasPrefix(l.Name, before) {
			before = before[:strings.LastIndexByte(strings.TrimSuffix(before, "."), '.')+1]
		}
		for !strings.HasSuffix(l.Name, after) {
			_, rest, more := strings.Cut(strings.TrimPrefix(after, "."), ".")
			if after = ""; more {
				after = "." + rest
			}
		}
	}
	for _, l := range group {
		if len(before)+len(after) >= len(l.Name) {
			return "", ""
		}
	}
	return before, after
}

// remark says what is special about the i-th layer of a group.
func remark(group []*results.Row, i int, s screen) (text string) {
	l := group[i]
	switch {
	case l.Zero:
		text = "  (all zero)"
	case l.Saturated && s.cut:
		text = "  (saturated)"
	case l.Saturated:
		text = "  (saturated: no noise to divide by)"
	}
	if i > 0 && group[i-1].SNR == l.SNR || i+1 < len(group) && group[i+1].SNR == l.SNR {
		text += "  (tie)"
	}
	if math.IsInf(float64(l.SNRError), 1) {
		text += "  (?: no digit of the score is certain)"
	}
	return text
}

// tieAtCut says when a tie decided what was selected from a group, which is sorted.
func tieAtCut(group []*results.Row, chosen map[string]bool) string {
	if slices.ContainsFunc(group, func(l *results.Row) bool { return l.PartOf != "" || l.Parameter != "" && names.IsExpert(l.Name) }) {
		return "" // rows that are no candidates of their own
	}
	cut := slices.IndexFunc(group, func(l *results.Row) bool { return !chosen[l.Name] })
	if cut <= 0 || group[cut].SNR != group[cut-1].SNR {
		return ""
	}
	tied, taken := 0, 0
	for _, l := range group {
		if l.SNR == group[cut].SNR {
			tied++
			if chosen[l.Name] {
				taken++
			}
		}
	}
	return fmt.Sprintf("%d layers tie at the cut: the %d selected merely come first in the model", tied, taken)
}

// writeNotes lists what is not in the groups, one line for each reason.
func writeNotes(b *bufio.Writer, res *results.Result) {
	for _, l := range res.Rows {
		if l.TiedTo != "" {
			escape.Fprintf(b, "\n%s is tied to %s: one matrix, ranked once\n", l.Name, l.TiedTo)
		}
	}
	absent := make(map[string][]string)
	for _, l := range res.Rows {
		if l.Absent != "" {
			absent[l.Absent] = append(absent[l.Absent], l.Name)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(absent)) {
		escape.Fprintf(b, "\nnot ranked, %s: %s\n", why, firstFew(absent[why]))
	}
	if types := dequantised(res); types != "" {
		escape.Fprintf(b, "\nde-quantised weights, of a lower precision than the model's own: %s\n", types)
	}
	var reasons []string
	skipped := make(map[string][]string)
	for _, s := range res.Skipped {
		if skipped[s.Reason] == nil {
			reasons = append(reasons, s.Reason)
		}
		skipped[s.Reason] = append(skipped[s.Reason], s.Name)
	}
	if len(reasons) > 0 {
		escape.Fprintf(b, "\nnot ranked:\n")
	}
	for _, r := range reasons {
		escape.Fprintf(b, "  %d × %s: %s\n", len(skipped[r]), r, firstFew(skipped[r]))
	}
	if dead := results.DeadExperts(res.Rows); len(dead) > 0 {
		escape.Fprintf(b, "\ndead experts, of a norm below 1/1000 of their type's median; the score favours small weights: %d\n", len(dead))
		for _, d := range dead[:min(10, len(dead))] {
			escape.Fprintf(b, "  %s: %.3g, median %.3g\n", d.Name, d.Norm, d.Median)
		}
		if len(dead) > 10 {
			escape.Fprintf(b, "  and %d more\n", len(dead)-10)
		}
	}
	if why := res.Unfinished(); why != "" {
		escape.Fprintf(b, "\nunfinished: %s\n", why)
	}
}
