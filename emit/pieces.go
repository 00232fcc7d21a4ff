package emit

import (
	"fmt"
	"strings"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/internal/escape"
	"github.com/gospectrum/spectrum/selection"
)

// Pieces are a file of a format taken apart, so that a program that cannot call this
// package, such as a page, makes the file of any selection of layers whose pieces it was
// given, byte for byte, and needs no escapes of its own.
//
// The file is the header, if Header is set, see [HeaderPieces]; Before; the piece of each
// layer; and After. The piece of a layer is Line of its name. A format without Line has
// one expression for all: names that differ only in the number of their block share a
// branch, in the order of the first of each; a branch is Part of what is before the number,
// the numbers, and Part of what is behind. Several numbers stand in (?: and ) with | between
// them, and so do several branches.
type Pieces struct {
	Header        bool
	Before, After string
	Line          func(name string) string
	Part          func(part string) string
}

// PiecesOf returns the pieces of a format for selections among layers. It returns false
// for a format that is not made of pieces, or whose file cannot have all of these
// names, see [Make].
func PiecesOf(f Format, layers []spectrum.Layer) (Pieces, bool) {
	t := f.trainer()
	if t.pieces == nil {
		return Pieces{}, false
	}
	sel := &selection.Selection{Groups: []selection.Group{{Chosen: layers}}}
	if len(layers) > 0 && t.names != nil && t.names(sel) != nil {
		return Pieces{}, false
	}
	p := t.pieces()
	if p.Line == nil { // an expression without a backslash has other quotes, or none
		for _, l := range layers {
			if !strings.Contains(p.Part(l.Name), `\`) {
				return Pieces{}, false
			}
		}
	}
	return p, true
}

// text puts a file of lines together.
func (p Pieces) text(sel *selection.Selection) string {
	var b strings.Builder
	if p.Header {
		b.WriteString(header(sel))
	}
	b.WriteString(p.Before)
	for _, name := range layerNames(sel.Layers()) {
		b.WriteString(p.Line(name))
	}
	b.WriteString(p.After)
	return b.String()
}

// Header is the comment that says how a selection was made: BeforeRule, the rule in words,
// BeforeCount, the number of layers, BeforeTies, and Tie of each type in which the order of
// layers of equal score decided, in the order of the groups.
type Header struct {
	BeforeRule, BeforeCount, BeforeTies string
	Tie                                 func(typ string) string
}

// HeaderPieces returns the pieces of the header of [Pieces].
func HeaderPieces() Header {
	return Header{
		BeforeRule: "# spectrum: ", BeforeCount: ": ", BeforeTies: " layers\n",
		Tie: func(typ string) string {
			return fmt.Sprintf("# the choice among %s was decided by the order of layers of equal score\n", escape.Line(typ))
		},
	}
}
