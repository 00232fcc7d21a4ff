package emit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

// Format names a kind of file that says what to train.
type Format string

// The formats. All are written but [Substring], and all are read but
// [SpectrumYAML], which each of its consumers reads in its own way.
const (
	Axolotl          Format = "axolotl"
	TRL              Format = "trl"
	Python           Format = "python"
	LLaMAFactory     Format = "llama-factory"
	LLaMAFactoryV1   Format = "llama-factory-v1"
	LLaMAFactoryLoRA Format = "llama-factory-lora"
	MSSwift          Format = "ms-swift"
	MSSwiftArgs      Format = "ms-swift-args"
	AxolotlLoRA      Format = "axolotl-lora"
	AxolotlRates     Format = "axolotl-lr"
	TRLLoRA          Format = "trl-lora"
	Unsloth          Format = "unsloth"
	AxolotlPlugin    Format = "axolotl-plugin"
	Verl             Format = "verl"
	GaLore           Format = "galore"
	PEFT             Format = "peft"
	LearningRates    Format = "lr"
	SpectrumYAML     Format = "spectrum-yaml"
	Substring        Format = "substring"
	Names            Format = "names"
	JSON             Format = "json"
	CSV              Format = "csv"
)

// trainer is all that this package knows of a format.
type trainer struct {
	format   Format
	about    string // what the file is
	matching string // how its entries are held against names

	// write returns the file; nil if it is only read. Its error becomes one that
	// wraps ErrInexpressible.
	write func(sel *selection.Selection, how Training) (string, error)
	// read enters what the file says into r; nil if nothing reads it back. Its error
	// becomes one that wraps ErrFormat.
	read func(r *Rules, text string) error
	// omit returns the reason why the format leaves a layer out, "" if it does not; nil
	// if it leaves out none.
	omit func(l spectrum.Layer, how Training) string
	// reader is the consumer by whose rule it is read if it has none of its own; that
	// may train more than was selected.
	reader Format
	// same writes what that consumer has to read in the place of the file, which does
	// not list what it trains; nil if it is the file.
	same func(sel *selection.Selection, how Training) (string, error)
	// rows says that it can train rows of a parameter, see [Training].
	rows bool
	// names rejects names that could leave their place in the file, and selections
	// that the consumer would take for something else; nil means plainNames,
	// for names that stand between commas or become keys that are patterns.
	names func(sel *selection.Selection) error
	// pieces returns the file in pieces, nil if it is not made of a piece for each layer.
	pieces func() Pieces
}

// trainers is the table of all formats, in the order of lists and help texts. A new
// one is a file with its row, its constant above and its entry here; tests ask for
// a row in docs/trainers.md and, if it is read, for an independent reader in
// testdata/consumers.py.
func trainers() []trainer {
	return []trainer{
		axolotl(), axolotlRates(), axolotlLoRA(), trl(), trlLoRA(), python(), unsloth(),
		llamaFactory(), llamaFactoryV1(), llamaFactoryLoRA(),
		msSwift(), msSwiftArgs(), peft(), verl(), galore(), learningRates(),
		axolotlPlugin(), spectrumYAML(), substring(),
		plainList(), plainJSON(), plainCSV(),
	}
}

// trainer returns the row of f in the table, an empty one for an unknown format.
func (f Format) trainer() trainer {
	for _, t := range trainers() {
		if t.format == f {
			return t
		}
	}
	return trainer{}
}

func formats(of func(trainer) bool) (list []Format) {
	for _, t := range trainers() {
		if of(t) {
			list = append(list, t.format)
		}
	}
	return list
}

// joined lists formats for errors.
func joined(list []Format) string {
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}

// text returns the file for a selection whose names it can hold.
func (t trainer) text(sel *selection.Selection, how Training) (string, error) {
	check := t.names
	if check == nil {
		check = plainNames
	}
	if err := check(sel); err != nil {
		return "", err
	}
	return t.write(sel, how)
}

// plainNames rejects names that could leave a line, a quotation or a comment, and
// an empty selection, which some trainers would read as "train everything".
func plainNames(sel *selection.Selection) error {
	layers := sel.Layers()
	if len(layers) == 0 {
		return errors.New("nothing is selected")
	}
	for _, l := range layers {
		if err := plainName(l.Name, l.Type); err != nil {
			return err
		}
	}
	for _, g := range sel.Groups {
		if g.DecidedByTie { // which the header says, also where nothing was chosen
			if err := plainName(g.Type); err != nil {
				return err
			}
		}
	}
	return nil
}

func plainName(list ...string) error {
	for _, s := range list {
		if strings.ContainsAny(s, "'\"\\,` ") ||
			strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) }) {
			return fmt.Errorf("name %q has characters that trainers' files do not take", s)
		}
	}
	return nil
}

// oneLineNames rejects names and types that a reader of lines would take for several.
func oneLineNames(sel *selection.Selection) error {
	list := layerNames(sel.Layers())
	for _, g := range sel.Groups {
		list = append(list, g.Type)
	}
	i := slices.IndexFunc(list, func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool {
			return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' // YAML's line breaks
		})
	})
	if i >= 0 {
		return fmt.Errorf("name %q does not fit on one line", list[i])
	}
	return nil
}

// asTheyAre is for the reference's list, which has names without quotes: it rejects what
// a reader of YAML would take for anything but text.
func asTheyAre(sel *selection.Selection) error {
	for _, l := range sel.Layers() {
		if m, _ := names.Module(l.Name); escape.YAML(m) != m {
			return fmt.Errorf("name %q needs quotes, which the reference does not write; %s does", l.Name, Axolotl)
		}
	}
	return oneLineNames(sel)
}

// printableNames is for files that quote, but whose readers know lines; and an empty
// selection some of them would read as "train everything".
func printableNames(sel *selection.Selection) error {
	layers := sel.Layers()
	if len(layers) == 0 {
		return errors.New("nothing is selected")
	}
	for _, l := range layers {
		if escape.Line(l.Name) != l.Name {
			return fmt.Errorf("name %q has characters that cannot be seen", l.Name)
		}
	}
	return nil
}

// anyNames is for files that quote what needs it, and have text.
func anyNames(sel *selection.Selection) error {
	for _, l := range sel.Layers() {
		if !utf8.ValidString(l.Name) {
			return fmt.Errorf("name %q is no text", l.Name)
		}
	}
	return nil
}
