package delta

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/internal/format/strictjson"
)

// peftConfig is what adapter_config.json says of the scaling of an adapter, with the defaults of
// PEFT's LoraConfig.
type peftConfig struct {
	known        bool // there is such a file, and it was read
	kind         string
	rank         int
	alpha        float64
	rankPattern  []pattern
	alphaPattern []pattern
	rsLoRA, dora bool
	transposed   bool   // fan_in_fan_out: weights are stored inputs × outputs
	initial      string // init_lora_weights, where it changes the base
	unread       error  // why the file was not read
}

// pattern gives the modules that it fits a value of their own.
type pattern struct {
	key   string
	value float64
	fits  *regexp.Regexp // nil for a key that is no pattern of Go
}

// lora is the peft_type that is read.
const lora = "LORA"

// readConfig reads a config, nil for none.
func readConfig(text []byte) peftConfig {
	c := peftConfig{kind: lora, rank: 8, alpha: 8}
	if text == nil {
		return c
	}
	c.known = true
	var raw struct {
		Kind    *string         `json:"peft_type"`
		Rank    *int            `json:"r"`
		Alpha   *float64        `json:"lora_alpha"`
		Ranks   json.RawMessage `json:"rank_pattern"`
		Alphas  json.RawMessage `json:"alpha_pattern"`
		RSLoRA  bool            `json:"use_rslora"`
		DoRA    bool            `json:"use_dora"`
		FanIn   bool            `json:"fan_in_fan_out"`
		Initial any             `json:"init_lora_weights"`
	}
	if err := strictjson.Unmarshal(text, &raw); err != nil {
		c.unread = fmt.Errorf("adapter_config.json: %w: %w", checkpoint.ErrFormat, err)
		return c
	}
	if raw.Kind != nil {
		c.kind = *raw.Kind
	}
	if raw.Rank != nil {
		c.rank = *raw.Rank
	}
	if raw.Alpha != nil {
		c.alpha = *raw.Alpha
	}
	c.rsLoRA, c.dora, c.transposed = raw.RSLoRA, raw.DoRA, raw.FanIn
	// What these begin with is subtracted from the base before training.
	if s, ok := raw.Initial.(string); ok && !slices.Contains([]string{"gaussian", "eva", "orthogonal", "true", "false"}, s) {
		c.initial = s
	}
	for _, p := range []struct {
		text json.RawMessage
		to   *[]pattern
	}{{raw.Ranks, &c.rankPattern}, {raw.Alphas, &c.alphaPattern}} {
		var err error
		if *p.to, err = readPatterns(p.text); err != nil && c.unread == nil {
			c.unread = fmt.Errorf("adapter_config.json: %w: a pattern: %w", checkpoint.ErrFormat, err)
		}
	}
	return c
}

// readPatterns reads patterns in the order of the file, in which the first that fits counts.
func readPatterns(text []byte) (all []pattern, err error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	s, err := strictjson.New(text)
	if err != nil {
		return nil, err
	}
	err = s.Object(func(key string) error {
		raw, err := s.Raw()
		if err != nil {
			return err
		}
		p := pattern{key: key}
		if err := strictjson.Unmarshal(raw, &p.value); err != nil {
			return err
		}
		p.fits, _ = regexp.Compile(`^(?:(?:.*\.)?(?:` + key + `))$`)
		all = append(all, p)
		return nil
	})
	return all, err
}

// valueFor returns the value of the first pattern that fits a module, else the default: PEFT's
// get_pattern_key (peft/utils/other.py), re.match(rf"(.*\.)?({key})$", module).
func valueFor(patterns []pattern, module string, otherwise float64) (float64, error) {
	for _, p := range patterns {
		switch {
		case p.fits == nil && p.key != module:
			return 0, fmt.Errorf("%w: the pattern %q of adapter_config.json is one of Python alone", checkpoint.ErrUnsupported, p.key)
		case p.fits == nil, p.fits.MatchString(module):
			return p.value, nil
		}
	}
	return otherwise, nil
}

// scaling returns α/r, or α/√r, of a module whose factors have a rank. A rank that is another
// than the config's is refused: PEFT does not load such an adapter.
func (c *peftConfig) scaling(module string, rank int) (float64, error) {
	r, err := valueFor(c.rankPattern, module, float64(c.rank))
	if err != nil {
		return 0, err
	}
	alpha, err := valueFor(c.alphaPattern, module, c.alpha)
	if err != nil {
		return 0, err
	}
	if r != float64(rank) {
		return 0, fmt.Errorf("%w: its factors have rank %d, adapter_config.json says %v", checkpoint.ErrFormat, rank, r)
	}
	s := alpha / r
	if c.rsLoRA {
		s = alpha / math.Sqrt(r)
	}
	if math.IsNaN(s) || math.IsInf(s, 0) {
		return 0, fmt.Errorf("%w: a scaling of %v / %v", checkpoint.ErrFormat, alpha, r)
	}
	return s, nil
}

// refuses says why nothing of an adapter of this config is defined without its base, or not read.
func (c *peftConfig) refuses() error {
	switch {
	case c.unread != nil:
		return c.unread
	case c.kind != lora:
		return fmt.Errorf("%w: an adapter of peft_type %q; only %s is read", checkpoint.ErrUnsupported, c.kind, lora)
	case c.dora:
		return errDoRA
	}
	return nil
}

// errDoRA refuses what depends on the weight that it is added to.
var errDoRA = fmt.Errorf("%w: DoRA scales the columns of the sum of base and product, so what it adds depends on the base's weight: merge it, and compare with spectrum delta", checkpoint.ErrUnsupported)
