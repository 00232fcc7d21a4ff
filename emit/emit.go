// Package emit writes selections of layers as trainers read them, and checks
// what a trainer makes of such a file.
//
// Each [Format] is written by [Write], and read back by [Parse] with the matching
// rule of the trainer it is for, so that [Rules.Verify] can say beforehand what
// will be trained. The rules are those of axolotl's utils/freeze.py,
// LLaMA-Factory's model/adapter.py, ms-swift's utils/transformers_utils.py and
// PEFT's tuners/tuners_utils.py and utils/other.py, as of 2025.
//
// Everything there is to know of one trainer stands in one file, and trainers
// lists them all.
package emit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gospectrum/spectrum/selection"
)

// Errors that results of this package wrap; test for them with [errors.Is].
var (
	// ErrFormat reports a file that is not what its trainer reads, or an unknown
	// format or consumer.
	ErrFormat = errors.New("not a selection file")
	// ErrInexpressible reports a selection that a trainer's file cannot say, or
	// that is written in none.
	ErrInexpressible = errors.New("cannot be expressed")
)

// Formats lists what [Write] writes.
func Formats() []Format { return formats(func(t trainer) bool { return t.write != nil }) }

// Consumers lists whose files [Parse] reads.
func Consumers() []Format { return formats(func(t trainer) bool { return t.read != nil }) }

// About says in a few words what the file is, "" for an unknown format.
func (f Format) About() string { return f.trainer().about }

// Matching says in a few words how entries of the file are held against the names
// of a model, "" for an unknown format.
func (f Format) Matching() string { return f.trainer().matching }

// Param is a parameter of a model.
type Param struct {
	Name   string // full, such as "lm_head.weight"
	Params int64  // number of elements
	Bytes  int64  // as stored
}

// Training is what a format may need to know beside the selection.
type Training struct {
	// Model lists all parameters of the model, see [Params]; [LLaMAFactory] needs
	// them. If it is not nil, what Parse reads is verified before it is written.
	Model []Param
	// Rank is the LoRA rank of a layer with the median SNR; 0 means 16.
	Rank int
}

// Write writes sel, whose names are full parameter names, in the given format.
// Nothing is written on an error, which wraps [ErrInexpressible] if the format
// cannot say the selection or, with a Model, its consumer would train anything
// else; and [ErrFormat] for a format that is not one of [Formats].
func Write(w io.Writer, f Format, sel *selection.Selection, how Training) error {
	t := f.trainer()
	if t.write == nil {
		return fmt.Errorf("%w: format %q; one of %v", ErrFormat, f, Formats())
	}
	if w == nil {
		return errors.New("emit: no writer")
	}
	if sel == nil {
		sel = new(selection.Selection)
	}
	text, err := t.text(sel, how)
	if err != nil {
		return fmt.Errorf("%w for %s: %w", ErrInexpressible, f, err)
	}
	if how.Model != nil && t.read != nil {
		if err := check(f, text, sel, how.Model); err != nil {
			return err
		}
	}
	b := bufio.NewWriter(w)
	b.WriteString(text)
	if err := b.Flush(); err != nil {
		return fmt.Errorf("emit: %w", err)
	}
	return nil
}

// check verifies a text against the selection it was made of.
func check(f Format, text string, sel *selection.Selection, model []Param) error {
	want := layerNames(sel.Layers())
	if len(want) == 0 {
		return nil // and no entries that could be read back
	}
	rules, err := Parse(f, []byte(text))
	if err != nil {
		return err
	}
	rep, err := rules.Expect(want).Verify(model)
	if err != nil {
		return err
	}
	if rep.Mismatches() > 0 {
		return fmt.Errorf("%w for %s: %s", ErrInexpressible, f, rep.First())
	}
	return nil
}

// Parse reads a file as consumer does: what [Write] wrote for it, and for axolotl,
// trl and substring also the reference's YAML. The error wraps [ErrFormat].
func Parse(consumer Format, text []byte) (*Rules, error) {
	t := consumer.trainer()
	if t.read == nil {
		return nil, fmt.Errorf("%w: consumer %q; one of %v", ErrFormat, consumer, Consumers())
	}
	r := &Rules{consumer: consumer}
	if err := t.read(r, strings.ReplaceAll(string(text), "\r\n", "\n")); err != nil {
		return nil, fmt.Errorf("%w for %s: %w", ErrFormat, consumer, err)
	}
	return r, nil
}
