package emit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/selection"
)

// A file put together of its pieces is the file.
func TestPieces(t *testing.T) {
	layers := []spectrum.Layer{{Name: "model.layers.0.it's.weight", Type: "q"}, {Name: "model.layers.10.it's.weight", Type: "q"}, {Name: `odd "name".weight`, Type: "odd"}}
	sel := &selection.Selection{Percent: 25, Groups: []selection.Group{{Type: "q", Chosen: layers[:2], DecidedByTie: true}, {Type: "odd", Chosen: layers[2:]}}}
	h := emit.HeaderPieces()
	for f, parts := range map[emit.Format]string{
		emit.Names: "", emit.Axolotl: "", emit.Python: "",
		emit.MSSwift: `(?:model\.layers\.(?:0|10)\.it''s\.weight|odd "name"\.weight)`,
	} {
		p, ok := emit.PiecesOf(f, layers)
		require.True(t, ok, f)
		var b strings.Builder
		if p.Header {
			b.WriteString(h.BeforeRule + "top 25 %" + h.BeforeCount + "3" + h.BeforeTies + h.Tie("q"))
		}
		b.WriteString(p.Before)
		if p.Line == nil {
			assert.Equal(t, `\.it''s\.weight`, p.Part(".it's.weight"))
			b.WriteString(parts)
		} else {
			for _, l := range layers {
				b.WriteString(p.Line(l.Name))
			}
		}
		b.WriteString(p.After)
		made, err := emit.Make(f, sel, emit.Training{})
		require.NoError(t, err, f)
		assert.Equal(t, made.Text, b.String(), f)
	}
	for _, f := range []emit.Format{emit.PEFT, emit.Substring, "none"} {
		_, ok := emit.PiecesOf(f, layers)
		assert.False(t, ok, f)
	}
	for f, name := range map[emit.Format]string{emit.Axolotl: "a\u2028b", emit.Names: "a\nb", emit.MSSwift: "plain"} {
		_, ok := emit.PiecesOf(f, []spectrum.Layer{{Name: name}})
		assert.False(t, ok, "%s of %q", f, name)
	}
}
