package emit

import (
	"strings"

	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

func spectrumYAML() trainer {
	return trainer{
		format:   SpectrumYAML,
		about:    "the reference's own YAML: output head, embeddings and what is selected",
		matching: "as its reader does: axolotl, trl or substring",
		write:    writeSpectrumYAML,
		reader:   Axolotl,
		names:    asTheyAre,
	}
}

// writeSpectrumYAML writes the list of unfrozen parameters byte for byte as the
// reference does: two fixed lines, then for every type a comment and its modules,
// best first.
func writeSpectrumYAML(sel *selection.Selection, _ Training) (string, error) {
	var b strings.Builder
	b.WriteString("unfrozen_parameters:\n- ^lm_head.weight$\n- ^model.embed_tokens.weight$\n")
	for _, g := range sel.Groups {
		b.WriteString("# " + g.Type + " layers\n")
		for _, l := range g.Chosen {
			m, _ := names.Module(l.Name)
			b.WriteString("- " + m + "\n")
		}
	}
	return b.String(), nil
}

func substring() trainer {
	return trainer{
		format:   Substring,
		about:    "the reference's YAML, as the snippet of its README reads it",
		matching: "any part of a name; anchors are taken literally",
		read: func(r *Rules, text string) error {
			return r.add(dashes(text), func(item string) (entry, error) {
				item = strings.TrimSpace(item)
				name := strings.TrimSuffix(strings.TrimPrefix(item, "^"), "$")
				return entry{text: item, literal: []string{name}, match: func(n string) bool { return strings.Contains(n, item) }}, nil
			})
		},
	}
}

// dashes returns what stands on lines that begin with "- ", up to the next such dash and
// with the space behind it, as scripts that split lines have it.
func dashes(s string) []string {
	var items []string
	for line := range strings.SplitSeq(s, "\n") {
		if item, ok := strings.CutPrefix(line, "- "); ok {
			item, _, _ = strings.Cut(item, "- ")
			items = append(items, item)
		}
	}
	return items
}
