package emit

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gospectrum/spectrum/internal/decimal"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/format/strictjson"
	"github.com/gospectrum/spectrum/selection"
)

func plainList() trainer {
	return trainer{
		format:   Names,
		about:    "one parameter a line",
		matching: "exact names",
		write:    func(sel *selection.Selection, _ Training) (string, error) { return plainPieces().text(sel), nil },
		read:     func(r *Rules, text string) error { return r.add(lines(text), exactEntry) },
		names:    oneLineNames,
		pieces:   plainPieces,
	}
}

func plainPieces() Pieces { return Pieces{Line: func(name string) string { return name + "\n" }} }

// lines returns the lines that are not blank, without the space around them.
func lines(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func plainJSON() trainer {
	return trainer{
		format:   JSON,
		about:    "JSON with names, scores and sizes, type by type",
		matching: "exact names",
		write:    writeJSON,
		read:     readJSON,
		names:    anyNames,
	}
}

// selectionJSON is the file: what was selected in all, and from each type how
// many layers there were and which were chosen, best first.
type selectionJSON struct {
	TopPercent float64     `json:"top_percent"`
	Rule       string      `json:"rule,omitempty"`
	By         string      `json:"by,omitempty"`     // what the scores are, if not the SNR
	Params     int64       `json:"params,omitempty"` // absent where the results do not know sizes
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
	SNR    *score `json:"snr,omitempty"`
	Score  *score `json:"score,omitempty"` // in its place if it is something else
	Params int64  `json:"params,omitempty"`
}

func writeJSON(sel *selection.Selection, _ Training) (string, error) {
	out := selectionJSON{
		TopPercent: sel.Percent,
		Rule:       sel.Rule,
		By:         sel.By,
		Params:     sel.Params(),
		Layers:     layerNames(sel.Layers()),
		Types:      make([]groupJSON, len(sel.Groups)),
	}
	for i, g := range sel.Groups {
		chosen := make([]layerJSON, len(g.Chosen))
		for j, l := range g.Chosen {
			chosen[j] = layerJSON{Name: l.Name, Params: l.Params}
			if value := score(l.SNR); sel.By == "" {
				chosen[j].SNR = &value
			} else {
				chosen[j].Score = &value
			}
		}
		out.Types[i] = groupJSON{Type: g.Type, Of: g.Candidates, Tie: g.DecidedByTie, Chosen: chosen}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(out)
	return b.String(), err
}

func readJSON(r *Rules, text string) error {
	var in struct {
		Layers []string `json:"layers"`
	}
	if err := strictjson.Unmarshal([]byte(text), &in); err != nil {
		return err
	}
	return r.add(in.Layers, exactEntry)
}

func plainCSV() trainer {
	return trainer{
		format:   CSV,
		about:    "CSV with names, types, scores and sizes",
		matching: "exact names",
		write:    writeCSV,
		read:     readCSV,
		names:    anyNames,
	}
}

func writeCSV(sel *selection.Selection, _ Training) (string, error) {
	rows := [][]string{{"name", "type", cmp.Or(sel.By, "snr"), "params"}}
	for _, l := range sel.Layers() {
		rows = append(rows, []string{escape.Cell(l.Name), escape.Cell(l.Type), score(l.SNR).String(), strconv.FormatInt(l.Params, 10)})
	}
	var b strings.Builder
	err := csv.NewWriter(&b).WriteAll(rows)
	return b.String(), err
}

// readCSV reads the column "name" of a table.
func readCSV(r *Rules, text string) error {
	table := csv.NewReader(strings.NewReader(text))
	header, err := table.Read()
	if err != nil {
		return fmt.Errorf("no header: %w", err)
	}
	column := slices.Index(header, "name")
	if column < 0 {
		return errors.New(`no column "name"`)
	}
	var items []string
	for {
		row, err := table.Read()
		if err == io.EOF {
			return r.add(items, exactEntry)
		}
		if err != nil {
			return err
		}
		items = append(items, escape.FromCell(row[column]))
	}
}

// score is an SNR with a place in text for every value: "Infinity" and
// "-Infinity" where it is infinite, which JSON has as strings, and "" or null
// where it is missing.
type score float64

// String returns the shortest decimal that reads back the same, or what stands
// for it.
func (s score) String() string { return decimal.Text(float64(s)) }

// MarshalJSON implements [json.Marshaler]. It does not fail.
func (s score) MarshalJSON() ([]byte, error) { return decimal.JSON(float64(s)) }
