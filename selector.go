package spectrum

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
)

// Scope says which layers compete with each other.
type Scope uint8

const (
	// WithinType ranks each type for itself, as the paper does.
	WithinType Scope = iota
	// WithinBlock ranks the layers of each block; those outside blocks are
	// ranked together.
	WithinBlock
	// Global ranks all layers. Scores of different shapes are hardly comparable
	// (see [NoiseIQR]); Selector.Weights can even them out.
	Global
)

func scopeNames() []string { return []string{"type", "block", "global"} }

// String returns "type", "block" or "global".
func (s Scope) String() string { return nameOf(scopeNames(), int(s)) }

// MarshalText returns the name of s. The error wraps [ErrOption].
func (s Scope) MarshalText() ([]byte, error) {
	return []byte(s.String()), checkIndex(scopeNames(), "scope", int(s))
}

// UnmarshalText sets s from its name. The error wraps [ErrOption].
func (s *Scope) UnmarshalText(text []byte) error {
	i, err := indexOf(scopeNames(), "scope", string(text))
	if err == nil {
		*s = Scope(i)
	}
	return err
}

// Policy says how a kind of layer is treated.
type Policy uint8

const (
	Ranked Policy = iota // like all others
	Always               // chosen whatever its score
	Never                // not a candidate
)

func policyNames() []string { return []string{"ranked", "always", "never"} }

// String returns "ranked", "always" or "never".
func (p Policy) String() string { return nameOf(policyNames(), int(p)) }

// MarshalText returns the name of p. The error wraps [ErrOption].
func (p Policy) MarshalText() ([]byte, error) {
	return []byte(p.String()), checkIndex(policyNames(), "policy", int(p))
}

// UnmarshalText sets p from its name. The error wraps [ErrOption].
func (p *Policy) UnmarshalText(text []byte) error {
	i, err := indexOf(policyNames(), "policy", string(text))
	if err == nil {
		*p = Policy(i)
	}
	return err
}

// Selector chooses layers by their scores. Its zero value chooses none; with
// only Percent set it is [SelectTopK].
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

	// Weights multiply, by type, the percentage if Scope is WithinType, else the
	// score. A type that is not there has weight 1; weight 0 makes it no candidate.
	Weights map[string]float64

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
	of := map[Scope]string{WithinType: "each type", WithinBlock: "each block", Global: "all layers"}[s.Scope]
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
	add(len(s.Weights) > 0, "weights %v", s.Weights) // fmt sorts the keys
	add(len(s.Include) > 0, "always %s", strings.Join(s.Include, ", "))
	add(len(s.Exclude) > 0, "never %s", strings.Join(s.Exclude, ", "))
	add(s.Norms != Ranked, "norms %v", s.Norms)
	add(s.Head != Ranked, "head %v", s.Head)
	add(s.Embeddings != Ranked, "embeddings %v", s.Embeddings)
	return b.String()
}

func (s Selector) percent() float64 {
	if s.Percent == 0 && s.Budget > 0 {
		return 100
	}
	return s.Percent
}

// Check says what is wrong with the settings. The error wraps [ErrOption].
func (s Selector) Check() error {
	if !(s.Percent >= 0 && s.Percent <= 100) {
		return fmt.Errorf("%w: top %v %% is outside 0…100", ErrOption, s.Percent)
	}
	if s.Min < 0 || s.Max < 0 || s.Max > 0 && s.Min > s.Max {
		return fmt.Errorf("%w: at least %d and at most %d of each type", ErrOption, s.Min, s.Max)
	}
	if s.Budget < 0 || !(s.BytesPerParam >= 0 && s.BytesPerParam <= math.MaxInt32) {
		return fmt.Errorf("%w: budget %d at %v bytes a parameter", ErrOption, s.Budget, s.BytesPerParam)
	}
	for t, w := range s.Weights {
		if !(w >= 0 && w <= math.MaxFloat64) {
			return fmt.Errorf("%w: weight %v of type %q", ErrOption, w, t)
		}
	}
	if err := names.CheckPatterns(slices.Concat(s.Include, s.Exclude)); err != nil {
		return fmt.Errorf("%w: %w", ErrOption, err)
	}
	if err := checkIndex(scopeNames(), "scope", int(s.Scope)); err != nil {
		return err
	}
	for _, p := range []Policy{s.Norms, s.Head, s.Embeddings} {
		if err := checkIndex(policyNames(), "policy", int(p)); err != nil {
			return err
		}
	}
	return nil
}

// Select chooses among layers, whose names are unique. The error wraps
// [ErrOption] if [Selector.Check] finds fault, if there is a budget and a layer
// whose size is unknown, or if the budget does not hold the layers that are
// always chosen.
func (s Selector) Select(layers []Layer) (*Selection, error) {
	c, err := s.choose(layers)
	if err != nil {
		return nil, err
	}
	c.findTies()
	return c.selection(s.String()), nil
}

// Control chooses at random, as a control for an ablation: of each type and size
// as many layers as [Selector.Select] does, so that the numbers of layers and
// parameters are the same, and the same layers where the choice is not by score
// (Include, Always). The seed decides, not the order of the input.
func (s Selector) Control(layers []Layer, seed uint64) (*Selection, error) {
	c, err := s.choose(layers)
	if err != nil {
		return nil, err
	}
	c.shuffle(rand.New(rand.NewPCG(seed, 0)))
	return c.selection(fmt.Sprintf("random control, seed %d, of the size of: %v", seed, s)), nil
}

// Forces reports whether a layer of this name and type is chosen whatever its
// score. Such layers may be passed to Select with a NaN score.
func (s Selector) Forces(name, typ string) bool { return s.policy(name, typ) == Always }

func (s Selector) policy(name, typ string) Policy {
	switch {
	case matches(s.Exclude, name, typ):
		return Never
	case matches(s.Include, name, typ):
		return Always
	}
	switch names.KindOf(name) {
	case names.Norm:
		return s.Norms
	case names.Head:
		return s.Head
	case names.Embedding:
		return s.Embeddings
	}
	return Ranked
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

// TrainingBytes returns the bytes of gradient, optimiser state and master weight
// that a trained parameter takes, as a Selector's BytesPerParam.
//
// Precision float32 has float32 weights, gradients and state, also where a
// trainer computes in bfloat16 by autocast; mixed has bfloat16 weights and
// gradients, and float32 state and master weights; bfloat16 has nothing else.
// Optimisers: adamw (two moments), adamw8bit (two of 8 bits, with a float32 scale
// for 256), lion, momentum and muon (one), sgd (none). The error wraps [ErrOption].
func TrainingBytes(optimiser, precision string) (float64, error) {
	type bytes struct{ gradient, master, moment float64 }
	precisions := []string{"float32", "mixed", "bfloat16"}
	i, err := indexOf(precisions, "precision", precision)
	if err != nil {
		return 0, err
	}
	p := []bytes{{4, 0, 4}, {2, 4, 4}, {2, 0, 2}}[i]
	optimisers := []string{"adamw", "adamw8bit", "lion", "momentum", "muon", "sgd"}
	i, err = indexOf(optimisers, "optimiser", optimiser)
	if err != nil {
		return 0, err
	}
	state := []float64{2 * p.moment, 2 * (1 + 4./256), p.moment, p.moment, p.moment, 0}[i]
	return p.gradient + p.master + state, nil
}

// byScore orders candidates by descending score.
func byScore(a, b *candidate) int { return cmp.Compare(b.score, a.score) }
