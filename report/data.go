package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/results"
)

// model is a result as the page has it. What does not differ between blocks stands in
// templates, once; a row or a candidate is a template and the number of a block.
type model struct {
	Title   string   `json:"title"`
	About   []string `json:"about"`
	File    string   `json:"file"` // as a word of a shell
	Partial bool     `json:"partial,omitempty"`
	Law     bool     `json:"law,omitempty"` // sigma is that of the entries
	Noise   string   `json:"noise,omitempty"`
	Edge    string   `json:"edge,omitempty"`

	Befores []string `json:"befores"`
	Names   [][2]any `json:"names"`   // the first part, an index of Befores; the last
	Numbers []string `json:"numbers"` // of blocks, in their order; "" outside them
	Types   []string `json:"types"`   // what is chosen of together
	Lines   []string `json:"lines"`   // rows of the map
	DTypes  []string `json:"dtypes"`
	Experts []string `json:"experts,omitempty"`

	RowTemplates [][]int           `json:"rt"` // name, type, line, rows, columns, dtype, expert or -1, ranked
	Row          column            `json:"row"`
	RowNumber    column            `json:"rn"`
	Rows         int               `json:"rows"`
	Candidate    column            `json:"rc"` // of each row
	Columns      map[string]column `json:"cols"`
	Notes        map[string]notes  `json:"notes,omitempty"`

	Templates [][]int64 `json:"ct"` // name, type, parameters, rows of each
	Cand      column    `json:"cand"`
	Number    column    `json:"cn"`
	Order     column    `json:"order"`  // by score: 1 is the least, equal ones are tied, missing is none
	Ranked    int       `json:"ranked"` // candidates before those that are chosen only by name
	Count     int       `json:"count"`

	Points   int      `json:"points,omitempty"`
	Sketched column   `json:"sketched"`
	Sketches []string `json:"sketches,omitempty"`
	Files    []file   `json:"files"`
	Ties     []string `json:"ties"` // lines of the header, a type each
}

// notes are texts of some rows.
type notes struct {
	Rows  []int    `json:"rows"`
	Text  []int    `json:"text"`
	Texts []string `json:"texts"`
}

// interned gives equal strings one index.
type interned[K comparable] struct {
	at   map[K]int
	list []K
}

func (n *interned[K]) index(k K) int {
	i, seen := n.at[k]
	if !seen {
		if n.at == nil {
			n.at = make(map[K]int)
		}
		i = len(n.list)
		n.at[k] = i
		n.list = append(n.list, k)
	}
	return i
}

type nameKey struct {
	before int
	after  string
}

type rowKey struct{ name, typ, line, rows, cols, dtype, expert, ranked int }

type candidateKey struct {
	name, typ, rows int
	params          int64
}

// builder makes a model.
type builder struct {
	befores, types, lines, dtypes, experts interned[string]
	names                                  interned[nameKey]
	rows                                   interned[rowKey]
	candidates                             interned[candidateKey]
	numbers                                map[string]int
	texts                                  map[string]*interned[string]
	m                                      *model
}

// rowsOf returns the rows of a result; those of a reference's file have a name, a type and a
// score.
func rowsOf(s *results.Scores) []results.Row {
	if s.Result != nil {
		return s.Result.Rows
	}
	nan := results.Number(math.NaN())
	var rows []results.Row
	for _, l := range s.Layers() {
		rows = append(rows, results.Row{
			Name: l.Name, Type: l.Type, SNR: results.Number(l.SNR), Ranked: true,
			Sigma: nan, Threshold: nan, SMax: nan, SMin: nan, StableRank: nan, EffectiveRank: nan, SNRError: nan, ValueError: nan,
			Fit: nan, FitLimit: nan, Seconds: nan, RatioSum: nan, SignalCount: -1, Uncertain: -1,
		})
	}
	return rows
}

// newModel enters everything but files.
func newModel(in *input) *model {
	b := &builder{m: &model{Types: []string{}, Columns: make(map[string]column), Notes: make(map[string]notes)}, numbers: make(map[string]int), texts: make(map[string]*interned[string])}
	b.number(in)
	rowOf := make(map[string]int, len(in.candidates))
	for i, c := range in.candidates {
		for _, r := range c.Rows {
			rowOf[r] = i
		}
	}
	b.enterRows(in, rowOf)
	b.enterCandidates(in)
	m := b.m
	m.Befores, m.Types, m.Lines, m.DTypes, m.Experts = b.befores.list, b.types.list, b.lines.list, b.dtypes.list, b.experts.list
	for _, n := range b.names.list {
		m.Names = append(m.Names, [2]any{n.before, n.after})
	}
	for _, t := range b.rows.list {
		m.RowTemplates = append(m.RowTemplates, []int{t.name, t.typ, t.line, t.rows, t.cols, t.dtype, t.expert, t.ranked})
	}
	for _, t := range b.candidates.list {
		m.Templates = append(m.Templates, []int64{int64(t.name), int64(t.typ), t.params, int64(t.rows)})
	}
	m.columns(in.rows)
	m.spectra(in.rows, sketched(in.rows, func(i int) bool {
		c, ok := rowOf[in.rows[i].Name]
		return ok && in.chosen[in.candidates[c].Name]
	}))
	return m
}

// number enters the numbers of blocks in their order.
func (b *builder) number(in *input) {
	add := func(name string) {
		_, n, _ := names.InBlock(name)
		b.numbers[n] = 0
	}
	for i := range in.rows {
		add(in.rows[i].Name)
	}
	for _, l := range in.layers {
		add(l.Name)
	}
	for n := range b.numbers {
		b.m.Numbers = append(b.m.Numbers, n)
	}
	slices.SortFunc(b.m.Numbers, func(x, y string) int {
		p, q := strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		return cmp.Or(cmp.Compare(min(1, len(x)), min(1, len(y))), cmp.Compare(len(p), len(q)), strings.Compare(p, q), strings.Compare(x, y))
	})
	for i, n := range b.m.Numbers {
		b.numbers[n] = i
	}
}

// name returns the template of a name and the index of its number.
func (b *builder) name(name string) (template, number int) {
	before, n, after := names.InBlock(name)
	return b.names.index(nameKey{b.befores.index(before), after}), b.numbers[n]
}

func (b *builder) enterRows(in *input, rowOf map[string]int) {
	var row, number, candidate []int
	for i := range in.rows {
		r := &in.rows[i]
		k := rowKey{typ: b.types.index(r.Type), line: b.lines.index(names.Type(r.Name)), rows: int(r.Rows), cols: int(r.Cols), dtype: b.dtypes.index(r.DType), expert: -1}
		name, n := b.name(r.Name)
		k.name = name
		if _, e, _, ok := names.Expert(r.Name); ok {
			k.expert = b.experts.index(e)
		}
		if r.Ranked {
			k.ranked = 1
		}
		c, ok := rowOf[r.Name]
		if !ok || !r.Ranked {
			c = -1
		}
		row, number, candidate = append(row, b.rows.index(k)), append(number, n), append(candidate, c)
		b.note("error", i, r.Error)
		b.note("tied", i, r.TiedTo)
		b.note("absent", i, r.Absent)
	}
	b.m.Row, b.m.RowNumber, b.m.Candidate, b.m.Rows = integers(row), integers(number), integers(candidate), len(in.rows)
}

// note enters the text that a row has, if it has one.
func (b *builder) note(what string, row int, text string) {
	if text == "" {
		return
	}
	n, texts := b.m.Notes[what], b.texts[what]
	if texts == nil {
		texts = new(interned[string])
		b.texts[what] = texts
	}
	n.Rows, n.Text = append(n.Rows, row), append(n.Text, texts.index(text))
	n.Texts = texts.list
	b.m.Notes[what] = n
}

func (b *builder) enterCandidates(in *input) {
	var template, number []int
	for i, l := range in.layers {
		k := candidateKey{typ: b.types.index(l.Type), params: l.Params}
		if i < len(in.candidates) {
			k.rows = len(in.candidates[i].Rows)
		}
		name, n := b.name(l.Name)
		k.name = name
		template, number = append(template, b.candidates.index(k)), append(number, n)
	}
	b.m.Cand, b.m.Number, b.m.Order = integers(template), integers(number), integers(order(in.layers))
	b.m.Ranked, b.m.Count = len(in.candidates), len(in.layers)
}

// order returns the place of each score among all that differ, 1 for the least; -1 is none.
func order(layers []spectrum.Layer) []int {
	scores := make([]float64, 0, len(layers))
	for _, l := range layers {
		if !math.IsNaN(l.SNR) {
			scores = append(scores, l.SNR)
		}
	}
	slices.Sort(scores)
	scores = slices.Compact(scores)
	place := make([]int, len(layers))
	for i, l := range layers {
		at, found := slices.BinarySearch(scores, l.SNR)
		if place[i] = at + 1; !found || math.IsNaN(l.SNR) {
			place[i] = -1
		}
	}
	return place
}

// columns enters the figures of rows. What follows from others the page computes.
func (m *model) columns(rows []results.Row) {
	width := 3
	if len(rows) <= 5000 {
		width = 4
	}
	for _, name := range []string{
		"snr", "ratio_sum", "sigma", "threshold", "s_max", "s_min", "stable_rank", "effective_rank",
		"snr_error", "value_error", "fit", "fit_limit", "seconds",
	} {
		of, _ := results.Column(name)
		list := make([]float64, len(rows))
		for i := range rows {
			list[i] = float64(of(&rows[i]))
			if rows[i].Error != "" && name != "seconds" {
				list[i] = math.NaN()
			}
		}
		if strings.HasSuffix(name, "_error") || name == "seconds" { // of which two digits say all; a bound is not lowered
			m.Columns[name] = numbers(list, 2, math.Ceil)
			continue
		}
		m.Columns[name] = numbers(list, width, math.Round)
	}
	for _, name := range []string{"signal_count", "uncertain"} {
		of, _ := results.Column(name)
		list := make([]int, len(rows))
		for i := range rows {
			if list[i] = int(min(max(of(&rows[i]), -1), math.MaxInt32)); rows[i].Error != "" {
				list[i] = -1
			}
		}
		m.Columns[name] = integers(list)
	}
}
