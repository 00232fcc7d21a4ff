package emit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/test/hostile"
)

func TestNoPanicOnBadInput(t *testing.T) {
	m, err := checkpoint.Open(t.Context(), "../testdata/tiny-llama")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	rules, err := emit.Parse(emit.LLaMAFactory, []byte("freeze_trainable_layers: 2\nfreeze_trainable_modules: self_attn\n"))
	require.NoError(t, err)
	report, err := rules.Verify(emit.Params(m, nil))
	require.NoError(t, err)
	p := hostile.Package{
		Dir: ".",
		Funcs: map[string]any{
			"Make": emit.Make, "PiecesOf": emit.PiecesOf, "HeaderPieces": emit.HeaderPieces,
			"Formats": emit.Formats, "Infer": emit.Infer, "Consumers": emit.Consumers, "Write": emit.Write, "Parse": emit.Parse, "Params": emit.Params,
		},
		Types: []any{rules, report, emit.Axolotl, emit.File{}, emit.Rows{}},
		Values: []any{
			m, selected(), emit.Training{Model: emit.Params(m, nil), Rank: -1}, emit.PEFT, emit.LLaMAFactory, emit.Substring,
			[]emit.Param{{}, {Name: ".", Params: -1}, {Name: "model.layers.99999999999999999999.q.weight"}},
		},
	}
	p.Walk(t)
}
