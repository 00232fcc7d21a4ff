package emit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/selection"
)

// notes are what makes partly frozen models fail without a word, as comments.
const notes = `# FSDP 1: use_orig_params: true (axolotl: fsdp_use_orig_params), or a unit of frozen
# and trained parameters fails. DeepSpeed: freeze before deepspeed.initialize.
# Gradient checkpointing with frozen embeddings: use_reentrant: false, or
# model.enable_input_require_grads(); else nothing gets a gradient.
`

// header says in comments how a selection was made.
func header(sel *selection.Selection) string {
	rule := cmp.Or(sel.Rule, fmt.Sprintf("top %v %%", sel.Percent))
	text := fmt.Sprintf("# spectrum: %s: %d layers\n", oneLine(rule), len(sel.Layers()))
	for _, g := range sel.Groups {
		if g.DecidedByTie {
			text += fmt.Sprintf("# the choice among %s was decided by the order of layers of equal score\n", g.Type)
		}
	}
	return text
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// axolotl writes anchored patterns. Their dots stay, because axolotl escapes them
// itself: an escaped dot would become an escaped backslash.
func axolotl(sel *selection.Selection) string {
	var b strings.Builder
	b.WriteString(header(sel) + notes + "unfrozen_parameters:\n")
	for _, l := range sel.Layers() {
		b.WriteString("- ^" + quote(l.Name, ".") + "$\n")
	}
	return b.String()
}

// list writes strings as a Python list that is JSON too.
func list(items []string) string {
	text, err := json.MarshalIndent(items, "", "    ")
	if err != nil {
		panic("emit: strings do not marshal") // they do
	}
	return strings.TrimSuffix(string(text), "\n]") + ",\n]"
}

func python(sel *selection.Selection) string {
	return header(sel) + notes + `
TRAINABLE = ` + list(layerNames(sel.Layers())) + `


def freeze(model):
    """Train the parameters of TRAINABLE and freeze all others."""
    missing = set(TRAINABLE) - {name for name, _ in model.named_parameters()}
    if missing:
        raise ValueError(f"not in the model: {sorted(missing)}")
    trainable = set(TRAINABLE)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name in trainable
`
}

func trl(sel *selection.Selection) string {
	patterns := layerNames(sel.Layers())
	for i, p := range patterns {
		patterns[i] = "^" + quote(p, "") + "$"
	}
	return header(sel) + notes + `#
#     from unfrozen import freeze
#     freeze(model)
#     trainer = SFTTrainer(model=model, args=SFTConfig(...), train_dataset=...)
import re

UNFROZEN = ` + list(patterns) + `


def freeze(model):
    """Train the parameters that UNFROZEN matches and freeze all others."""
    unused = set(UNFROZEN)
    patterns = [re.compile(pattern) for pattern in UNFROZEN]
    for name, parameter in model.named_parameters():
        matching = [p.pattern for p in patterns if p.match(name)]
        parameter.requires_grad = bool(matching)
        unused.difference_update(matching)
    if unused:
        raise ValueError(f"match nothing in the model: {sorted(unused)}")
`
}

// swiftFull freezes all but what the expression finds.
const swiftFull = "--freeze_parameters_ratio 1"

func msSwift(sel *selection.Selection) string {
	return header(sel) + "# for full training: swift sft --train_type full (--tuner_type full since 4.0) …\n" + notes +
		swiftFull + " --trainable_parameters_regex '^" + alternation(layerNames(sel.Layers())) + "$'\n"
}

// strengths returns, for every chosen layer by name, its SNR over the median of
// those chosen of its type, between ½ and 2. An infinite score gives 2 if the
// median is finite, a missing one, or none to compare with, 1.
func strengths(sel *selection.Selection) map[string]float64 {
	out := make(map[string]float64)
	for _, g := range sel.Groups {
		var scores []float64
		for _, l := range g.Chosen {
			if !math.IsNaN(l.SNR) {
				scores = append(scores, l.SNR)
			}
		}
		slices.Sort(scores)
		for _, l := range g.Chosen {
			out[l.Name] = 1
			if n := len(scores); n > 0 {
				if x := l.SNR / (scores[(n-1)/2]/2 + scores[n/2]/2); !math.IsNaN(x) {
					out[l.Name] = min(max(x, 0.5), 2)
				}
			}
		}
	}
	return out
}

func learningRates(sel *selection.Selection) string {
	factors := strengths(sel)
	var b strings.Builder
	b.WriteString("name,type,snr,lr_multiplier\n")
	for _, l := range sel.Layers() {
		snr := ""
		switch {
		case math.IsInf(l.SNR, 1):
			snr = "Infinity"
		case !math.IsNaN(l.SNR):
			snr = strconv.FormatFloat(l.SNR, 'g', -1, 64)
		}
		fmt.Fprintf(&b, "%s,%s,%s,%.4g\n", l.Name, l.Type, snr, factors[l.Name])
	}
	return b.String()
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

// peft puts an adapter on every chosen matrix, of a rank in proportion to its
// SNR, with lora_alpha in proportion to the rank, so that all are scaled alike.
// Norms have no adapter: they are trained whole.
func peft(sel *selection.Selection, opt Options) (string, error) {
	c := loraConfig{PEFTType: "LORA", TaskType: "CAUSAL_LM", Rank: cmp.Or(opt.Rank, 16)}
	if c.Rank < 1 || c.Rank > 1<<16 {
		return "", fmt.Errorf("%w: rank %d", ErrInexpressible, c.Rank)
	}
	c.Alpha = 2 * c.Rank
	factors := strengths(sel)
	ranks := make(map[string]int)
	var targets []string
	for _, l := range sel.Layers() {
		m, ok := module(l.Name)
		switch {
		case !ok:
			return "", fmt.Errorf("%w for peft: %s is not the weight of a module", ErrInexpressible, l.Name)
		case isNorm(m):
			c.ModulesToSave = append(c.ModulesToSave, m)
		default:
			targets = append(targets, m)
			if r := max(1, int(math.Round(float64(c.Rank)*factors[l.Name]))); r != c.Rank {
				ranks[m] = r
			}
		}
	}
	if len(targets) == 0 {
		return "", fmt.Errorf("%w for peft: there is no matrix to put an adapter on", ErrInexpressible)
	}
	c.TargetModules = "^" + alternation(targets) + "$"
	// PEFT takes the first key that ends a module's name, so longer ones go first.
	for _, m := range slices.SortedFunc(maps.Keys(ranks), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	}) {
		c.RankPattern = append(c.RankPattern, pair{m, ranks[m]})
		c.AlphaPattern = append(c.AlphaPattern, pair{m, 2 * ranks[m]})
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return "", fmt.Errorf("emit: %w", err)
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
