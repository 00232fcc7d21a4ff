package emit

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

func peft() trainer {
	return trainer{
		format:   PEFT,
		about:    "adapter_config.json of a LoraConfig, with ranks in proportion to the SNR",
		matching: "re.fullmatch of a module's name, or, in a list, its name or its end behind a dot",
		write:    writePEFT,
		read:     readPEFT,
	}
}

// adapted returns the modules of a selection that get adapters, and the norms,
// which have none and are trained whole.
func adapted(sel *selection.Selection) (targets, norms []string, err error) {
	for _, l := range sel.Layers() {
		m, ok := names.Module(l.Name)
		switch {
		case !ok:
			return nil, nil, fmt.Errorf("%s is not the weight of a module", l.Name)
		case names.KindOf(m) == names.Norm:
			norms = append(norms, m)
		default:
			targets = append(targets, m)
		}
	}
	if len(targets) == 0 {
		return nil, nil, errors.New("there is no matrix to put an adapter on")
	}
	return targets, norms, nil
}

// loraConfig is what PEFT reads as adapter_config.json, or LoraConfig(**…).
type loraConfig struct {
	PEFTType      string   `json:"peft_type"`
	TaskType      string   `json:"task_type"`
	Rank          int      `json:"r"`
	Alpha         int      `json:"lora_alpha"`
	TargetModules string   `json:"target_modules"`
	RankPattern   ordered  `json:"rank_pattern"`
	AlphaPattern  ordered  `json:"alpha_pattern"`
	ModulesToSave []string `json:"modules_to_save,omitempty"`
}

// writePEFT puts an adapter on every chosen matrix, of a rank in proportion to its
// SNR, with lora_alpha in proportion to the rank, so that all are scaled alike.
// Norms have no adapter: they are trained whole.
func writePEFT(sel *selection.Selection, how Training) (string, error) {
	c := loraConfig{PEFTType: "LORA", TaskType: "CAUSAL_LM", Rank: cmp.Or(how.Rank, 16)}
	if c.Rank < 1 || c.Rank > 1<<16 {
		return "", fmt.Errorf("rank %d", c.Rank)
	}
	c.Alpha = 2 * c.Rank
	targets, norms, err := adapted(sel)
	if err != nil {
		return "", err
	}
	c.TargetModules, c.ModulesToSave = "^"+alternation(targets)+"$", norms
	factors := strengths(sel)
	ranks := make(map[string]int)
	for _, m := range targets {
		if r := max(1, int(math.Round(float64(c.Rank)*factors[names.Parameter(m)]))); r != c.Rank {
			ranks[m] = r
		}
	}
	// PEFT takes the first key that ends a module's name, so longer ones go first.
	for _, m := range slices.SortedFunc(maps.Keys(ranks), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	}) {
		c.RankPattern = append(c.RankPattern, pair{m, ranks[m]})
		c.AlphaPattern = append(c.AlphaPattern, pair{m, 2 * ranks[m]})
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return "", err
	}
	return string(text) + "\n", nil
}

// ordered is a JSON object whose members keep their order.
type ordered []pair

type pair struct {
	key   string
	value int
}

// MarshalJSON implements [json.Marshaler].
func (o ordered) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, p := range o {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendQuoteToASCII(out, p.key) // names are plain ASCII
		out = strconv.AppendInt(append(out, ':'), int64(p.value), 10)
	}
	return append(out, '}'), nil
}

// readPEFT reads target_modules, a regular expression or a list, and what goes with
// it. Entries match modules, whose weights then get adapters.
func readPEFT(r *Rules, text string) error {
	var c struct {
		TargetModules json.RawMessage `json:"target_modules"`
		ModulesToSave []string        `json:"modules_to_save"`
		RankPattern   json.RawMessage `json:"rank_pattern"`
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	var expr string
	var items []string
	switch {
	case json.Unmarshal(c.TargetModules, &expr) == nil:
		e, err := patternEntry("target_modules", expr, whole)
		if err != nil {
			return err
		}
		e.module = true
		r.entries = append(r.entries, e)
	case json.Unmarshal(c.TargetModules, &items) == nil:
		if err := r.add(items, moduleEntry); err != nil {
			return err
		}
	default:
		return errors.New("no target_modules")
	}
	for _, m := range c.ModulesToSave {
		r.entries = append(r.entries, entry{text: "modules_to_save " + m, module: true, literal: []string{m}, exact: true,
			match: func(n string) bool { return strings.HasSuffix(n, m) }})
	}
	keys, err := rankKeys(c.RankPattern)
	if err != nil {
		return fmt.Errorf("rank_pattern: %w", err)
	}
	r.inspect = func(rep *Report) { inspectRanks(rep, keys) }
	return nil
}

// rankKeys returns the keys in their order, by which PEFT chooses.
func rankKeys(text json.RawMessage) (keys []string, err error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	var ranks map[string]int
	if err := json.Unmarshal(text, &ranks); err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	for d.More() || d.InputOffset() < int64(len(text)) {
		t, err := d.Token()
		if err != nil {
			break
		}
		if key, ok := t.(string); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// inspectRanks finds keys of rank_pattern that reach no module, or not their own:
// PEFT takes the first key that ends the name of a module.
func inspectRanks(rep *Report, keys []string) {
	known := make(map[string]bool, len(keys))
	for _, k := range keys {
		known[k] = true
	}
	used := make(map[string]bool)
	for _, name := range rep.Names {
		m, _ := names.Module(name)
		// Without a key of another length before it, the module's own is first.
		i := slices.IndexFunc(keys, func(k string) bool { return m == k || strings.HasSuffix(m, "."+k) })
		if i < 0 {
			continue
		}
		used[keys[i]] = true
		if known[m] && keys[i] != m {
			rep.Accidental = append(rep.Accidental, Match{name, []string{"rank_pattern " + keys[i]}})
		}
	}
	for _, k := range keys {
		if !used[k] {
			rep.Unmatched = append(rep.Unmatched, "rank_pattern "+k)
		}
	}
}
