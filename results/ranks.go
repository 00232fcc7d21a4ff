package results

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
)

// RankRule says how many directions of a change an adapter needs. One of Energy, Noise and Budget
// is set.
type RankRule struct {
	Energy float64 // the fewest that have this share of ‖ΔW‖², above 0 and at most 1
	Noise  bool    // those that stand out of the rounding noise; of an adapter, those that are not zero
	Budget int64   // the largest singular values of all layers whose adapters have at most so many parameters
	Most   int     // no rank above this; 0 for none
}

// LayerRank is the rank of one module.
type LayerRank struct {
	Module string // of the loaded model
	Rank   int
	Rows   int64
	Cols   int64
	Kept   float64 // share of ‖ΔW‖² that it has; NaN without singular values
}

// Params returns how many parameters an adapter of that rank has.
func (l LayerRank) Params() int64 { return int64(l.Rank) * (l.Rows + l.Cols) }

// RankTable is what [Result.Ranks] gives.
type RankTable struct {
	Layers []LayerRank       // in the order of the rows; ranks may be 0
	Left   map[string]string // why a changed weight has none, by name
}

// Params returns how many parameters adapters of all ranks have.
func (t *RankTable) Params() (n int64) {
	if t == nil {
		return 0
	}
	for _, l := range t.Layers {
		n += l.Params()
	}
	return n
}

// check reports a rule that is none, or several.
func (r RankRule) check() error {
	rules := 0
	for _, set := range []bool{r.Energy != 0, r.Noise, r.Budget != 0} {
		if set {
			rules++
		}
	}
	switch {
	case rules != 1:
		return fmt.Errorf("%w: one of energy, noise and budget says what the ranks are", spectrum.ErrOption)
	case r.Energy != 0 && !(r.Energy > 0 && r.Energy <= 1):
		return fmt.Errorf("%w: a share of the energy of %v; want one above 0 and at most 1", spectrum.ErrOption, r.Energy)
	case r.Budget < 0 || r.Most < 0:
		return fmt.Errorf("%w: a budget of %d parameters, ranks up to %d", spectrum.ErrOption, r.Budget, r.Most)
	}
	return nil
}

// Ranks returns the rank that each weight of a delta or an adapter needs. Vectors, which LoRA
// does not change, and parts of parameters that no module of PEFT is have none. The error wraps
// [spectrum.ErrOption] for a rule that is none and for a result of weights, and for one without
// the singular values that the rule needs.
func (r *Result) Ranks(rule RankRule) (*RankTable, error) {
	if err := rule.check(); err != nil {
		return nil, err
	}
	if r == nil || r.Kind == "" {
		return nil, fmt.Errorf("%w: ranks are of what changed: of a result of spectrum delta, or of the scan of an adapter", spectrum.ErrOption)
	}
	t := &RankTable{Left: make(map[string]string)}
	var rows []*Row
	seen := make(map[string]bool)
	for i := range r.Rows {
		row := &r.Rows[i]
		module, why := row.adaptable()
		if why == "" && seen[module] {
			why = "another part of its module has a rank"
		}
		switch {
		case row.TiedTo != "" || row.Zero:
			continue
		case why != "":
			t.Left[row.Name] = why
			continue
		case !rule.Noise && len(row.SingularValues) == 0:
			return nil, fmt.Errorf("%w: %s has no singular values; --singular-values keeps them", spectrum.ErrOption, row.Name)
		case rule.Noise && r.Kind == KindDelta && row.AboveRounding == nil:
			t.Left[row.Name] = "the rounding of its weights is not known"
			continue
		}
		seen[module] = true
		rows = append(rows, row)
		t.Layers = append(t.Layers, LayerRank{Module: module, Rows: row.Rows, Cols: row.Cols})
	}
	if rule.Budget > 0 {
		t.spend(rows, rule)
	}
	for i, row := range rows {
		l := &t.Layers[i]
		switch {
		case rule.Noise && r.Kind == KindAdapter:
			l.Rank = int(row.SignalCount)
		case rule.Noise:
			l.Rank = int(*row.AboveRounding)
		case rule.Energy > 0:
			l.Rank = forShare(row.SingularValues, rule.Energy)
		}
		if rule.Most > 0 {
			l.Rank = min(l.Rank, rule.Most)
		}
		l.Kept = share(row.SingularValues, l.Rank)
	}
	return t, nil
}

// adaptable returns the module that an adapter of the row changes, or why there is none.
func (r *Row) adaptable() (module, why string) {
	parameter := cmp.Or(r.Parameter, r.Name)
	module, isWeight := names.Module(parameter)
	switch {
	case r.Error != "":
		return "", "it could not be compared"
	case r.Absent != "":
		return "", r.Absent
	case min(r.Rows, r.Cols) < 2:
		return "", "a vector, which LoRA does not change"
	case r.Fused() || r.PartOf != "" || !isWeight:
		return "", "a part of a parameter, which is no module of its own"
	}
	return module, ""
}

// spend takes the largest singular values of all rows, one threshold for all, as long as their
// parameters are within the budget.
func (t *RankTable) spend(rows []*Row, rule RankRule) {
	type direction struct {
		row   int
		value float64
	}
	var all []direction
	for i, row := range rows {
		for k, s := range row.SingularValues {
			if s > 0 && (rule.Most == 0 || k < rule.Most) {
				all = append(all, direction{i, s})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b direction) int { return cmp.Compare(b.value, a.value) })
	left := rule.Budget
	for _, d := range all {
		l := &t.Layers[d.row]
		if left -= l.Rows + l.Cols; left < 0 {
			return
		}
		l.Rank++
	}
}

// forShare returns the fewest values with a share of the sum of squares.
func forShare(values []float64, of float64) int {
	var all, first float64
	for _, s := range values {
		all += s / values[0] * (s / values[0])
	}
	for k, s := range values {
		if first += s / values[0] * (s / values[0]); first >= of*all {
			return k + 1
		}
	}
	return len(values)
}

// share returns which share of the sum of squares the first k values have; NaN without any.
func share(values []float64, k int) float64 {
	var first, all float64
	for i, s := range values {
		s /= values[0] // squares stay in range
		all += s * s
		if i < k {
			first += s * s
		}
	}
	return first / all
}
