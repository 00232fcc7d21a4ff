package selection

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/internal/option"
)

// candidate is a layer with its place in a choice.
type candidate struct {
	Layer
	score          float64 // by which it ranks in its pool; NaN if it has none
	group, pool    int
	share          float64 // (rank in its pool)/(size of the pool · factor of its type)
	forced, chosen bool
}

// pool is what competes.
type pool struct {
	members []*candidate // by descending score once ranked
	quota   int
	taken   int
}

// choice is the state of one selection.
type choice struct {
	s      Selector
	all    []*candidate // in the order of the input
	groups []Group
	taken  []int // by group, not counting forced layers
	pools  []pool
	left   float64 // of the budget
}

// choose decides which layers are chosen.
func (s Selector) choose(layers []Layer) (*choice, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	named := func(i int) (name, typ string) { return layers[i].Name, layers[i].Type }
	if none := names.Unmatched(slices.Concat(s.Include, s.Exclude), len(layers), named); none != "" {
		return nil, fmt.Errorf("%w: pattern %q matches no layer", option.Err, none)
	}
	for _, t := range slices.Sorted(maps.Keys(s.Factors)) {
		if !slices.ContainsFunc(layers, func(l Layer) bool { return l.Type == t }) {
			return nil, fmt.Errorf("%w: no layer is of the type %q that has a weight", option.Err, t)
		}
	}
	c := &choice{s: s, left: math.Inf(1)}
	if s.Budget > 0 {
		c.left = float64(s.Budget)
	}
	if err := c.enter(layers); err != nil {
		return nil, err
	}
	if c.left < 0 {
		return nil, fmt.Errorf("%w: the layers that are always chosen exceed the budget of %d by %.0f", option.Err, s.Budget, -c.left)
	}
	c.rank()
	c.take()
	return c, nil
}

// enter makes candidates of layers, sorts them into groups and pools, and takes
// those that are always chosen.
func (c *choice) enter(layers []Layer) error {
	groups, pools := make(map[string]int), make(map[string]int)
	for _, l := range layers {
		weight := c.weight(l.Type)
		policy := c.s.policy(l.Name, l.Type)
		if policy == PolicyNever || weight == 0 && policy != PolicyAlways {
			continue
		}
		if c.s.Budget > 0 && l.Params <= 0 {
			return fmt.Errorf("%w: a budget needs sizes, and that of %s is unknown", option.Err, l.Name)
		}
		g, seen := groups[l.Type]
		if !seen {
			g = len(c.groups)
			groups[l.Type] = g
			c.groups = append(c.groups, Group{Type: l.Type})
		}
		c.groups[g].Candidates++
		x := &candidate{Layer: l, score: l.SNR, group: g, pool: -1, forced: policy == PolicyAlways, chosen: policy == PolicyAlways}
		if c.s.Scope != ScopeType {
			if x.score < 0 && weight != 1 {
				return fmt.Errorf("%w: factors multiply the score, and that of %s is below zero", option.Err, l.Name)
			}
			x.score *= weight
		}
		c.all = append(c.all, x)
		if x.forced {
			c.left -= c.s.cost(l)
			continue
		}
		key := c.poolOf(l)
		if x.pool, seen = pools[key]; !seen {
			x.pool = len(c.pools)
			pools[key] = x.pool
			c.pools = append(c.pools, pool{})
		}
		p := &c.pools[x.pool]
		p.members = append(p.members, x)
	}
	c.taken = make([]int, len(c.groups))
	return nil
}

func (c *choice) weight(typ string) float64 {
	if w, ok := c.s.Factors[typ]; ok {
		return w
	}
	return 1
}

func (c *choice) poolOf(l Layer) string {
	switch c.s.Scope {
	case ScopeType:
		return l.Type
	case ScopeBlock:
		block, _ := names.Block(l.Name)
		return block
	}
	return ""
}

// rank sets the quotas of the pools and sorts their members.
func (c *choice) rank() {
	for i := range c.pools {
		p := &c.pools[i]
		n, weight := float64(len(p.members)), 1.
		if c.s.Scope == ScopeType {
			weight = c.weight(p.members[0].Type)
		}
		// The reference's int(n*P/100), in the same floating-point order.
		quota := n * c.s.percent() / 100 * weight
		if c.s.Ceil {
			quota = math.Ceil(quota)
		}
		p.quota = int(min(quota, n))
		p.members = slices.DeleteFunc(p.members, func(x *candidate) bool { return math.IsNaN(x.score) })
		slices.SortStableFunc(p.members, byScore)
		for j, x := range p.members {
			x.share = float64(j+1) / n / weight
		}
	}
}

// take chooses: first the least number of each type, best first, then by rank.
func (c *choice) take() {
	queue := slices.DeleteFunc(slices.Clone(c.all), func(x *candidate) bool { return x.forced || math.IsNaN(x.score) })
	slices.SortStableFunc(queue, byScore)
	if c.s.Min > 0 {
		for _, x := range queue {
			if c.taken[x.group] < c.s.Min {
				c.try(x)
			}
		}
	}
	slices.SortStableFunc(queue, func(a, b *candidate) int { return cmp.Compare(a.share, b.share) })
	for _, x := range queue {
		if full := c.pools[x.pool].taken >= c.pools[x.pool].quota; !full && !x.chosen {
			c.try(x)
		}
	}
}

// try chooses x unless its type has enough or it does not fit the budget.
func (c *choice) try(x *candidate) {
	cost := c.s.cost(x.Layer)
	if c.s.Max > 0 && c.taken[x.group] >= c.s.Max || cost > c.left {
		return
	}
	x.chosen = true
	c.left -= cost
	c.taken[x.group]++
	c.pools[x.pool].taken++
}

// findTies marks the groups in which layers of equal score fared differently.
func (c *choice) findTies() {
	for _, p := range c.pools {
		for from := 0; from < len(p.members); {
			to, chosen := from, 0
			for ; to < len(p.members) && p.members[to].score == p.members[from].score; to++ {
				if p.members[to].chosen {
					chosen++
				}
			}
			if run := p.members[from:to]; chosen > 0 && chosen < len(run) {
				for _, x := range run {
					c.groups[x.group].DecidedByTie = true
				}
			}
			from = to
		}
	}
}

// shuffle replaces what was chosen by score with layers of the same type and
// size at random.
func (c *choice) shuffle(r *rand.Rand) {
	type stratum struct {
		group  string
		params int64
	}
	strata := make(map[stratum][]*candidate)
	for _, p := range c.pools {
		for _, x := range p.members {
			k := stratum{x.Type, x.Params}
			strata[k] = append(strata[k], x)
		}
	}
	keys := make([]stratum, 0, len(strata))
	for k := range strata {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b stratum) int {
		return cmp.Or(strings.Compare(a.group, b.group), cmp.Compare(a.params, b.params))
	})
	for _, k := range keys {
		list := strata[k]
		n := 0
		for _, x := range list {
			if x.chosen {
				n++
			}
		}
		slices.SortFunc(list, func(a, b *candidate) int { return strings.Compare(a.Name, b.Name) })
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for i, x := range list {
			x.chosen = i < n
		}
	}
}

// selection collects what was chosen.
func (c *choice) selection(rule string) *Selection {
	for _, x := range c.all {
		if x.chosen {
			g := &c.groups[x.group]
			g.Chosen = append(g.Chosen, x.Layer)
		}
	}
	for _, g := range c.groups {
		slices.SortStableFunc(g.Chosen, BySNR)
	}
	return &Selection{Percent: c.s.Percent, Rule: rule, Groups: c.groups}
}
