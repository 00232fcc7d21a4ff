package results

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/selection"
)

func selectTop(t *testing.T, res *Scores, percent float64) *selection.Selection {
	t.Helper()
	sel, err := spectrum.SelectTopK(res.Layers(), percent)
	require.NoError(t, err)
	return sel
}

// example is a selection with an empty type and an infinite score.
func example() *selection.Selection {
	return &selection.Selection{Percent: 50, Groups: []selection.Group{
		{Type: "q", Candidates: 4, Chosen: []spectrum.Layer{
			{Name: "m.1.q.weight", Type: "q", SNR: math.Inf(1), Params: 30},
			{Name: "m.0.q.weight", Type: "q", SNR: 0.5, Params: 20},
		}},
		{Type: "lm_head", Candidates: 1},
	}}
}

func TestWriteUnfrozenYAML(t *testing.T) {
	var buf bytes.Buffer
	require.NoError(t, WriteUnfrozenYAML(&buf, example(), ModuleName))
	require.Equal(t, `unfrozen_parameters:
- ^lm_head.weight$
- ^model.embed_tokens.weight$
# q layers
- m.1.q
- m.0.q
# lm_head layers
`, buf.String())
	buf.Reset()
	require.NoError(t, WriteUnfrozenYAML(&buf, example(), nil))
	require.Contains(t, buf.String(), "- m.1.q.weight\n")
}

func TestWriteNames(t *testing.T) {
	var buf bytes.Buffer
	require.NoError(t, WriteNames(&buf, example()))
	require.Equal(t, "m.1.q.weight\nm.0.q.weight\n", buf.String())
}

func TestWriteLineBreaks(t *testing.T) {
	for _, bad := range []string{"a\nb", "a\rb", "a\u0085b", "a\u2028b", "a\x00"} {
		var buf bytes.Buffer
		sel := example()
		sel.Groups[0].Chosen[1].Name = bad
		require.ErrorIs(t, WriteUnfrozenYAML(&buf, sel, nil), ErrName)
		require.ErrorIs(t, WriteNames(&buf, sel), ErrName)
		sel = example()
		sel.Groups[1].Type = bad
		require.ErrorIs(t, WriteUnfrozenYAML(&buf, sel, nil), ErrName)
		require.Zero(t, buf.Len())
	}
}

func TestWriteSelectionJSON(t *testing.T) {
	var buf bytes.Buffer
	require.NoError(t, WriteSelectionJSON(&buf, example()))
	require.JSONEq(t, `{"top_percent": 50, "params": 50, "layers": ["m.1.q.weight", "m.0.q.weight"],
		"types": [
			{"type": "q", "of": 4, "chosen": [
				{"name": "m.1.q.weight", "snr": "Infinity", "params": 30},
				{"name": "m.0.q.weight", "snr": 0.5, "params": 20}]},
			{"type": "lm_head", "of": 1, "chosen": []}]}`, buf.String())
	require.True(t, bytes.HasSuffix(buf.Bytes(), []byte("}\n")))
	buf.Reset()
	require.NoError(t, WriteSelectionJSON(&buf, &selection.Selection{Percent: 5}))
	require.True(t, json.Valid(buf.Bytes()))
	require.NotContains(t, buf.String(), "null")
}

func TestNewSelection(t *testing.T) {
	got := NewChosen(example(), 200)
	require.Equal(t, &Chosen{
		TopPercent: 50, Layers: []string{"m.1.q.weight", "m.0.q.weight"}, Params: 50, Share: 0.25,
	}, got)
	require.Zero(t, NewChosen(example(), 0).Share)
}
