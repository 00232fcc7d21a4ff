// Package emit writes selections of layers as trainers read them, and checks
// what a trainer makes of such a file.
//
// Each [Format] is written by [Write], and read back by [Parse] with the matching
// rule of the trainer it is for, so that [Rules.Verify] can say beforehand what
// will be trained. The rules are those of axolotl's utils/freeze.py,
// LLaMA-Factory's model/adapter.py, ms-swift's utils/transformers_utils.py and
// PEFT's tuners/tuners_utils.py and utils/other.py, as of 2025.
package emit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

// Errors that results of this package wrap; test for them with [errors.Is].
var (
	// ErrFormat reports a file that is not what its trainer reads, or an unknown
	// format or consumer.
	ErrFormat = errors.New("not a selection file")
	// ErrInexpressible reports a selection that a trainer's arguments cannot say.
	ErrInexpressible = errors.New("cannot be expressed")
)

// Format names what a trainer reads.
type Format string

// The formats.
const (
	Axolotl          Format = "axolotl"            // YAML with unfrozen_parameters
	Python           Format = "python"             // a module that sets requires_grad
	TRL              Format = "trl"                // the same by re.match, before an SFTTrainer
	LLaMAFactory     Format = "llama-factory"      // YAML with freeze_trainable_layers and _modules
	LLaMAFactoryLoRA Format = "llama-factory-lora" // YAML with lora_target
	MSSwift          Format = "ms-swift"           // arguments with trainable_parameters_regex
	PEFT             Format = "peft"               // JSON of a LoraConfig
	LearningRates    Format = "lr"                 // CSV of learning-rate multipliers; nothing to verify
)

// Formats lists the formats.
func Formats() []Format {
	return []Format{Axolotl, Python, TRL, LLaMAFactory, LLaMAFactoryLoRA, MSSwift, PEFT, LearningRates}
}

// Param is a parameter of a model.
type Param struct {
	Name   string // full, such as "lm_head.weight"
	Params int64  // number of elements
	Bytes  int64  // as stored
}

// Options are what a format may need beside the selection.
type Options struct {
	// Model lists all parameters of the model, which [LLaMAFactory] needs. With
	// it, every format but [LearningRates] is verified before anything is written.
	Model []Param
	// Rank is the LoRA rank of a layer with the median SNR; 0 means 16.
	Rank int
}

// Write writes sel, whose names are full parameter names, in the given format.
// Nothing is written on an error, which wraps [ErrInexpressible] if the format
// cannot say the selection or, with a Model, its trainer would train anything
// else; and [ErrFormat] for an unknown format.
func Write(w io.Writer, f Format, sel *selection.Selection, opt Options) error {
	layers := sel.Layers()
	if err := checkNames(layers); err != nil {
		return err
	}
	var text string
	var err error
	switch f {
	case Axolotl:
		text = axolotl(sel)
	case Python:
		text = python(sel)
	case TRL:
		text = trl(sel)
	case LLaMAFactory:
		text, err = llamaFactory(sel, opt.Model)
	case LLaMAFactoryLoRA:
		text, err = llamaFactoryLoRA(sel)
	case MSSwift:
		text = msSwift(sel)
	case PEFT:
		text, err = peft(sel, opt)
	case LearningRates:
		text = learningRates(sel)
	default:
		return fmt.Errorf("%w: format %q", ErrFormat, f)
	}
	if err != nil {
		return err
	}
	if opt.Model != nil && f != LearningRates {
		if err := check(f, text, layers, opt.Model); err != nil {
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

// check verifies a text against the layers it was made of.
func check(f Format, text string, layers []spectrum.Layer, model []Param) error {
	rules, err := Parse(f, []byte(text))
	if err != nil {
		return err
	}
	want := make([]string, len(layers))
	for i, l := range layers {
		want[i] = l.Name
	}
	rep, err := rules.Expect(want).Verify(model)
	if err != nil {
		return err
	}
	if n := rep.Mismatches(); n > 0 {
		return fmt.Errorf("%w for %s: %s", ErrInexpressible, f, rep.First())
	}
	return nil
}

// checkNames rejects names that could leave a line, a quotation or a comment, and
// an empty selection, which some trainers would read as "train everything".
func checkNames(layers []spectrum.Layer) error {
	if len(layers) == 0 {
		return fmt.Errorf("%w: nothing is selected", ErrInexpressible)
	}
	for _, l := range layers {
		for _, s := range []string{l.Name, l.Type} {
			if strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }) ||
				strings.ContainsAny(s, "'\"\\,`") {
				return fmt.Errorf("%w: name %q has characters that trainers' files do not take", ErrInexpressible, s)
			}
		}
	}
	return nil
}

// module returns the module that owns a weight, and whether name is one.
func module(name string) (string, bool) { return names.Module(name) }
