package emit

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/saturate"
	"github.com/gospectrum/spectrum/selection"
)

// File is a selection as a trainer reads it.
type File struct {
	Text string
	// Trained are the parameters that the trainer will train, by its own rule if the
	// model was given; otherwise those that the file names, without their sizes.
	Trained []Param
	// Left are layers of the selection that the format has no way to say, each with the
	// reason: they are not trained.
	Left []Omission
}

// Params returns the number of parameters that will be trained or, by LoRA,
// adapted.
func (f *File) Params() (n int64) {
	if f == nil {
		return 0
	}
	for _, p := range f.Trained {
		n = saturate.Sum(n, p.Params)
	}
	return n
}

// Omission is a layer that is left out of a file.
type Omission struct{ Name, Reason string }

// Make makes the file for a selection, whose names are full parameter names. An
// error wraps [ErrInexpressible] if the format cannot say the selection, or nothing
// of it, or if, with a Model, its consumer would train anything else; and [ErrFormat]
// for a format that is not one of [Formats].
func Make(f Format, sel *selection.Selection, how Training) (*File, error) {
	t := f.trainer()
	if t.write == nil {
		return nil, fmt.Errorf("%w: format %q; one of %s", ErrFormat, f, joined(Formats()))
	}
	if sel == nil {
		sel = new(selection.Selection)
	}
	if !t.rows {
		for _, l := range sel.Layers() {
			if _, single := how.Rows[l.Name]; single {
				return nil, fmt.Errorf("%w for %s: %s is a part of a parameter; %s trains those", ErrInexpressible, f, l.Name, Axolotl)
			}
		}
	}
	out := new(File)
	if t.omit != nil {
		sel, out.Left = without(sel, func(l spectrum.Layer) string { return t.omit(l, how) })
		if len(sel.Layers()) == 0 && len(out.Left) > 0 {
			return nil, fmt.Errorf("%w for %s: nothing is left: %s is %s", ErrInexpressible, f, out.Left[0].Name, out.Left[0].Reason)
		}
	}
	var err error
	if out.Text, err = t.text(sel, how); err != nil {
		return nil, fmt.Errorf("%w for %s: %w", ErrInexpressible, f, err)
	}
	for _, name := range how.parameters(sel) {
		out.Trained = append(out.Trained, Param{Name: name})
	}
	if how.Model == nil {
		return out, nil
	}
	reader := t.format
	if t.reader != "" {
		reader = t.reader
	}
	text := out.Text
	if t.same != nil {
		if text, err = t.same(sel, how); err != nil {
			return nil, fmt.Errorf("%w for %s: %w", ErrInexpressible, f, err)
		}
	}
	rep, err := read(reader, text, how.Model)
	switch {
	case errors.Is(err, errNoEntries) && len(sel.Layers()) == 0:
		return out, nil
	case err != nil:
		return nil, err
	}
	rep.compare(how.parameters(sel))
	if t.reader != "" { // which trains more, and says so
		*rep = Report{Trained: rep.Trained, Missing: rep.Missing}
	}
	if rep.Mismatches() > 0 {
		return nil, fmt.Errorf("%w for %s: %s", ErrInexpressible, f, rep.First())
	}
	out.Trained = rep.Trained
	return out, nil
}

// read says what a consumer makes of a text.
func read(consumer Format, text string, model []Param) (*Report, error) {
	if consumer.trainer().read == nil {
		return nil, fmt.Errorf("%w: %s is read by no trainer", ErrFormat, consumer)
	}
	rules, err := Parse(consumer, []byte(text))
	if err != nil {
		return nil, err
	}
	return rules.Verify(model)
}

// without returns a selection without the layers that omit has a reason for.
func without(sel *selection.Selection, omit func(spectrum.Layer) string) (*selection.Selection, []Omission) {
	var left []Omission
	kept := *sel
	kept.Groups = slices.Clone(sel.Groups)
	for i, g := range kept.Groups {
		var chosen []spectrum.Layer
		for _, l := range g.Chosen {
			if why := omit(l); why != "" {
				left = append(left, Omission{l.Name, why})
				continue
			}
			chosen = append(chosen, l)
		}
		kept.Groups[i].Chosen = chosen
	}
	return &kept, left
}
