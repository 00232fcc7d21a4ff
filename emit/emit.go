// Package emit writes selections of layers as trainers read them, and checks
// what a trainer makes of such a file.
//
// Each [Format] is written by [Write], and read back by [Parse] with the matching
// rule of the trainer it is for, so that [Rules.Verify] can say beforehand what
// will be trained; [Make] does both, and says what a format had to leave out. Names are
// those of the loaded model's parameters, see [Params]. docs/trainers.md has version and
// file of each trainer from which its rule was read.
//
// Everything there is to know of one trainer stands in one file, and trainers
// lists them all.
package emit

import (
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
	Stored string // in the file, the first of several that it is made of; "" if it is the same
	Params int64  // number of elements
	Rows   int64  // its first dimension, of experts their number; 0 if it is not known
	Bytes  int64  // as stored
	Dims   int    // number of dimensions; 0 if it is not known
}

// Training is what a format may need to know beside the selection.
type Training struct {
	// Model lists all parameters of the model, see [Params]; [LLaMAFactory] and
	// [LLaMAFactoryV1] need them. If it is not nil, what Parse reads is verified before
	// it is written.
	Model []Param
	// Name is that of the model on the hub, such as org/name, which [AxolotlPlugin] needs.
	Name string
	// Blocks is the number of blocks of the language model as config.json has it, 0 if
	// it is not known and has to be told from names.
	Blocks int
	// ModelType is what config.json calls the kind of the model, such as gpt2, whose layers
	// are not those of others; empty if it is not known.
	ModelType string
	// Rows says of layers that are rows of a parameter, such as a single expert, which.
	Rows map[string]Rows
	// LearningRate is that of a layer with the median SNR, which [AxolotlRates] needs.
	LearningRate float64
	// Rank is the LoRA rank of a layer with the median SNR; 0 means 16.
	Rank int
}

// Rows are rows of a parameter, along its first dimension: From, and on to before To.
type Rows struct {
	Parameter string
	From, To  int64
}

// String spells rows as axolotl does behind a pattern.
func (r Rows) String() string { return fmt.Sprintf("[%d:%d]", r.From, r.To) }

// parameters lists the parameters that a selection trains, or trains rows of, each
// once.
func (how Training) parameters(sel *selection.Selection) (list []string) {
	seen := make(map[string]bool)
	for _, name := range layerNames(sel.Layers()) {
		if r, ok := how.Rows[name]; ok {
			name = r.Parameter
		}
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

// Write writes the text of the [File] that [Make] makes, and nothing on an error. What
// the format leaves out it does not say.
func Write(w io.Writer, f Format, sel *selection.Selection, how Training) error {
	file, err := Make(f, sel, how)
	if err != nil {
		return err
	}
	if w == nil {
		return errors.New("emit: no writer")
	}
	if _, err := io.WriteString(w, file.Text); err != nil {
		return fmt.Errorf("emit: %w", err)
	}
	return nil
}

// Parse reads a file as consumer does: what [Write] wrote for it, and for axolotl,
// trl and substring also the reference's YAML. The error wraps [ErrFormat].
func Parse(consumer Format, text []byte) (*Rules, error) {
	t := consumer.trainer()
	if t.read == nil {
		return nil, fmt.Errorf("%w: consumer %q; one of %s", ErrFormat, consumer, joined(Consumers()))
	}
	r := &Rules{consumer: consumer}
	if err := t.read(r, strings.ReplaceAll(string(text), "\r\n", "\n")); err != nil {
		return nil, fmt.Errorf("%w for %s: %w", ErrFormat, consumer, err)
	}
	return r, nil
}
