package emit_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/emit"
)

// randomFiles makes files for consumers that have nothing to do with what is written for
// them, but are as people write them.
type randomFiles struct {
	*rand.Rand
	names   []string
	written map[emit.Format]string // files of Python, in whose lists others are put
}

// one is one of several.
func (r *randomFiles) one(of ...string) string { return of[r.IntN(len(of))] }

// some is a list of one to four.
func (r *randomFiles) some(item func() string) (list []string) {
	for range 1 + r.IntN(4) {
		list = append(list, item())
	}
	return list
}

var number = regexp.MustCompile(`\d+`)

// pattern makes a pattern of Python's re out of a name.
func (r *randomFiles) pattern() string {
	parts := strings.Split(r.one(r.names...), ".")
	from := r.IntN(len(parts))
	to := from + 1 + r.IntN(len(parts)-from)
	if r.IntN(2) == 0 {
		from = 0
	}
	p := strings.Join(parts[from:to], r.one(".", `\.`, ".*"))
	switch r.IntN(5) {
	case 0:
		p = number.ReplaceAllString(p, `\d+`)
	case 1:
		p = number.ReplaceAllString(p, `(?:1|2|[5-7])`)
	case 2:
		p = number.ReplaceAllString(p, `(?!1)[0-9]+`)
	}
	return r.one("", "^") + p + r.one("", "$", ".*")
}

// modulePattern is mostly one that reaches nothing but modules that PEFT can adapt.
func (r *randomFiles) modulePattern() string {
	if r.IntN(5) == 0 {
		return r.pattern()
	}
	if r.experts() && r.IntN(4) == 0 {
		return r.one(`.*_proj`, `.*\.experts\..*`, `.*\.mlp\.gate`, `.*[qk]_proj`, `.*gate_proj|.*up_proj`, `.*up_proj`)
	}
	parts := strings.Split(r.leaf(), ".")
	p := `.*\.` + strings.Join(parts[max(0, len(parts)-1-r.IntN(4)):], `\.`)
	return number.ReplaceAllString(p, r.one(`\d+`, `(?:1|2|[5-7])`, `(?!1)[0-9]+`, "1"))
}

// leaf is the name of a module that is mostly no norm.
func (r *randomFiles) leaf() string {
	for {
		name := r.one(r.names...)
		if !strings.Contains(name, "norm") && !strings.Contains(name, "ln_") || r.IntN(30) == 0 {
			return strings.TrimSuffix(name, ".weight")
		}
	}
}

// experts reports whether the model has its experts in one parameter.
func (r *randomFiles) experts() bool {
	return slices.Contains(r.names, "model.layers.0.mlp.experts.gate_up_proj")
}

// module is the end of the name of a module, seldom of one that holds others.
func (r *randomFiles) module() string {
	if r.experts() && r.IntN(8) == 0 {
		return r.one("gate", "gate_proj", "up_proj", "mlp.experts.0.up_proj", "down_proj", "model.layers.3.mlp.gate", "mlp.experts.gate_up_proj")
	}
	parts := strings.Split(r.leaf(), ".")
	parts = parts[r.IntN(len(parts)):]
	if r.IntN(30) == 0 {
		parts = parts[:1+r.IntN(len(parts))]
	}
	return strings.Join(parts, ".")
}

// scalar spells a text for YAML.
func (r *randomFiles) scalar(s string) string {
	switch r.IntN(4) {
	case 0:
		return "'" + s + "'"
	case 1:
		return strconv.Quote(s)
	}
	return s
}

// list spells a list for YAML, in one of its ways.
func (r *randomFiles) list(key string, items []string) string {
	if r.IntN(4) == 0 {
		for i := range items {
			items[i] = strconv.Quote(items[i])
		}
		return key + ": [" + strings.Join(items, r.one(",", ", ")) + "]\n"
	}
	text, indent := key+":\n", r.one("", "  ")
	for _, item := range items {
		text += indent + "- " + r.scalar(item) + r.one("", "", "  # why") + "\n"
	}
	return text
}

// python spells a list for Python, behind a name.
func (r *randomFiles) python(file, name string, items []string) string {
	text := name + " = ["
	for i, item := range items {
		quoted := r.one(strconv.Quote(item), "r'"+item+"'", `r"`+item+`"`)
		if i > 0 {
			text += ","
		}
		text += r.one(" ", "\n    ", "\n    # why, \"]\n    ") + quoted
	}
	if len(items) > 0 {
		text += r.one("", ",", "\n", ",\n")
	}
	text += "]"
	return regexp.MustCompile(`(?ms)^`+name+` = \[.*?\]$`).ReplaceAllLiteralString(file, text)
}

// maybe is what is in one of n files.
func (r *randomFiles) maybe(n int, text func() string) string {
	if r.IntN(n) > 0 {
		return ""
	}
	return text()
}

// file makes a file for a consumer.
func (r *randomFiles) file(consumer emit.Format) string {
	switch consumer {
	case emit.Axolotl:
		return "base_model: x\n" + r.list("unfrozen_parameters", r.some(r.pattern))
	case emit.AxolotlRates:
		return "learning_rate: 1e-5\n" + r.list("unfrozen_parameters", r.some(r.pattern)) + "lr_groups:\n- name: a\n  modules:\n  - " + r.module() + "\n  lr: 2e-5\n"
	case emit.MSSwift:
		return "tuner_type: full\nfreeze_parameters_ratio: 1\ntrainable_parameters_regex: '" + strings.Join(r.some(r.pattern), "|") + "'\n"
	case emit.MSSwiftArgs:
		return "--freeze_parameters_ratio 1 --trainable_parameters_regex '" + strings.Join(r.some(r.pattern), "|") + "'\n"
	case emit.TRL:
		if r.IntN(2) == 0 {
			return r.python(r.written[consumer], "UNFROZEN", r.some(r.pattern))
		}
		return r.dashes(r.some(r.pattern))
	case emit.Substring:
		return r.dashes(r.some(func() string { return strings.Trim(r.pattern(), "^$") }))
	case emit.LLaMAFactory:
		return "finetuning_type: freeze\n" + r.freeze() + r.maybe(5, func() string { return "use_llama_pro: " + r.one("true", "false") + "\n" }) + r.towers()
	case emit.LLaMAFactoryV1:
		return "model: x\npeft_config:\n  name: freeze\n" + regexp.MustCompile(`(?m)^`).ReplaceAllString(strings.TrimSpace(r.freeze()), "  ") + "\n"
	case emit.LLaMAFactoryLoRA:
		return r.factoryLoRA()
	case emit.AxolotlLoRA:
		return r.axolotlLoRA()
	case emit.TRLLoRA:
		return "use_peft: true\n" + r.loraLists()
	case emit.Unsloth:
		text := r.python(r.written[consumer], "TARGET_MODULES", r.some(r.module))
		return r.python(text, "TARGET_PARAMETERS", append([]string{}, r.some(r.module)[r.IntN(2):]...))
	case emit.Verl:
		return r.verl()
	case emit.GaLore:
		return "optim: galore_adamw\n" + r.one(r.list("optim_target_modules", r.some(r.module)), r.list("optim_target_modules", r.some(r.pattern)),
			"optim_target_modules: '"+r.modulePattern()+"'\n", "optim_target_modules: "+r.one("all-linear", "all_linear")+"\n")
	}
	return r.peft()
}

// dashes are lines that begin so, among others.
func (r *randomFiles) dashes(items []string) string {
	text := "unfrozen_parameters:\n"
	for _, item := range items {
		text += r.one("", "", "# mlp layers\n", "  - no\n") + "- " + item + r.one("", "", "", "", " ", " - x") + "\n"
	}
	return text
}

func (r *randomFiles) loraLists() string {
	text := r.one(r.list("lora_target_modules", r.some(r.module)), r.list("lora_target_modules", r.some(r.module)),
		"lora_target_modules: '"+r.modulePattern()+"'\n", "lora_target_modules: all-linear\n")
	return text + r.maybe(3, func() string { return r.list("lora_target_parameters", r.some(r.module)) }) +
		r.maybe(3, func() string { return r.list("lora_modules_to_save", r.some(r.module)) })
}

func (r *randomFiles) axolotlLoRA() string {
	layers := func() string { return fmt.Sprintf("peft_layers_to_transform: [%d, %d]\n", r.IntN(4), r.IntN(12)) }
	return "adapter: lora\n" + r.one(r.loraLists(), r.loraLists(), "lora_target_linear: true\n") + r.maybe(6, func() string { return "lora_target_linear: " + r.one("true", "false") + "\n" }) +
		r.maybe(3, layers) + r.maybe(5, func() string { return "peft_layers_pattern: [" + r.one("layers", "h", "blocks") + "]\n" })
}

func (r *randomFiles) factoryLoRA() string {
	text := r.one(r.list("lora_target", r.some(r.module)), "lora_target: all\n",
		"lora_target: "+r.scalar(strings.Join(r.some(r.module), r.one(",", ", ")))+"\n")
	return text + r.maybe(3, func() string { return "additional_target: " + strings.Join(r.some(r.module), ",") + "\n" }) +
		r.maybe(8, func() string { return fmt.Sprintf("use_llama_pro: true\nfreeze_trainable_layers: %d\n", 1+r.IntN(4)) }) + r.towers()
}

// towers says what of a multimodal model is frozen.
func (r *randomFiles) towers() (text string) {
	for _, key := range []string{"freeze_vision_tower", "freeze_multi_modal_projector", "freeze_language_model"} {
		text += r.maybe(2, func() string { return key + ": " + r.one("true", "false") + "\n" })
	}
	return text
}

// freeze is what both versions of LLaMA-Factory take.
func (r *randomFiles) freeze() string {
	component := func() string { // of a block
		parts := strings.Split(r.leaf(), ".")
		for i, p := range parts[:len(parts)-1] {
			if number.MatchString(p) {
				return parts[i+1]
			}
		}
		return "all"
	}
	outside := func() string {
		for {
			if name := r.one(r.names...); !regexp.MustCompile(`\.\d+\.`).MatchString(name) || r.IntN(200) == 0 {
				parts := strings.Split(name, ".")
				return parts[max(0, len(parts)-2)]
			}
		}
	}
	list := func(key string, item func() string) string {
		return r.one(r.list(key, r.some(item)), key+": "+r.scalar(strings.Join(r.some(item), r.one(",", ", ")))+"\n")
	}
	return fmt.Sprintf("freeze_trainable_layers: %d\n", r.IntN(13)-5) + list("freeze_trainable_modules", component) +
		r.maybe(3, func() string { return list("freeze_extra_modules", outside) })
}

func (r *randomFiles) verl() string {
	override := func(list func() string) string {
		quote := r.one("", `"`)
		if r.IntN(4) == 0 {
			return `"` + r.modulePattern() + `"`
		}
		items := r.some(list)
		return "[" + quote + strings.Join(items, quote+r.one(",", ", ")+quote) + quote + "]"
	}
	value := override(r.module)
	if r.IntN(6) == 0 {
		value = "all-linear"
	}
	const model = "actor_rollout_ref.model."
	return "trainer.nnodes=1 " + model + "lora_rank=8 \\\n '" + model + "target_modules=" + value + "'" +
		r.maybe(3, func() string { return " '" + model + "exclude_modules=" + override(r.module) + "'" }) +
		r.maybe(3, func() string {
			return " '+" + model + "target_parameters=[" + strings.Join(r.some(r.module), ",") + "]'"
		}) + "\n"
}

func (r *randomFiles) peft() string {
	config := map[string]any{"target_modules": strings.Join(r.some(r.modulePattern), "|"), "r": 8}
	if r.IntN(10) == 0 {
		config["target_modules"] = "all-linear"
	}
	if r.IntN(3) > 0 {
		config["target_modules"] = r.some(r.module)
		switch r.IntN(4) {
		case 0:
			config["layers_to_transform"] = []int{r.IntN(4), r.IntN(12)}
		case 1:
			config["layers_to_transform"], config["layers_pattern"] = r.IntN(8), "layers"
		}
	}
	switch r.IntN(4) {
	case 0:
		config["exclude_modules"] = []string{r.module()}
	case 1:
		config["exclude_modules"] = r.modulePattern()
	}
	if r.IntN(4) == 0 {
		config["modules_to_save"] = r.some(r.module)
	}
	if r.IntN(4) == 0 {
		config["target_parameters"] = r.some(r.module)
	}
	text, _ := json.Marshal(config)
	return string(text)
}

// modules are the files of Python of which random ones differ by their lists only.
func modules(t *testing.T) map[emit.Format]string {
	t.Helper()
	all := make(map[emit.Format]string)
	for _, f := range []emit.Format{emit.TRL, emit.Unsloth} {
		file, err := emit.Make(f, selected(), emit.Training{})
		require.NoError(t, err)
		all[f] = file.Text
	}
	return all
}
