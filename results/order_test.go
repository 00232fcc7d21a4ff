package results

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
)

func TestParseOrder(t *testing.T) {
	for text, want := range map[string]Order{
		"hill_alpha": {"hill_alpha", false}, "hill_alpha:desc": {"hill_alpha", false}, "condition:asc": {"condition", true}, "rows": {"rows", false}, "snr": {"snr", false},
	} {
		o, err := ParseOrder(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, o)
		again, err := ParseOrder(o.String())
		require.NoError(t, err)
		assert.Equal(t, o, again)
	}
	for text, says := range map[string]string{
		"": "no numeric column", "alhpa": "snr, alpha", "name": "no numeric column", "saturated": "no numeric column", "singular_values": "no numeric column",
		"hill": "hill_alpha, hill_alpha_error", "alpha:up": "COLUMN:asc", ":asc": "no numeric column",
	} {
		_, err := ParseOrder(text)
		require.ErrorIs(t, err, spectrum.ErrOption, text)
		assert.ErrorContains(t, err, says, text)
	}
	assert.Equal(t, "snr", Order{}.String())
	for _, name := range Columns() {
		_, err := ParseOrder(name + ":asc")
		assert.NoError(t, err)
	}
}

// ranked is a result of three layers of a type, one of them without α, and one that failed.
func ranked() *Scores {
	row := func(name string, snr, alpha float64, spikes Number) Row {
		r := Row{Name: name + ".q_proj.weight", Type: "q_proj", Params: 4, Ranked: true}
		r.clear()
		r.SNR, r.Alpha, r.Spikes = Number(snr), Number(alpha), spikes
		return r
	}
	failed := row("d", math.NaN(), math.NaN(), 0)
	failed.Error = "broken"
	return (&Result{Rows: []Row{row("a", 3, 2, 7), row("b", 2, math.NaN(), 9), row("c", 1, 5, 9), failed}}).Scores()
}

func TestRankedBy(t *testing.T) {
	chosen := func(o Order, percent float64) (names []string, values []float64, missing int, rule string) {
		s, missing, err := ranked().RankedBy(o)
		require.NoError(t, err)
		sel, err := spectrum.SelectTopK(Layers(s.Candidates(ExpertsFused)), percent)
		require.NoError(t, err)
		o.Restore(sel)
		assert.Equal(t, o.Ascending, sel.Ascending)
		for _, l := range sel.Layers() {
			names, values = append(names, l.Name[:1]), append(values, l.SNR)
		}
		return names, values, missing, sel.Rule
	}
	names, values, missing, rule := chosen(Order{}, 100)
	assert.Equal(t, []any{[]string{"a", "b", "c"}, []float64{3, 2, 1}, 1}, []any{names, values, missing})
	assert.NotContains(t, rule, "first")
	names, values, missing, rule = chosen(Order{Column: "alpha"}, 100)
	assert.Equal(t, []any{[]string{"c", "a"}, []float64{5, 2}, 2}, []any{names, values, missing})
	assert.Contains(t, rule, "by alpha, the highest first")
	names, values, _, rule = chosen(Order{"alpha", true}, 25)
	assert.Equal(t, []any{[]string{"a"}, []float64{2}}, []any{names, values})
	assert.Contains(t, rule, "by alpha, the lowest first")
	names, _, _, _ = chosen(Order{Column: "spikes"}, 50)
	assert.Equal(t, []string{"b", "c"}, names, "a tie keeps the order of the model")

	// What was read is not changed.
	s := ranked()
	_, _, err := s.RankedBy(Order{"alpha", true})
	require.NoError(t, err)
	assert.Equal(t, Number(3), s.Result.Rows[0].SNR)

	_, _, err = s.RankedBy(Order{Column: "nothing"})
	assert.ErrorIs(t, err, spectrum.ErrOption)
	reference := &Scores{Schema: SchemaPlain, rows: []spectrum.Layer{{Name: "a", SNR: 1}, {Name: "b", SNR: math.NaN()}}}
	_, _, err = reference.RankedBy(Order{Column: "alpha"})
	assert.ErrorIs(t, err, spectrum.ErrOption)
	s, missing, err = reference.RankedBy(Order{Ascending: true})
	require.NoError(t, err)
	assert.Equal(t, []float64{-1, 1}, []float64{s.Layers()[0].SNR, reference.Layers()[0].SNR})
	assert.Equal(t, 1, missing)
	_, _, err = (*Scores)(nil).RankedBy(Order{})
	assert.ErrorIs(t, err, spectrum.ErrOption)
	Order{Column: "alpha"}.Restore(nil)
}
