package emit

import (
	"fmt"
	"slices"
	"strings"
)

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

// Mismatches returns the number of mismatches.
func (r *Report) Mismatches() int {
	return len(r.Unmatched) + len(r.Accidental) + len(r.Twice) + len(r.Missing) + len(r.Extra)
}

// First describes one mismatch, "" without any.
func (r *Report) First() string {
	switch {
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
// error, which wraps [ErrInexpressible], is that with which the consumer stops.
func (r *Rules) Verify(model []Param) (*Report, error) {
	rules := slices.Clone(r.rules)
	if r.freeze != nil {
		found, err := r.freeze.resolve(model)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			rules = append(rules, rule{text: s, match: func(n string) bool { return strings.Contains(n, s) }})
		}
	}
	rep := &Report{Consumer: r.consumer}
	used := make([]map[string]bool, len(rules))
	for i := range rules {
		used[i] = make(map[string]bool)
		rules[i].index()
	}
	for _, p := range model {
		rep.Total += p.Params
		name, ok := p.Name, true
		if r.modules {
			name, ok = module(p.Name)
		}
		var by []int
		for j := range rules {
			if ok && rules[j].match(name) {
				by = append(by, j)
			}
		}
		rep.count(rules, used, p, name, by)
	}
	rep.unmatched(rules, used)
	r.verifyRanks(rep)
	if r.expected != nil {
		rep.compare(r.expected)
	}
	return rep, nil
}

// count enters a parameter that the given rules match.
func (r *Report) count(rules []rule, used []map[string]bool, p Param, name string, by []int) {
	if len(by) == 0 {
		return
	}
	r.Trained = append(r.Trained, p)
	r.Names = append(r.Names, p.Name)
	r.Params += p.Params
	r.Bytes += p.Bytes
	all := Match{Name: p.Name}
	accident := Match{Name: p.Name}
	for _, j := range by {
		x := &rules[j]
		all.Entries = append(all.Entries, x.text)
		if x.literal == nil {
			used[j][x.text] = true
			continue
		}
		if l, ok := x.spelled(name); ok {
			used[j][l] = true
		} else {
			accident.Entries = append(accident.Entries, x.text)
		}
	}
	if len(by) > 1 {
		r.Twice = append(r.Twice, all)
	}
	if len(accident.Entries) > 0 {
		r.Accidental = append(r.Accidental, accident)
	}
}

// index makes the set by which spelled finds a name among many.
func (r *rule) index() {
	if len(r.literal) > 8 {
		r.set = make(map[string]bool, len(r.literal))
		for _, l := range r.literal {
			r.set[l] = true
		}
	}
}

// spelled returns the literal by which a rule means name.
func (r *rule) spelled(name string) (string, bool) {
	if r.set != nil {
		owner := name[:max(0, strings.LastIndexByte(name, '.'))]
		if !r.set[name] && !r.exact && r.set[owner] {
			return owner, true
		}
		return name, r.set[name]
	}
	for _, l := range r.literal {
		if r.means(l, name) {
			return l, true
		}
	}
	return "", false
}

// unmatched lists what the rules spell out and the model does not have.
func (r *Report) unmatched(rules []rule, used []map[string]bool) {
	for j, x := range rules {
		if x.literal == nil && len(used[j]) == 0 {
			r.Unmatched = append(r.Unmatched, x.text)
		}
		for _, l := range x.literal {
			if used[j][l] {
				continue
			}
			if len(x.literal) == 1 {
				l = x.text
			}
			r.Unmatched = append(r.Unmatched, l)
		}
	}
}

// verifyRanks finds keys of rank_pattern that reach no module, or not their own:
// PEFT takes the first key that ends the name of a module.
func (r *Rules) verifyRanks(rep *Report) {
	keys := make(map[string]bool, len(r.ranks))
	for _, k := range r.ranks {
		keys[k] = true
	}
	used := make(map[string]bool)
	for _, name := range rep.Names {
		m, _ := module(name)
		// Without a key of another length before it, the module's own is first.
		i := slices.IndexFunc(r.ranks, func(k string) bool { return m == k || strings.HasSuffix(m, "."+k) })
		if i < 0 {
			continue
		}
		used[r.ranks[i]] = true
		if keys[m] && r.ranks[i] != m {
			rep.Accidental = append(rep.Accidental, Match{name, []string{"rank_pattern " + r.ranks[i]}})
		}
	}
	for _, k := range r.ranks {
		if !used[k] {
			rep.Unmatched = append(rep.Unmatched, "rank_pattern "+k)
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
