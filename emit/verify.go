package emit

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/gospectrum/spectrum/internal/saturate"
)

// Rules are the entries of a file with the rule of the consumer that reads it.
type Rules struct {
	consumer Format
	entries  []entry
	// resolve returns further entries, of which only the model decides what they
	// are, or the error that the consumer stops with; nil if there are none.
	resolve func(model []Param) ([]entry, error)
	// inspect enters in a report what is wrong beside the entries; may be nil.
	inspect  func(rep *Report)
	expected []string
}

// Expect makes [Rules.Verify] compare what is trained with these parameters.
func (r *Rules) Expect(names []string) *Rules {
	out := new(Rules)
	if r != nil {
		*out = *r
	}
	out.expected = names
	return out
}

var errNoEntries = errors.New("no entries found")

// add makes an entry of each item.
func (r *Rules) add(items []string, make func(item string) (entry, error)) error {
	if len(items) == 0 {
		return errNoEntries
	}
	for _, item := range items {
		e, err := make(item)
		if err != nil {
			return err
		}
		r.entries = append(r.entries, e)
	}
	return nil
}

// Match is a parameter and the entries of a file that train it.
type Match struct {
	Name    string   `json:"name"`
	Entries []string `json:"entries"`
}

// Report says what a consumer trains of a model. All but the sums and Trained
// are mismatches.
type Report struct {
	Consumer Format   `json:"consumer"`
	Trained  []Param  `json:"-"`
	Names    []string `json:"trained"`
	// Params and Bytes, as the checkpoint stores them, are those of the layers that
	// are trained or, with PEFT, get an adapter; Total is that of the model.
	Params int64 `json:"params"`
	Bytes  int64 `json:"bytes"`
	Total  int64 `json:"total_params"`

	Unmatched  []string `json:"unmatched"`  // entries, or names they spell out, that match nothing
	Accidental []Match  `json:"accidental"` // matched by entries that spell out something else
	Twice      []Match  `json:"twice"`      // matched by several entries
	Missing    []string `json:"missing"`    // expected, but not trained
	Extra      []string `json:"extra"`      // trained, but not expected
}

// newReport returns a report whose lists are empty, not null, in JSON.
func newReport(consumer Format) *Report {
	return &Report{
		Consumer: consumer, Names: []string{}, Unmatched: []string{}, Accidental: []Match{}, Twice: []Match{},
		Missing: []string{}, Extra: []string{},
	}
}

// Mismatches returns the number of mismatches, 0 of no report.
func (r *Report) Mismatches() int {
	if r == nil {
		return 0
	}
	return len(r.Unmatched) + len(r.Accidental) + len(r.Twice) + len(r.Missing) + len(r.Extra)
}

// First describes one mismatch, "" without any.
func (r *Report) First() string {
	switch {
	case r == nil:
		return ""
	case len(r.Extra) > 0:
		return fmt.Sprintf("%s would be trained too, and %d others", r.Extra[0], len(r.Extra)-1)
	case len(r.Missing) > 0:
		return fmt.Sprintf("%s would not be trained, nor %d others", r.Missing[0], len(r.Missing)-1)
	case len(r.Unmatched) > 0:
		return r.Unmatched[0] + " matches nothing"
	case len(r.Accidental) > 0:
		return fmt.Sprintf("%s matches %s by accident", r.Accidental[0].Entries[0], r.Accidental[0].Name)
	case len(r.Twice) > 0:
		return r.Twice[0].Name + " is matched twice"
	}
	return ""
}

// Verify says what the consumer would train of a model with these parameters. An
// error, which wraps [ErrInexpressible], is that with which the consumer stops; or
// wraps [ErrFormat], for rules that are not from [Parse].
func (r *Rules) Verify(model []Param) (*Report, error) {
	if r == nil || r.consumer == "" {
		return nil, fmt.Errorf("%w: none was read", ErrFormat)
	}
	entries := slices.Clone(r.entries)
	if r.resolve != nil {
		more, err := r.resolve(model)
		if err != nil {
			return nil, fmt.Errorf("%w for %s: %w", ErrInexpressible, r.consumer, err)
		}
		entries = append(entries, more...)
	}
	rep := newReport(r.consumer)
	used := make([]map[string]bool, len(entries))
	for i := range entries {
		used[i] = make(map[string]bool)
		entries[i].index()
	}
	for _, p := range model {
		rep.Total = saturate.Sum(rep.Total, p.Params)
		var by []int
		for i := range entries {
			if name, ok := entries[i].nameOf(p); ok && entries[i].match(name) {
				by = append(by, i)
			}
		}
		if err := rep.count(entries, used, p, by); err != nil {
			return nil, fmt.Errorf("%w for %s: %w", ErrInexpressible, r.consumer, err)
		}
	}
	for i := range entries {
		if f := entries[i].failed; f != nil && f.Load() != nil {
			return nil, fmt.Errorf("%w for %s: %w", ErrInexpressible, r.consumer, *f.Load())
		}
	}
	rep.unmatched(entries, used)
	if r.inspect != nil {
		r.inspect(rep)
	}
	if r.expected != nil {
		rep.compare(r.expected)
	}
	return rep, nil
}

// count enters a parameter that the given entries match.
func (r *Report) count(entries []entry, used []map[string]bool, p Param, by []int) error {
	if len(by) == 0 {
		return nil
	}
	p, apart, err := p.part(entries, by)
	if err != nil {
		return err
	}
	r.Trained = append(r.Trained, p)
	r.Names = append(r.Names, p.Name)
	r.Params = saturate.Sum(r.Params, p.Params)
	r.Bytes = saturate.Sum(r.Bytes, p.Bytes)
	all := Match{Name: p.Name}
	accident := Match{Name: p.Name}
	for _, j := range by {
		e := &entries[j]
		all.Entries = append(all.Entries, e.text)
		if e.literal == nil {
			used[j][e.text] = true
			continue
		}
		name, _ := e.nameOf(p)
		if l, ok := e.spelled(name); ok {
			used[j][l] = true
		} else {
			accident.Entries = append(accident.Entries, e.text)
		}
	}
	if len(by) > 1 && !apart {
		r.Twice = append(r.Twice, all)
	}
	if len(accident.Entries) > 0 {
		r.Accidental = append(r.Accidental, accident)
	}
	return nil
}

// part returns the part of a parameter that entries train, of which some may be limited
// to rows, and whether they all are and none has a row of another's. The error is that
// with which axolotl stops for rows that the parameter does not have.
func (p Param) part(entries []entry, by []int) (Param, bool, error) {
	var ranges []Rows
	for _, i := range by {
		r := entries[i].rows
		if r == nil {
			return p, false, nil
		}
		part := *r
		if part.To < 0 {
			part.To = max(p.Rows, part.From+1)
		}
		if p.Rows > 0 && part.To > p.Rows {
			return p, false, fmt.Errorf("%s: %s has %d rows", entries[i].text, p.Name, p.Rows)
		}
		ranges = append(ranges, part)
	}
	slices.SortFunc(ranges, func(a, b Rows) int { return cmp.Compare(a.From, b.From) })
	apart, sum, end := true, int64(0), int64(0)
	for _, r := range ranges {
		apart = apart && r.From >= end
		sum += max(0, r.To-max(r.From, end))
		end = max(end, r.To)
	}
	if p.Rows > 0 {
		p.Bytes, p.Params = p.Bytes/p.Rows*sum, p.Params/p.Rows*sum
	}
	return p, apart, nil
}

// unmatched lists what the entries spell out and the model does not have.
func (r *Report) unmatched(entries []entry, used []map[string]bool) {
	for i, e := range entries {
		if e.literal == nil && len(used[i]) == 0 {
			r.Unmatched = append(r.Unmatched, e.text)
		}
		for _, l := range e.literal {
			if used[i][l] {
				continue
			}
			if len(e.literal) == 1 {
				l = e.text
			}
			r.Unmatched = append(r.Unmatched, l)
		}
	}
}

// compare holds what is trained to what was expected.
func (r *Report) compare(expected []string) {
	want := make(map[string]bool, len(expected))
	for _, n := range expected {
		want[n] = true
	}
	for _, n := range r.Names {
		if !want[n] {
			r.Extra = append(r.Extra, n)
		}
		delete(want, n)
	}
	for _, n := range expected {
		if want[n] {
			r.Missing = append(r.Missing, n)
		}
	}
}
