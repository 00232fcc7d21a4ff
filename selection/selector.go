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

// Scope says which layers compete with each other.
type Scope uint8

const (
	// ScopeType ranks each type for itself, as the paper does.
	ScopeType Scope = iota
	// ScopeBlock ranks the layers of each block; those outside blocks are
	// ranked together.
	ScopeBlock
	// ScopeGlobal ranks all layers. Scores of different shapes are hardly comparable
	// (see spectrum.NoiseIQR); Selector.Factors can even them out.
	ScopeGlobal
)

func scopes() option.Enum {
	return option.Enum{What: "scope", Names: []string{"type", "block", "global"}}
}

// String returns "type", "block" or "global".
func (s Scope) String() string { return scopes().Name(uint8(s)) }

// MarshalText returns the name of s. The error wraps spectrum.ErrOption.
func (s Scope) MarshalText() ([]byte, error) { return scopes().Marshal(uint8(s)) }

// UnmarshalText sets s from its name. The error wraps spectrum.ErrOption.
func (s *Scope) UnmarshalText(text []byte) error { return option.Unmarshal(scopes(), s, text) }

// Policy says how a kind of layer is treated.
type Policy uint8

const (
	PolicyRanked Policy = iota // like all others
	PolicyAlways               // chosen whatever its score
	PolicyNever                // not a candidate
)

func policies() option.Enum {
	return option.Enum{What: "policy", Names: []string{"ranked", "always", "never"}}
}

// String returns "ranked", "always" or "never".
func (p Policy) String() string { return policies().Name(uint8(p)) }

// MarshalText returns the name of p. The error wraps spectrum.ErrOption.
func (p Policy) MarshalText() ([]byte, error) { return policies().Marshal(uint8(p)) }

// UnmarshalText sets p from its name. The error wraps spectrum.ErrOption.
func (p *Policy) UnmarshalText(text []byte) error { return option.Unmarshal(policies(), p, text) }

// Selector chooses layers by their scores. Its zero value chooses none; with
// only Percent set it is spectrum.SelectTopK.
//
// A pool is what Scope makes compete. Layers of equal score rank in the order
// they came in, and [Group].DecidedByTie says where that mattered; nothing else
// depends on the order of the input but the order of the groups. A larger Percent
// chooses the same layers and more, unless there is a Budget.
type Selector struct {
	// Percent of the layers of each pool, 0…100, rounded down as the reference
	// does, or up with Ceil. Layers without a score count but are never chosen.
	// With a Budget, 0 means 100.
	Percent float64
	Ceil    bool
	Scope   Scope

	// Min and Max bound the layers of each type, whatever the percentage; a Max
	// of 0 is no bound. Layers that are always chosen do not count.
	Min, Max int

	// Budget, if not 0, is never exceeded by the parameters chosen, or by their
	// number times BytesPerParam if that is not 0 (see [TrainingBytes]). Layers
	// are taken best first, from all pools alike (the best tenth of each before
	// the next), and one that no longer fits is passed over.
	Budget        int64
	BytesPerParam float64

	// Factors multiply, by type, the percentage if Scope is ScopeType, else the
	// score. A type that is not there has factor 1; factor 0 makes it no candidate.
	Factors map[string]float64

	// Include are patterns of layers that are always chosen, on top of the
	// percentage; Exclude of layers that are no candidates, which has precedence.
	// Patterns are those of [path.Match], so * also matches dots, and are held
	// against the name, the name without .weight and the type.
	Include, Exclude []string

	// Norms, Head and Embeddings say how these layers are treated, recognised by
	// name; Include and Exclude have precedence.
	Norms, Head, Embeddings Policy
}

// String describes the rule in words.
func (s Selector) String() string {
	var b strings.Builder
	of := map[Scope]string{ScopeType: "each type", ScopeBlock: "each block", ScopeGlobal: "all layers"}[s.Scope]
	fmt.Fprintf(&b, "top %v %% of %s", s.percent(), of)
	add := func(ok bool, format string, args ...any) {
		if ok {
			fmt.Fprintf(&b, "; "+format, args...)
		}
	}
	add(s.Ceil, "rounded up")
	add(s.Min > 0, "at least %d of each type", s.Min)
	add(s.Max > 0, "at most %d of each type", s.Max)
	add(s.Budget > 0 && s.BytesPerParam == 0, "at most %d parameters", s.Budget)
	add(s.Budget > 0 && s.BytesPerParam != 0, "at most %d bytes at %v a parameter", s.Budget, s.BytesPerParam)
	var weights []string
	for _, t := range slices.Sorted(maps.Keys(s.Factors)) {
		weights = append(weights, fmt.Sprintf("%s=%v", t, s.Factors[t]))
	}
	add(len(weights) > 0, "weights %s", strings.Join(weights, ", "))
	add(len(s.Include) > 0, "always %s", strings.Join(s.Include, ", "))
	add(len(s.Exclude) > 0, "never %s", strings.Join(s.Exclude, ", "))
	add(s.Norms != PolicyRanked, "norms %v", s.Norms)
	add(s.Head != PolicyRanked, "head %v", s.Head)
	add(s.Embeddings != PolicyRanked, "embeddings %v", s.Embeddings)
	return b.String()
}

func (s Selector) percent() float64 {
	if s.Percent == 0 && s.Budget > 0 {
		return 100
	}
	return s.Percent
}

// Check says what is wrong with the settings. The error wraps spectrum.ErrOption.
func (s Selector) Check() error {
	if !(s.Percent >= 0 && s.Percent <= 100) {
		return fmt.Errorf("%w: top %v %% is outside 0…100", option.Err, s.Percent)
	}
	if s.Min < 0 || s.Max < 0 || s.Max > 0 && s.Min > s.Max {
		return fmt.Errorf("%w: at least %d and at most %d of each type", option.Err, s.Min, s.Max)
	}
	if s.Budget < 0 || !(s.BytesPerParam >= 0 && s.BytesPerParam <= math.MaxInt32) {
		return fmt.Errorf("%w: budget %d at %v bytes a parameter", option.Err, s.Budget, s.BytesPerParam)
	}
	for t, w := range s.Factors {
		if !(w >= 0 && w <= math.MaxFloat64) {
			return fmt.Errorf("%w: weight %v of type %q", option.Err, w, t)
		}
	}
	if err := names.CheckPatterns(slices.Concat(s.Include, s.Exclude)); err != nil {
		return fmt.Errorf("%w: %w", option.Err, err)
	}
	if err := scopes().Check(uint8(s.Scope)); err != nil {
		return err
	}
	for _, p := range []Policy{s.Norms, s.Head, s.Embeddings} {
		if err := policies().Check(uint8(p)); err != nil {
			return err
		}
	}
	return nil
}

// Select chooses among layers, whose names are unique. The error wraps
// spectrum.ErrOption if [Selector.Check] finds fault, if there is a budget and a layer
// whose size is unknown, if the budget does not hold the layers that are
// always chosen, if a pattern matches no layer, or if a factor is for a type of none.
func (s Selector) Select(layers []Layer) (*Selection, error) {
	c, err := s.choose(layers)
	if err != nil {
		return nil, err
	}
	c.findTies()
	return c.selection(s.String()), nil
}

// ControlGroup chooses at random, as a control for an ablation: of each type and size
// as many layers as [Selector.Select] does, so that the numbers of layers and
// parameters are the same, and the same layers where the choice is not by score
// (Include, PolicyAlways). The seed decides, not the order of the input.
func (s Selector) ControlGroup(layers []Layer, seed uint64) (*Selection, error) {
	c, err := s.choose(layers)
	if err != nil {
		return nil, err
	}
	c.shuffle(rand.New(rand.NewPCG(seed, 0)))
	return c.selection(fmt.Sprintf("random control, seed %d, of the size of: %v", seed, s)), nil
}

// IsForced reports whether a layer of this name and type is chosen whatever its
// score. Such layers may be passed to Select with a NaN score.
func (s Selector) IsForced(name, typ string) bool { return s.policy(name, typ) == PolicyAlways }

func (s Selector) policy(name, typ string) Policy {
	switch {
	case matches(s.Exclude, name, typ):
		return PolicyNever
	case matches(s.Include, name, typ):
		return PolicyAlways
	}
	switch names.KindOf(name) {
	case names.Norm:
		return s.Norms
	case names.Head:
		return s.Head
	case names.Embedding:
		return s.Embeddings
	}
	return PolicyRanked
}

// matches expects patterns that are well-formed.
func matches(patterns []string, name, typ string) bool {
	_, ok := names.Match(patterns, name, typ)
	return ok
}

// cost returns what a layer takes of the budget.
func (s Selector) cost(l Layer) float64 {
	if s.BytesPerParam == 0 {
		return float64(l.Params)
	}
	return float64(l.Params) * s.BytesPerParam
}

// byScore orders candidates by descending score.
func byScore(a, b *candidate) int { return cmp.Compare(b.score, a.score) }
