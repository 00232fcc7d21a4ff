package results

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiagnose(t *testing.T) {
	text := `{
	"model.layers.0.input_layernorm": {"snr": Infinity, "type": "input_layernorm"},
	"model.layers.1.input_layernorm": {"snr": Infinity, "type": "input_layernorm"},
	"model.layers.0.mlp.experts.0.up_proj": {"snr": 0.5, "type": "mlp.experts.0.up_proj"},
	"model.layers.0.mlp.experts.1.up_proj": {"snr": NaN, "type": "mlp.experts.1.up_proj"},
	"model.layers.1.mlp.experts.0.up_proj": {"snr": 0.5, "type": "mlp.experts.0.up_proj"},
	"model.layers.0.q": {"snr": 1, "type": "q"},
	"model.layers.0.q": {"snr": 2, "type": "q"},
	"model.layers.0.k": {"snr": "Infinity and more", "type": "k"},
	"model.layers.0.v": {"type": "v"},
	"model.layers.0.o": {"snr": 3},
	"x": [1, 2], "y": {}`
	d, err := Diagnose([]byte(text))
	require.NoError(t, err)
	require.False(t, d.Healthy())
	require.Equal(t, SchemaPlain, d.Schema)
	require.Equal(t, "v0", d.Era)
	require.Equal(t, []int{8, 2, 6}, []int{d.Rows, d.Infinite, len(d.Clean)})
	require.Equal(t, []string{"model.layers.0.mlp.experts.1.up_proj"}, d.NaN)
	require.Equal(t, []string{"model.layers.0.q"}, d.Duplicates)
	require.Equal(t, []string{
		"model.layers.0.k: the SNR is Infinity and more, not a number", "model.layers.0.v: no SNR",
		"model.layers.0.o: no type, taken from the name", "x: not an object", "y: nothing in it",
	}, d.Invalid)
	require.Equal(t, []string{"model.layers.1.mlp.experts.1.up_proj"}, d.Missing)
	require.Equal(t, []Tie{{"input_layernorm", 2, 2}, {"mlp.experts.0.up_proj", 2, 2}}, d.Ties)
	require.Contains(t, d.Broken, "EOF")
	require.Equal(t, 2., d.Clean[4].SNR, "the last value of a duplicate")

	// What it writes is healthy but for the missing expert.
	var clean bytes.Buffer
	require.NoError(t, WriteReference(&clean, d.Clean))
	res, err := Read(&clean, "clean")
	require.NoError(t, err)
	require.Equal(t, d.Clean, res.Layers())
}

func TestDiagnoseEra(t *testing.T) {
	for text, want := range map[string]string{
		`{"l.0.norm": {"snr": 1.0, "type": "norm"}, "l.0.q": {"snr": Infinity, "type": "q"}}`: "v1",
		`{"l.0.norm": {"snr": Infinity, "type": "norm"}}`:                                     "v0",
		`{"l.0.q": {"snr": 0.5, "type": "q"}}`:                                                "",
		`{"l.0.q": {"snr": NaN, "type": "q"}}`:                                                "v1",
		`{"q": {"l.0.q": -Infinity}}`:                                                         "v0",
	} {
		d, err := Diagnose([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, d.Era, text)
		require.Empty(t, d.Broken, text)
	}
	for text, want := range map[string]error{" \n": ErrEmpty, "{}": ErrFormat, "[1]": ErrFormat, "{": ErrFormat, "x": ErrFormat} {
		_, err := Diagnose([]byte(text))
		require.ErrorIs(t, err, want, text)
	}
	d, err := Diagnose([]byte(`{"q": {"l.0.q": 1}} x`))
	require.NoError(t, err)
	require.Contains(t, d.Broken, "after the end")
	d, err = Diagnose([]byte(`{"layers": [{"name": "a.weight", "type": "t", "snr": 1, "ranked": true}]}`))
	require.NoError(t, err)
	require.Equal(t, SchemaNative, d.Schema)
	require.True(t, d.Healthy())
}

// Every published file is read whole, and what doctor writes is what it read.
func TestDiagnosePublished(t *testing.T) {
	for _, p := range published() {
		data, err := os.ReadFile(resultPath(t, p.model))
		require.NoError(t, err)
		d, err := Diagnose(data)
		require.NoError(t, err)
		require.True(t, d.Healthy(), "%s: %+v", p.model, d.Missing)
		require.Equal(t, p.schema, d.Schema)
		res, err := ReadFile(resultPath(t, p.model))
		require.NoError(t, err)
		require.Equal(t, res.Layers(), d.Clean)
	}
}

func FuzzDiagnose(f *testing.F) {
	f.Add([]byte(`{"l.0.norm": {"snr": Infinity, "type": "norm"}, "a": {"b": NaN}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Diagnose(data)
		if err == nil {
			require.NoError(t, WriteReference(new(bytes.Buffer), d.Clean))
		}
	})
}
