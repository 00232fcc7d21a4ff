package emit

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Consumers that read files of no format of their own.
const (
	Substring Format = "substring" // the snippet of the reference's README: entry in name
	Names     Format = "names"     // one parameter a line, exactly
)

// Consumers lists what [Parse] knows.
func Consumers() []Format {
	return []Format{Axolotl, Python, TRL, LLaMAFactory, LLaMAFactoryLoRA, MSSwift, PEFT, Substring, Names}
}

// Rules are the entries of a file with the rule of the consumer that reads it.
type Rules struct {
	consumer Format
	rules    []rule
	freeze   *freezeArgs // of LLaMA-Factory
	ranks    []string    // keys of PEFT's rank_pattern, in order
	modules  bool        // entries match modules, whose weights then get adapters
	expected []string
}

// Expect makes [Rules.Verify] compare what is trained with these parameters.
func (r *Rules) Expect(names []string) *Rules {
	out := *r
	out.expected = names
	return &out
}

// Parse reads a file as consumer does: what [Write] wrote for it, and for axolotl,
// trl and substring also the reference's YAML. The error wraps [ErrFormat].
func Parse(consumer Format, text []byte) (*Rules, error) {
	r := &Rules{consumer: consumer}
	s := strings.ReplaceAll(string(text), "\r\n", "\n")
	var err error
	switch consumer {
	case Axolotl:
		err = r.addList(yamlList(s), axolotlRule)
	case TRL:
		items, ok := pythonList(s, "UNFROZEN")
		if !ok {
			items = dashes(s)
		}
		err = r.addList(items, func(item string) (rule, error) { return pythonRule(item, item, atStart) })
	case Substring:
		err = r.addList(dashes(s), func(item string) (rule, error) {
			name := strings.TrimSuffix(strings.TrimPrefix(item, "^"), "$")
			return rule{text: item, literal: []string{name}, match: func(n string) bool { return strings.Contains(n, item) }}, nil
		})
	case Python:
		items, _ := pythonList(s, "TRAINABLE")
		err = r.addList(items, exactRule)
	case Names:
		err = r.addList(strings.Fields(s), exactRule)
	case MSSwift:
		err = r.parseSwift(s)
	case PEFT:
		err = r.parsePEFT(text)
	case LLaMAFactory:
		err = r.parseFreeze(s)
	case LLaMAFactoryLoRA:
		r.modules = true
		err = r.addList(commas(scalar(s, "lora_target")), suffixRule)
		if extra := commas(scalar(s, "additional_target")); err == nil && len(extra) > 0 {
			err = r.addList(extra, suffixRule)
		}
	default:
		return nil, fmt.Errorf("%w: consumer %q; one of %v", ErrFormat, consumer, Consumers())
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// addList makes a rule of each item.
func (r *Rules) addList(items []string, make func(string) (rule, error)) error {
	if len(items) == 0 {
		return fmt.Errorf("%w for %s: no entries found", ErrFormat, r.consumer)
	}
	for _, item := range items {
		x, err := make(item)
		if err != nil {
			return err
		}
		r.rules = append(r.rules, x)
	}
	return nil
}

func exactRule(item string) (rule, error) {
	return rule{text: item, literal: []string{item}, exact: true, match: func(n string) bool { return n == item }}, nil
}

// suffixRule is how PEFT matches an item of a list.
func suffixRule(item string) (rule, error) {
	return rule{text: item, literal: []string{item}, exact: true,
		match: func(n string) bool { return n == item || strings.HasSuffix(n, "."+item) }}, nil
}

var rowRange = regexp.MustCompile(`^(.+)\[([0-9]*)(?::([0-9]*))?\]$`)

// axolotlRule does what axolotl's LayerNamePattern does: it takes a range of rows
// off, escapes every dot that no + follows, and matches from the start.
func axolotlRule(item string) (rule, error) {
	expr := item
	if m := rowRange.FindStringSubmatch(item); m != nil {
		expr = m[1]
	}
	name := strings.TrimSuffix(strings.TrimPrefix(expr, "^"), "$")
	if exact := strings.HasSuffix(expr, "$"); isPlain(name) {
		return rule{text: item, literal: []string{name}, exact: exact, match: func(n string) bool {
			return n == name || !exact && strings.HasPrefix(n, name)
		}}, nil
	}
	var b strings.Builder
	for i := range len(expr) {
		if expr[i] == '.' && !strings.HasPrefix(expr[i+1:], "+") {
			b.WriteByte('\\')
		}
		b.WriteByte(expr[i])
	}
	return pythonRule(item, b.String(), atStart)
}

// yamlList returns the items under unfrozen_parameters.
func yamlList(s string) []string {
	_, rest, ok := strings.Cut("\n"+s, "\nunfrozen_parameters:")
	if !ok {
		return nil
	}
	var items []string
	for line := range strings.SplitSeq(rest, "\n") {
		line = strings.TrimSpace(line)
		item, ok := strings.CutPrefix(line, "- ")
		switch {
		case line == "" || line[0] == '#':
			continue
		case !ok:
			return items
		}
		items = append(items, unquote(item))
	}
	return items
}

// unquote reads a YAML scalar of one line.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if n := len(s); n > 1 && s[0] == '\'' && s[n-1] == '\'' {
		return strings.ReplaceAll(s[1:n-1], "''", "'")
	}
	var out string
	if strings.HasPrefix(s, `"`) && json.Unmarshal([]byte(s), &out) == nil {
		return out
	}
	s, _, _ = strings.Cut(s, " #")
	return strings.TrimSpace(s)
}

// dashes returns the lines that begin with "- ", as scripts that split lines do.
func dashes(s string) []string {
	var items []string
	for line := range strings.SplitSeq(s, "\n") {
		if item, ok := strings.CutPrefix(line, "- "); ok {
			items = append(items, strings.TrimSpace(item))
		}
	}
	return items
}

// pythonList reads a list that Write wrote.
func pythonList(s, name string) (items []string, ok bool) {
	_, rest, ok := strings.Cut(s, "\n"+name+" = [")
	if !ok {
		return nil, false
	}
	body, _, ok := strings.Cut(rest, ",\n]")
	return items, ok && json.Unmarshal([]byte("["+body+"]"), &items) == nil
}

// scalar returns the value of a top-level key of YAML.
func scalar(s, key string) string {
	_, rest, _ := strings.Cut("\n"+s, "\n"+key+":")
	line, _, _ := strings.Cut(rest, "\n")
	return unquote(line)
}

func commas(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

var (
	swiftRegex = regexp.MustCompile(`(?m)^[^#\n]*--trainable_parameters_regex[ =]+'([^']*)'|^[^#\n]*--trainable_parameters_regex[ =]+'?([^'\s]+)`)
	swiftRatio = regexp.MustCompile(`(?m)^[^#\n]*--freeze_parameters_ratio[ =]+1(?:\.0*)?(?:\s|$)`)
)

func (r *Rules) parseSwift(s string) error {
	m := swiftRegex.FindStringSubmatch(s)
	if m == nil {
		return fmt.Errorf("%w for %s: no --trainable_parameters_regex", ErrFormat, MSSwift)
	}
	if !swiftRatio.MatchString(s) {
		return fmt.Errorf("%w for %s: without --freeze_parameters_ratio 1 everything is trained", ErrFormat, MSSwift)
	}
	x, err := pythonRule("--trainable_parameters_regex", m[1]+m[2], search)
	r.rules = []rule{x}
	return err
}

// parsePEFT reads target_modules, a regular expression or a list.
func (r *Rules) parsePEFT(text []byte) error {
	var c struct {
		TargetModules json.RawMessage `json:"target_modules"`
		ModulesToSave []string        `json:"modules_to_save"`
		RankPattern   json.RawMessage `json:"rank_pattern"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return fmt.Errorf("%w for %s: %w", ErrFormat, PEFT, err)
	}
	r.modules = true
	var expr string
	var items []string
	switch {
	case json.Unmarshal(c.TargetModules, &expr) == nil:
		x, err := pythonRule("target_modules", expr, whole)
		if err != nil {
			return err
		}
		r.rules = append(r.rules, x)
	case json.Unmarshal(c.TargetModules, &items) == nil:
		if err := r.addList(items, suffixRule); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w for %s: no target_modules", ErrFormat, PEFT)
	}
	for _, m := range c.ModulesToSave {
		r.rules = append(r.rules, rule{text: "modules_to_save " + m, literal: []string{m}, exact: true,
			match: func(n string) bool { return strings.HasSuffix(n, m) }})
	}
	return r.parseRanks(c.RankPattern)
}

// parseRanks keeps the order of the keys, by which PEFT chooses.
func (r *Rules) parseRanks(text json.RawMessage) error {
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	var ranks map[string]int
	if err := json.Unmarshal(text, &ranks); err != nil {
		return fmt.Errorf("%w for %s: rank_pattern: %w", ErrFormat, PEFT, err)
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	for d.More() || d.InputOffset() < int64(len(text)) {
		t, err := d.Token()
		if err != nil {
			break
		}
		if key, ok := t.(string); ok {
			r.ranks = append(r.ranks, key)
		}
	}
	return nil
}

func (r *Rules) parseFreeze(s string) error {
	n, err := strconv.Atoi(scalar(s, "freeze_trainable_layers"))
	if err != nil {
		return fmt.Errorf("%w for %s: freeze_trainable_layers: %w", ErrFormat, LLaMAFactory, err)
	}
	r.freeze = &freezeArgs{n, commas(scalar(s, "freeze_trainable_modules")), commas(scalar(s, "freeze_extra_modules"))}
	if len(r.freeze.modules) == 0 {
		r.freeze.modules = []string{"all"} // its default
	}
	return nil
}
