package results

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
)

func read(t *testing.T, text string) *Scores {
	t.Helper()
	res, err := Read(strings.NewReader(text), "r.json")
	require.NoError(t, err)
	return res
}

func TestReadPlain(t *testing.T) {
	res := read(t, "\ufeff{\r\n  \"z.1.q\": {\"snr\": 1.5, \"type\": \"q\", \"new\": [1, {\"a\": null}]},\r\n"+
		"  \"a.0.q\": {\"type\": \"q\", \"snr\": Infinity},\r\n"+
		"  \"b\": {\"snr\": NaN, \"type\": \"\"}, \"c\\u00e9\\ud83d\\ude00\\n\": {\"snr\": -Infinity, \"type\": \"é\"},"+
		"\"d\": {\"snr\": 1e999, \"type\": \"d\"}, \"e\": {\"snr\": -3, \"type\": \"d\"}}\r\n")
	require.Equal(t, SchemaPlain, res.Schema)
	require.Nil(t, res.Result)
	got := res.Layers()
	require.Len(t, got, 6)
	require.True(t, math.IsNaN(got[2].SNR))
	got[2].SNR = 0
	require.Equal(t, []spectrum.Layer{
		{Name: "z.1.q", Type: "q", SNR: 1.5},
		{Name: "a.0.q", Type: "q", SNR: math.Inf(1)},
		{Name: "b"},
		{Name: "cé😀\n", Type: "é", SNR: math.Inf(-1)},
		{Name: "d", Type: "d", SNR: math.Inf(1)},
		{Name: "e", Type: "d", SNR: -3},
	}, got)
	require.Equal(t, "z.weight", res.Module("z.weight"), "names of the reference are modules already")
	got[0].Name = "changed"
	require.Equal(t, "z.1.q", res.Layers()[0].Name, "the slice is the caller's")
}

func TestReadSorted(t *testing.T) {
	res := read(t, `{"none": {}, "q": {"b.q": Infinity, "a.q": 2}, "k": {"a.k": 0.0}}`)
	require.Equal(t, SchemaSorted, res.Schema)
	require.Equal(t, []spectrum.Layer{
		{Name: "b.q", Type: "q", SNR: math.Inf(1)}, {Name: "a.q", Type: "q", SNR: 2}, {Name: "a.k", Type: "k"},
	}, res.Layers())
}

func TestReadNative(t *testing.T) {
	res := sample().Scores()
	got := res.Layers()
	require.Len(t, got, 3, "the tied row is not a candidate")
	require.Equal(t, spectrum.Layer{
		Name: "model.layers.0.self_attn.q_proj.weight", Type: "self_attn.q_proj", SNR: 0.25, Params: 3072,
	}, got[0])
	require.True(t, math.IsInf(got[1].SNR, 1))
	require.True(t, math.IsNaN(got[2].SNR))
	require.Equal(t, "model.norm", res.Module("model.norm.weight"))

	// What a later version adds is ignored, what is absent is missing, and a
	// layer with an error has no score even if the file gives one.
	res = read(t, `{"format": 2, "layers": [
		{"name": "a.weight", "type": "a", "snr": 3, "SNR": 4, "extra": {"snr": [1]}, "ranked": true},
		{"name": "b.weight", "type": "a", "snr": 5, "error": "bad", "ranked": true}]}`)
	l := res.Result.Rows[0]
	require.Equal(t, Number(3), l.SNR, "field names are exact")
	require.True(t, math.IsNaN(float64(l.Sigma)))
	require.True(t, math.IsNaN(res.Layers()[1].SNR))
}

// Tensors without a score have the types that a scan would give them, by the rule
// that the others have theirs from.
func TestUnrankedTypes(t *testing.T) {
	const (
		norm   = "model.vision_tower.encoder.layers.0.layer_norm1.weight"
		expert = "model.layers.0.mlp.experts.3.norm.weight"
		matrix = "model.layers.0.mlp.experts.3.up_proj.weight"
	)
	for _, c := range []struct {
		rows []Row
		want []string
	}{
		{nil, []string{"vision_tower.layer_norm1", "mlp.experts.*.norm"}},
		{[]Row{{Name: "lm_head.weight", Type: "lm_head"}}, []string{"vision_tower.layer_norm1", "mlp.experts.*.norm"}}, // either rule
		{[]Row{{Name: matrix, Type: "mlp.experts.*.up_proj"}}, []string{"vision_tower.layer_norm1", "mlp.experts.*.norm"}},
		{[]Row{{Name: matrix, Type: "mlp.experts.3.up_proj"}}, []string{"layer_norm1", "mlp.experts.3.norm"}},
		{[]Row{{Name: matrix, Type: "of the caller"}}, []string{"vision_tower.layer_norm1", "mlp.experts.*.norm"}},
	} {
		f := &Result{Rows: c.rows, Skipped: []Skipped{{Name: norm, Shape: []int64{8}}, {Name: expert, Shape: []int64{2, 3}}}}
		got := f.Scores().Unranked()
		require.Len(t, got, 2)
		require.Equal(t, c.want, []string{got[0].Type, got[1].Type}, "%v", c.rows)
		require.Equal(t, []int64{8, 6}, []int64{got[0].Params, got[1].Params})
		require.True(t, math.IsNaN(got[0].SNR))
	}
}

// A table of scan is refused with what would be read.
func TestReadCSV(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, sample().WriteCSV(&b))
	_, err := Read(&b, "r.csv")
	assert.ErrorIs(t, err, ErrFormat)
	assert.ErrorContains(t, err, "a scan to .json is read")
}

func TestReadErrors(t *testing.T) {
	layer := func(fields string) string { return `{"layers": [` + fields + `]}` }
	deep := strings.Repeat(`{"a":`, 1e6)
	for _, c := range []struct{ name, text, want string }{
		{"syntax", "{\n  \"a\": {\n    \"snr\": 1.5,,", `line 3, byte 26: unexpected ',', want a string`},
		{"offset counts the byte order mark", "\ufeff{]", `line 1, byte 4: unexpected ']', want a string`},
		{"truncated", `{"a": {"snr": 1.5, "ty`, "unexpected end of the data, want"},
		{"truncated value", `{"a": `, "unexpected end of the data, want a value"},
		{"zero bytes", "\x00\x00", `line 1, byte 0: unexpected '\x00', want a value`},
		{"trailing text", `{"a": {"snr": 1, "type": "t"}} {}`, "line 1, byte 31: data after the end of the value"},
		{"trailing comma", `{"a": {"snr": 1, "type": "t"},}`, "unexpected '}', want a string"},
		{"no comma", `{"a": {"snr": 1 "type": "t"}}`, `unexpected '"', want ',' or '}'`},
		{"number", `{"a": {"snr": 01, "type": "t"}}`, "unexpected '1', want ',' or '}'"},
		{"number", `{"a": {"snr": 1., "type": "t"}}`, "want a digit"},
		{"number", `{"a": {"snr": 1e, "type": "t"}}`, "want a digit"},
		{"number", `{"a": {"snr": -, "type": "t"}}`, "line 1, byte 15: unexpected ',', want a digit"},
		{"number", `{"a": {"snr": nan, "type": "t"}}`, "unexpected 'n', want a value"},
		{"not UTF-8", "{\"a\xff\": {}}", "line 1, byte 3: 0xff is not valid UTF-8"},
		{"control", "{\"a\n\": {}}", "control character"},
		{"escape", `{"\x": {}}`, `line 1, byte 3: invalid escape 'x' in a string`},
		{"escape", `{"\u12g4": {}}`, `line 1, byte 6: invalid \u escape: 'g' is not a hexadecimal digit`},
		{"surrogate", `{"\ud800": {}}`, "line 1, byte 2: unpaired surrogate in a string"},
		{"surrogate", `{"\ud800\u0041": {}}`, "line 1, byte 2: unpaired surrogate in a string"},
		{"depth", deep, "nested more than 100 deep"},
		{"depth", strings.Repeat("[", 1e6), "nested more than 100 deep"},
		{"duplicate", "{\"a\": {\"snr\": 1, \"type\": \"t\"},\n\"\\u0061\": {}}", `line 2, byte 31: duplicate key "a"`},
		{"duplicate inside", `{"a": {"snr": 1, "snr": 2, "type": "t"}}`, `duplicate key "snr"`},
		{"duplicate in ours", `{"layers": [], "x": {"y": 1, "y": 2}}`, `duplicate key "y"`},
		{"duplicate module", `{"t": {"m": 1}, "u": {"m": 2}}`, `module "m" again, under type "u"`},
		{"array", `[1]`, `array "layers"`},
		{"string", `"x"`, `array "layers"`},
		{"empty object", `{}`, `no layers`},
		{"empty members", `{"a": {}, "b": {}}`, `no layers`},
		{"other object", `{"__metadata__": {"a": 1.0}, "x": 1}`, `array "layers"`},
		{"no snr", `{"a": {"snr": 1, "type": "t"}, "b.q": {"type": "t"}}`, `module "b.q" has no "snr"`},
		{"no type", `{"b.q": {"snr": 1}}`, `module "b.q" has no "type"`},
		{"snr type", `{"b.q": {"snr": "1", "type": "t"}}`, `module "b.q": the SNR is a string, not a number`},
		{"snr null", `{"b.q": {"snr": null, "type": "t"}}`, `module "b.q": the SNR is null`},
		{"type type", `{"b.q": {"snr": 1, "type": 2}}`, `module "b.q": the type is a number, not a string`},
		{"sorted value", `{"t": {"b.q": 1, "c.q": true}}`, `module "c.q": the SNR is a boolean`},
		{"ours: kind", layer(`3`), `layer 1 is a number, not an object`},
		{"ours: no name", layer(`{"type": "t", "snr": 1, "ranked": true}`), `layer 1 has no "name"`},
		{"ours: empty name", layer(`{"name": "", "type": "t", "snr": 1, "ranked": true}`), `empty name`},
		{"ours: no snr", layer(`{"name": "w", "type": "t", "ranked": true}`), `layer "w" has no "snr"`},
		{"ours: no ranked", layer(`{"name": "w", "type": "t", "snr": 1}`), `layer "w" has no "ranked"`},
		{"ours: null", layer(`{"name": "w", "type": null, "snr": 1, "ranked": true}`), `layer "w", type is null`},
		{"ours: snr", layer("\n" + `{"name": "w", "snr": "1"}`), `line 2, byte 34: layer "w", snr: "\"1\"" is not a number`},
		{"ours: token", layer(`{"name": "w", "snr": Infinity}`), `layer "w", snr: invalid character 'I'`},
		{"ours: rows", layer(`{"name": "w", "rows": 1.5}`), `layer "w", rows: number 1.5 where int64 belongs`},
		{"ours: values", layer(`{"name": "w", "singular_values": [1, "x"]}`), `layer "w", singular_values: string where float64 belongs`},
		{"ours: twice", layer(`{"name": "w", "type": "t", "snr": 1, "ranked": true}, {"name": "w", "type": "t", "snr": 1, "ranked": true}`), `layer "w" twice`},
		{"ours: provenance", `{"provenance": {"files": [{"size": "x"}]}, "layers": []}`, `provenance.files.size: string where int64 belongs`},
		{"ours: time", `{"provenance": {"started": "yesterday"}, "layers": []}`, `provenance: parsing time`},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := Read(strings.NewReader(c.text), "dir/r.json")
			require.ErrorIs(t, err, ErrFormat)
			require.Nil(t, res)
			assert.True(t, strings.HasPrefix(err.Error(), "dir/r.json: malformed result file: line "), err.Error())
			assert.Contains(t, err.Error(), c.want)
			assert.Less(t, len(err.Error()), 400)
		})
	}
}

func TestReadEmpty(t *testing.T) {
	for _, text := range []string{"", "\r\n", " \n\t", "\ufeff", "\ufeff\r\n"} {
		_, err := Read(strings.NewReader(text), "e.json")
		require.ErrorIs(t, err, ErrEmpty)
		require.EqualError(t, err, "e.json: the result file is empty")
	}
}

func TestReadManyKeys(t *testing.T) {
	// Beyond a handful, keys are in a map; both must find a duplicate.
	var b strings.Builder
	b.WriteString(`{"t": {`)
	for i := range 100 {
		b.WriteString(`"` + strings.Repeat("m", i+1) + `": 1, `)
	}
	for i := range 100 {
		dup := strings.Repeat("m", i+1)
		_, err := Read(strings.NewReader(b.String()+`"`+dup+`": 2}}`), "r")
		require.ErrorContains(t, err, `duplicate key "`+dup+`"`)
	}
	require.Len(t, read(t, b.String()+`"last": 2}, "u": {"m1": 1, "m2": 2}}`).Layers(), 103)
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errWrite }

func TestReadIOErrors(t *testing.T) {
	_, err := Read(io.MultiReader(strings.NewReader("{"), brokenReader{}), "r.json")
	require.ErrorIs(t, err, errWrite)
	require.ErrorContains(t, err, "r.json")
	path := filepath.Join(t.TempDir(), "absent.json")
	_, err = ReadFile(path)
	require.True(t, errors.Is(err, os.ErrNotExist))
	require.ErrorContains(t, err, path)
}
