package results

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

// Chosen is the summary of a [selection.Selection] that goes with results.
type Chosen struct {
	TopPercent float64  `json:"top_percent"`
	Layers     []string `json:"layers"` // names, type by type, best first
	Params     int64    `json:"params"` // in these layers
	Share      float64  `json:"share"`  // of the parameters of the model, 0…1
}

// NewChosen summarises sel; total is the number of parameters of the
// model, or 0 if unknown, which leaves Share 0.
func NewChosen(sel *selection.Selection, total int64) *Chosen {
	s := &Chosen{TopPercent: sel.Percent, Layers: layerNames(sel.Layers()), Params: sel.Params()}
	if total > 0 {
		s.Share = float64(s.Params) / float64(total)
	}
	return s
}

func layerNames(layers []spectrum.Layer) []string {
	out := make([]string, len(layers))
	for i, l := range layers {
		out[i] = l.Name
	}
	return out
}

// ModuleName returns the name the reference uses for a parameter: the module
// that holds it, which is the parameter's name without ".weight".
func ModuleName(parameter string) string {
	module, _ := names.Module(parameter)
	return module
}

// WriteUnfrozenYAML writes sel as the list of unfrozen parameters that the
// reference writes and trainers read, byte for byte: the two fixed lines, then
// for every type a comment and its layers, best first, each under the name
// that module makes of it. Use [Scores.Module], or [ModuleName] for parameter
// names of a checkpoint; with nil, names stay as they are.
//
// Readers of this file split it at line breaks, so a name or type that
// contains one is an error that wraps [ErrName]; nothing is written then.
func WriteUnfrozenYAML(w io.Writer, sel *selection.Selection, module func(name string) string) error {
	for _, g := range sel.Groups {
		if err := checkLine(g.Type); err != nil {
			return err
		}
		if err := checkNames(g.Chosen); err != nil {
			return err
		}
	}
	if module == nil {
		module = func(name string) string { return name }
	}
	b := bufio.NewWriter(w)
	b.WriteString("unfrozen_parameters:\n- ^lm_head.weight$\n- ^model.embed_tokens.weight$\n")
	for _, g := range sel.Groups {
		b.WriteString("# " + g.Type + " layers\n")
		for _, l := range g.Chosen {
			b.WriteString("- " + module(l.Name) + "\n")
		}
	}
	return flush(b)
}

// WriteNames writes the names of the chosen layers, one per line, type by type,
// best first. The error wraps [ErrName] if a name contains a line break.
func WriteNames(w io.Writer, sel *selection.Selection) error {
	layers := sel.Layers()
	if err := checkNames(layers); err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	for _, l := range layers {
		b.WriteString(l.Name + "\n")
	}
	return flush(b)
}

// flush reports the first error of all writes to b.
func flush(b *bufio.Writer) error {
	if err := b.Flush(); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}

func checkNames(layers []spectrum.Layer) error {
	for _, l := range layers {
		if err := checkLine(l.Name); err != nil {
			return err
		}
	}
	return nil
}

// checkLine rejects control characters and the other line breaks of YAML.
func checkLine(name string) error {
	if strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	}) {
		return fmt.Errorf("%w: %q", ErrName, name)
	}
	return nil
}

// selectionJSON is what [WriteSelectionJSON] writes.
type selectionJSON struct {
	TopPercent float64     `json:"top_percent"`
	Rule       string      `json:"rule,omitempty"`
	Params     int64       `json:"params,omitempty"`
	Layers     []string    `json:"layers"`
	Types      []groupJSON `json:"types"`
}

type groupJSON struct {
	Type   string      `json:"type"`
	Of     int         `json:"of"`
	Tie    bool        `json:"decided_by_tie,omitempty"`
	Chosen []layerJSON `json:"chosen"`
}

type layerJSON struct {
	Name   string `json:"name"`
	SNR    Number `json:"snr"`
	Params int64  `json:"params,omitempty"`
}

// WriteSelectionJSON writes sel as JSON: top_percent, params (absent where the
// results do not know sizes), the names of the layers, and for every type how
// many layers there were and which were chosen, best first, with their SNR.
func WriteSelectionJSON(w io.Writer, sel *selection.Selection) error {
	out := selectionJSON{
		TopPercent: sel.Percent,
		Rule:       sel.Rule,
		Params:     sel.Params(),
		Layers:     layerNames(sel.Layers()),
		Types:      make([]groupJSON, len(sel.Groups)),
	}
	for i, g := range sel.Groups {
		chosen := make([]layerJSON, len(g.Chosen))
		for j, l := range g.Chosen {
			chosen[j] = layerJSON{Name: l.Name, SNR: Number(l.SNR), Params: l.Params}
		}
		out.Types[i] = groupJSON{Type: g.Type, Of: g.Candidates, Tie: g.DecidedByTie, Chosen: chosen}
	}
	return encodeJSON(w, out)
}

// WriteSelectionCSV writes a header row and one row per chosen layer, type by
// type, best first. An infinite SNR is "Infinity", a missing one empty.
func WriteSelectionCSV(w io.Writer, sel *selection.Selection) error {
	cw := csv.NewWriter(w)
	rows := [][]string{{"name", "type", "snr", "params"}}
	for _, l := range sel.Layers() {
		rows = append(rows, []string{l.Name, l.Type, Number(l.SNR).String(), strconv.FormatInt(l.Params, 10)})
	}
	if err := cw.WriteAll(rows); err != nil {
		return fmt.Errorf("results: writing CSV: %w", err)
	}
	return nil
}
