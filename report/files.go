package report

import (
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/names"
	"github.com/gospectrum/spectrum/selection"
)

// file is a format of trainers' files: how the page makes it, or only by which command.
type file struct {
	Format string  `json:"format"`
	About  string  `json:"about"`
	Needs  string  `json:"needs,omitempty"` // what the command has to be told beside
	Name   string  `json:"name,omitempty"`  // of the file to be downloaded; empty if only the command makes it
	Head   bool    `json:"head,omitempty"`
	Before string  `json:"before"`
	After  string  `json:"after"`
	Line   *line   `json:"line,omitempty"`
	Parts  []parts `json:"parts,omitempty"` // of each template of names
}

// line is the piece of a layer: its name between two texts, or what stands there for it.
type line struct {
	Before string         `json:"before"`
	After  string         `json:"after"`
	Others map[int]string `json:"others,omitempty"`
}

// parts are what an expression has before and behind the number of a block.
type parts [2]string

// needs are the flags without which a format cannot be written.
func needs(f emit.Format) string {
	switch f {
	case emit.LLaMAFactory, emit.LLaMAFactoryV1:
		return "--model MODEL"
	case emit.AxolotlPlugin:
		return "--hub-name ORG/NAME"
	case emit.AxolotlRates:
		return "--learning-rate LR"
	}
	return ""
}

// extensions of the files that the page makes.
func extension(f emit.Format) string {
	switch f {
	case emit.Names:
		return ".txt"
	case emit.Python:
		return ".py"
	}
	return ".yaml"
}

// files enters the formats: those of which the page can make every file, because all of
// the layers can be in one, and all others.
func (m *model) files(in *input) {
	for _, f := range emit.Formats() {
		x := file{Format: string(f), About: f.About(), Needs: needs(f)}
		if p, ok := emit.PiecesOf(f, in.layers); ok && in.takes(f) {
			x.Name = "unfrozen-" + string(f) + extension(f)
			x.Head, x.Before, x.After = p.Header, p.Before, p.After
			if p.Line != nil {
				x.Line = lines(p, in.layers)
			} else {
				x.Parts = m.parts(p)
			}
		}
		m.Files = append(m.Files, x)
	}
	h := emit.HeaderPieces()
	for _, t := range m.Types {
		m.Ties = append(m.Ties, h.Tie(t))
	}
}

// takes reports whether a file of all layers is written, and read back as it was meant.
func (in *input) takes(f emit.Format) bool {
	all := &selection.Selection{Groups: []selection.Group{{Chosen: in.layers}}}
	_, err := emit.Make(f, all, emit.Training{Model: in.Model})
	return err == nil
}

// lines takes the pieces of layers apart.
func lines(p emit.Pieces, layers []spectrum.Layer) *line {
	l := &line{Others: make(map[int]string)}
	l.Before, l.After, _ = strings.Cut(p.Line("name"), "name")
	for i, x := range layers {
		if text := p.Line(x.Name); text != l.Before+x.Name+l.After {
			l.Others[i] = text
		}
	}
	return l
}

// parts writes the parts of each template of candidates' names; the page has no need of the
// others'.
func (m *model) parts(p emit.Pieces) []parts {
	list := make([]parts, len(m.Names))
	for _, t := range m.Templates {
		n := m.Names[t[0]]
		list[t[0]] = parts{p.Part(m.Befores[n[0].(int)]), p.Part(n[1].(string))}
	}
	return list
}

// displayed is a module's name, as people know layers.
func displayed(name string) string {
	module, _ := names.Module(name)
	return module
}
