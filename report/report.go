// Package report writes results as one page of HTML that needs nothing else: no network,
// no server, and for its tables no JavaScript. It shows the whole model as a map, each
// layer's spectrum, and lets its reader choose what to train and take the trainer's file away.
//
// The names in a result are strangers' text: they come into the page as data, and become
// neither markup nor script. The same results give the same bytes.
package report

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/selection"
)

// ErrInput reports that there is nothing to show, or too much.
var ErrInput = errors.New("a report shows one result or two")

// Input is a result to be shown.
type Input struct {
	File    string          // as the command finds it again; empty if it was read from a pipe
	Scores  *results.Scores // read from there
	Model   []emit.Param    // parameters of the loaded model, against which files are verified; nil if they are not known
	Partial bool            // it is unfinished, and shown all the same
}

// Options say how a page begins.
type Options struct {
	// Percent is what is chosen of each type until the reader chooses otherwise.
	Percent float64
}

// input is a result with what is made of it.
type input struct {
	Input
	rows       []results.Row
	candidates []results.Candidate
	layers     []spectrum.Layer // the candidates, and what is chosen only by name
	selection  *selection.Selection
	chosen     map[string]bool // names of candidates
}

// Write writes the page. The error wraps [ErrInput] unless there are one or two results, and
// spectrum.ErrOption if the percentage is not in 0…100.
func Write(w io.Writer, list []Input, opt Options) error {
	if w == nil {
		return fmt.Errorf("%w: no writer", ErrInput)
	}
	p, err := newPage(list, opt)
	if err != nil {
		return err
	}
	text, err := p.render()
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// newPage makes what is to be shown.
func newPage(list []Input, opt Options) (*page, error) {
	if len(list) < 1 || len(list) > 2 {
		return nil, fmt.Errorf("%w: %d are given", ErrInput, len(list))
	}
	p := &page{Percent: opt.Percent}
	for _, in := range list {
		if in.Scores == nil {
			return nil, fmt.Errorf("%w: one has no scores", ErrInput)
		}
		x := &input{Input: in, rows: rowsOf(in.Scores), candidates: in.Scores.Candidates(results.ExpertsFused)}
		ranked := results.Layers(x.candidates)
		sel, err := selection.Selector{Percent: opt.Percent}.Select(ranked)
		if err != nil {
			return nil, err
		}
		x.layers = append(ranked, in.Scores.Unranked()...)
		x.selection, x.chosen = sel, make(map[string]bool)
		for _, l := range sel.Layers() {
			x.chosen[l.Name] = true
		}
		p.add(x)
	}
	return p, nil
}

// describe fills in what a model says of itself.
func (m *model) describe(in *input) {
	m.Title, m.File, m.Partial = "A result", escape.Shell("RESULTS.json"), in.Partial
	if in.File != "" && in.File != "-" {
		m.Title, m.File = filepath.Base(in.File), escape.Shell(in.File)
	}
	r := in.Scores.Result
	if r == nil {
		m.About = append(m.About, in.Scores.Schema.String()+", which have scores and nothing else")
		return
	}
	p := r.Provenance
	if p.Model != "" {
		m.Title = p.Model
	}
	m.Noise, m.Edge, m.Law = p.Settings.Noise, p.Settings.Edge, p.Settings.Noise != spectrum.NoiseIQR.String()
	m.About = append(m.About, fmt.Sprintf("scanned by %s %s; noise %s, edge %s, ratio %s, divisor %s", p.Tool, p.Version,
		p.Settings.Noise, p.Settings.Edge, p.Settings.Ratio, p.Settings.Divisor))
	if why := r.Unfinished(); why != "" {
		m.About = append(m.About, "unfinished: "+why)
	}
	if n := len(r.Skipped); n > 0 {
		m.About = append(m.About, fmt.Sprintf("%d tensors have no row", n))
	}
}
