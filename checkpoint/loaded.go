package checkpoint

import (
	"fmt"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/names/loaded"
)

// Loaded says what the parameters of a model are called once transformers has
// loaded it, which is what trainers match. A nil Loaded takes every tensor for a
// parameter of its own name.
type Loaded struct {
	table *loaded.Map
	era   loaded.Era
}

// Loaded returns the names that a version of transformers gives, such as "4.51";
// "" is the newest. The error wraps [spectrum.ErrOption] for a text that is no version.
func (m *Model) Loaded(version string) (*Loaded, error) {
	era, err := loaded.ParseEra(version)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", spectrum.ErrOption, err)
	}
	l := &Loaded{era: era}
	if m == nil {
		return l, nil
	}
	c := m.Config()
	about := loaded.Model{Type: c.ModelType, TextType: c.TextType, Blocks: c.Blocks}
	if len(c.Architectures) > 0 {
		about.Architecture = c.Architectures[0]
	}
	l.table = loaded.New(about, l.era)
	return l, nil
}

// Known reports whether the type of the model is known, so that its names are more
// than those of the file.
func (l *Loaded) Known() bool { return l != nil && l.table != nil }

// Version returns the oldest version of transformers that gives these names, of
// those told apart: "5", "4.52" or "4.51".
func (l *Loaded) Version() string {
	if l == nil {
		return loaded.Era(0).String()
	}
	return l.era.String()
}

// Parameter returns the name of the parameter that a tensor becomes or is a part of,
// or the reason why no module has it.
func (l *Loaded) Parameter(t Tensor) (name, reason string) {
	if l == nil {
		return t.nameOfWhole(), ""
	}
	return l.table.Parameter(t.nameOfWhole())
}

// nameOfWhole returns the name of the tensor that t was cut from, which may be t. The
// experts of a GGUF file keep their own, because llama.cpp stacks what others do not.
func (t Tensor) nameOfWhole() string {
	if t.Whole == "" || strings.HasPrefix(t.Stored, "blk.") || strings.Contains(t.Stored, ".blk.") {
		return t.Name
	}
	return t.Whole
}
