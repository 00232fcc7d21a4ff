package results

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
)

// sample is a file with every kind of row.
func sample() *File {
	q := Layer{
		Name: "model.layers.0.self_attn.q_proj.weight", Type: "self_attn.q_proj",
		Rows: 64, Cols: 48, DType: "BF16", Params: 64 * 48,
		SNR: 0.25, RatioSum: 1, RatioCount: 0.5, SignalCount: 16, NoiseCount: 32,
		SignalSum: 40, NoiseSum: 40, Sigma: 0.7, Threshold: 1.3, SMax: 4, SMin: 1e-7,
		Frobenius: 9, StableRank: 5.0625, EffectiveRank: 30.5,
		Ranked: true, Backend: "gonum", Kernel: "generic", Precision: "float64", SNRError: 1e-12, Seconds: 0.5,
		SingularValues: []float64{4, 3.5, 1e-7},
	}
	k := q
	k.Name, k.Type, k.SingularValues = "model.layers.0.self_attn.k_proj.weight", "self_attn.k_proj", nil
	k.SNR, k.RatioSum, k.RatioCount = Number(math.Inf(1)), Number(math.Inf(1)), Number(math.Inf(1))
	k.SignalCount, k.NoiseCount, k.NoiseSum, k.Saturated = 48, 0, 0, true
	bad := q
	bad.Name, bad.Type = "model.layers.0.mlp.up_proj.weight", "mlp.up_proj"
	bad.Fail(errors.New(`NaN at row 3, column 4: "quoted", <odd>`))
	head := q
	head.Name, head.Type, head.TiedTo, head.Ranked = "lm_head.weight", "lm_head", "model.embed_tokens.weight", false
	return &File{
		Provenance: Provenance{
			Tool: "spectrum", Version: "v0.1.0", Model: "dir/<model>", Seconds: 1.5,
			Started:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			Finished: time.Date(2026, 1, 2, 3, 4, 7, 0, time.UTC),
			Config:   &Config{SHA256: "00ff", ModelType: "llama", Architectures: []string{"LlamaForCausalLM"}},
			Files:    []Source{{Name: "model.safetensors", Size: 1 << 40}},
			Options:  Options{Noise: "iqr", Ratio: "sum", Jobs: 2, Memory: 1 << 33, Include: []string{"*q_proj*"}},
		},
		Layers:    []Layer{q, k, bad, head},
		Skipped:   []Skipped{{Name: "conv.weight", DType: "F32", Shape: []int64{1 << 33, 3, 1}, Reason: "3-D"}},
		Selection: &Selection{TopPercent: 50, Layers: []string{q.Name}, Params: q.Params, Share: 0.125},
	}
}

// requireSameJSON compares files by their JSON, in which NaN equals NaN.
func requireSameJSON(t *testing.T, want, got *File) {
	t.Helper()
	var a, b bytes.Buffer
	require.NoError(t, want.WriteJSON(&a))
	require.NoError(t, got.WriteJSON(&b))
	require.Equal(t, a.String(), b.String())
}

func TestWriteJSONRoundTrip(t *testing.T) {
	f := sample()
	var buf bytes.Buffer
	require.NoError(t, f.WriteJSON(&buf))
	require.True(t, json.Valid(buf.Bytes()))
	text := buf.String()
	assert.True(t, strings.HasPrefix(text, "{\n  \"provenance\": {\n    \"tool\": \"spectrum\",\n"))
	assert.True(t, strings.HasSuffix(text, "\n}\n"))
	assert.Contains(t, text, `"snr": "Infinity"`)
	assert.Contains(t, text, `"snr": null`)
	assert.Contains(t, text, `"s_min": 1e-7`)
	assert.Contains(t, text, `"started": "2026-01-02T03:04:05Z"`)
	assert.Contains(t, text, `"model": "dir/<model>"`, "HTML characters stay readable")

	res, err := Read(&buf, "out.json")
	require.NoError(t, err)
	require.Equal(t, SchemaNative, res.Schema)
	require.Equal(t, f.Provenance, res.File.Provenance)
	require.Equal(t, f.Skipped, res.File.Skipped)
	require.Equal(t, f.Selection, res.File.Selection)
	require.Equal(t, f.Layers[0], res.File.Layers[0])
	require.True(t, math.IsNaN(float64(res.File.Layers[2].SNRError)))
	requireSameJSON(t, f, res.File)
}

func TestWriteJSONEmpty(t *testing.T) {
	var buf bytes.Buffer
	f := &File{Interrupted: true, Skipped: []Skipped{{Name: "scalar"}}, Selection: new(Selection)}
	require.NoError(t, f.WriteJSON(&buf))
	require.NotContains(t, buf.String(), "null", "lists are never null")
	require.Nil(t, f.Skipped[0].Shape, "the file itself is not changed")
	res, err := Read(&buf, "x")
	require.NoError(t, err)
	require.True(t, res.File.Interrupted)
	require.Empty(t, res.Layers())
}

func TestWriteJSONNotFinite(t *testing.T) {
	var buf bytes.Buffer
	f := &File{Layers: []Layer{{Name: "a", SingularValues: []float64{math.Inf(1)}}}}
	require.Error(t, f.WriteJSON(&buf))
	require.Zero(t, buf.Len())
}

// jsonFields returns the JSON names of Layer's fields in struct order.
func jsonFields() []string {
	var out []string
	typ := reflect.TypeFor[Layer]()
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

func TestLayerFields(t *testing.T) {
	// The order is part of the format.
	want := strings.Fields(`name type rows cols dtype params snr ratio_sum ratio_count signal_count noise_count
		signal_sum noise_sum sigma threshold s_max s_min frobenius stable_rank effective_rank saturated zero
		ranked tied_to backend kernel precision snr_error seconds error ratio_energy fit fit_limit singular_values`)
	require.Equal(t, want, jsonFields())
	var l Layer
	v := reflect.ValueOf(&l).Elem()
	fields := layerFields()
	require.Len(t, fields, len(want))
	for i, fd := range fields {
		require.Equal(t, want[i], fd.name)
		require.Equal(t, v.Field(i).Addr().Interface(), fd.of(&l), fd.name)
		require.True(t, reflect.ValueOf(fd.of(&l)).Pointer() == v.Field(i).Addr().Pointer(), "%s points to another field", fd.name)
	}
}

func TestNewLayer(t *testing.T) {
	w := mat.NewDense(2, 3, []float64{3, 0, 0, 0, 4, 0})
	a, err := spectrum.Analyze(context.Background(), w)
	require.NoError(t, err)
	l := NewLayer("a.weight", "a", a)
	require.Equal(t, int64(6), l.Params)
	// Every number of the analysis reaches the field of its name.
	v, av := reflect.ValueOf(l), reflect.ValueOf(*a)
	copied := 0
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		from := av.FieldByName(name)
		if !from.IsValid() || name == "SingularValues" {
			continue
		}
		copied++
		require.Equal(t, from.Convert(v.Field(i).Type()).Interface(), v.Field(i).Interface(), name)
	}
	require.Equal(t, 24, copied)
}

func TestWriteCSV(t *testing.T) {
	f := sample()
	var buf bytes.Buffer
	require.NoError(t, f.WriteCSV(&buf))
	rows, err := csv.NewReader(&buf).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+len(f.Layers))
	names := jsonFields()
	require.Equal(t, names[:len(names)-1], rows[0])
	cellOf := func(row int, column string) string {
		for i, name := range rows[0] {
			if name == column {
				return rows[row][i]
			}
		}
		t.Fatalf("no column %s", column)
		return ""
	}
	assert.Equal(t, "0.25", cellOf(1, "snr"))
	assert.Equal(t, "1e-07", cellOf(1, "s_min"))
	assert.Equal(t, "true", cellOf(1, "ranked"))
	assert.Equal(t, "3072", cellOf(1, "params"))
	assert.Equal(t, "Infinity", cellOf(2, "snr"))
	assert.Equal(t, "", cellOf(3, "snr"))
	assert.Equal(t, "0", cellOf(3, "signal_count"))
	assert.Equal(t, f.Layers[2].Error, cellOf(3, "error"))
	assert.Equal(t, "model.embed_tokens.weight", cellOf(4, "tied_to"))
}

// failingWriter fails after n bytes.
type failingWriter struct{ n int }

var errWrite = errors.New("disk full")

func (w *failingWriter) Write(p []byte) (int, error) {
	if len(p) > w.n {
		return 0, errWrite
	}
	w.n -= len(p)
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	res := FromFile(sample())
	rows, err := res.ReferenceRows(V0)
	require.NoError(t, err)
	require.ErrorIs(t, res.File.WriteJSON(&failingWriter{}), errWrite)
	require.ErrorIs(t, res.File.WriteCSV(&failingWriter{}), errWrite)
	require.ErrorIs(t, WriteReference(&failingWriter{}, rows), errWrite)
	require.ErrorIs(t, WriteReferenceSorted(&failingWriter{}, rows), errWrite)
}

func TestNumber(t *testing.T) {
	for text, x := range map[string]float64{
		`0.1`: 0.1, `1e-7`: 1e-7, `1e+21`: 1e21, `3`: 3, `-2.5`: -2.5,
		`5e-324`: math.SmallestNonzeroFloat64, `1.7976931348623157e+308`: math.MaxFloat64,
		`"Infinity"`: math.Inf(1), `"-Infinity"`: math.Inf(-1), `null`: math.NaN(),
	} {
		got, err := json.Marshal(Number(x))
		require.NoError(t, err)
		require.Equal(t, text, string(got))
		back := Number(7)
		require.NoError(t, json.Unmarshal(got, &back))
		require.True(t, float64(back) == x || x != x && back != back, "%s read as %v", text, back)
	}
	for _, bad := range []string{`"inf"`, `"1"`, `true`, `[]`, `1e999`, `""`} {
		var n Number
		require.ErrorIs(t, json.Unmarshal([]byte(bad), &n), ErrFormat, bad)
	}
	require.Error(t, new(Number).UnmarshalJSON([]byte("0x10")))
}
