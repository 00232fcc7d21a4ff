package emit

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/format/strictjson"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

func peft() trainer {
	return trainer{
		format:   PEFT,
		about:    "adapter_config.json of a LoraConfig, with ranks in proportion to the SNR",
		matching: "in a list a module's name or its end behind a dot, else re.fullmatch; parameters likewise",
		write:    writePEFT,
		omit:     notForPEFT,
		read:     readPEFT,
	}
}

// loraConfig is what PEFT reads as adapter_config.json, or LoraConfig(**…). Targets are a
// list, because from 0.19 on PEFT resolves a string for models with experts to the last
// components of names, which every block has.
type loraConfig struct {
	PEFTType         string   `json:"peft_type"`
	TaskType         string   `json:"task_type"`
	Rank             int      `json:"r"`
	Alpha            int      `json:"lora_alpha"`
	Dropout          int      `json:"lora_dropout"` // 0, which target_parameters need
	TargetModules    []string `json:"target_modules"`
	TargetParameters []string `json:"target_parameters,omitempty"`
	RankPattern      ordered  `json:"rank_pattern"`
	AlphaPattern     ordered  `json:"alpha_pattern"`
	ModulesToSave    []string `json:"modules_to_save,omitempty"`
}

func writePEFT(sel *selection.Selection, how Training) (string, error) {
	c, err := newLoRA(sel, how)
	if err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(loraConfig{
		PEFTType: "LORA", TaskType: "CAUSAL_LM", Rank: c.rank, Alpha: c.alpha,
		TargetModules: append([]string{}, c.modules...), TargetParameters: c.parameters,
		RankPattern: c.ranks, AlphaPattern: c.alphas, ModulesToSave: c.saved,
	}, "", "  ")
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

// rankKeys returns the keys in their order, by which PEFT chooses.
func rankKeys(text json.RawMessage) (keys []string, err error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	var ranks map[string]int
	if err := strictjson.Unmarshal(text, &ranks); err != nil {
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
// PEFT takes the first key that ends the name of a module, or of a parameter that is a
// target by itself.
func inspectRanks(rep *Report, keys, parameters []string) {
	known := make(map[string]bool, len(keys))
	for _, k := range keys {
		known[k] = true
	}
	used := make(map[string]bool)
	for _, name := range rep.Names {
		m, _ := names.Module(name)
		if endsWithAny(name, parameters) {
			m = name
		}
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
