package results

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/scan"
)

// sample is a file with every kind of row.
func sample() *Result {
	q := Row{
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
	bad := NewRow(scan.Outcome{
		Tensor:  checkpoint.Tensor{Name: "model.layers.0.mlp.up_proj.weight", DType: "BF16", Shape: []int{64, 48}},
		Type:    "mlp.up_proj",
		Err:     errors.New(`NaN at row 3, column 4: "quoted", <odd>`),
		Backend: "gonum",
		Elapsed: time.Second / 2,
	})
	head := q
	head.Name, head.Type, head.TiedTo, head.Ranked = "lm_head.weight", "lm_head", "model.embed_tokens.weight", false
	return &Result{
		Provenance: Provenance{
			Tool: "spectrum", Version: "v0.1.0", Model: "dir/<model>", Seconds: 1.5,
			Started:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			Finished: time.Date(2026, 1, 2, 3, 4, 7, 0, time.UTC),
			Config:   &Config{SHA256: "00ff", ModelType: "llama", Architectures: []string{"LlamaForCausalLM"}},
			Files:    []Source{{Name: "model.safetensors", Size: 1 << 40}},
			Settings: Settings{Noise: "iqr", Ratio: "sum", Include: []string{"*q_proj*"}},
		},
		Rows:    []Row{q, k, bad, head},
		Skipped: []Skipped{{Name: "conv.weight", DType: "F32", Shape: []int64{1 << 33, 3, 1}, Reason: "3-D"}},
		Chosen:  &Chosen{TopPercent: 50, Layers: []string{q.Name}, Params: q.Params, Share: 0.125},
	}
}

// requireSameJSON compares files by their JSON, in which NaN equals NaN.
func requireSameJSON(t *testing.T, want, got *Result) {
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
	require.Equal(t, f.Provenance, res.Result.Provenance)
	require.Equal(t, f.Skipped, res.Result.Skipped)
	require.Equal(t, f.Chosen, res.Result.Chosen)
	require.Equal(t, f.Rows[0], res.Result.Rows[0])
	require.True(t, math.IsNaN(float64(res.Result.Rows[2].SNRError)))
	requireSameJSON(t, f, res.Result)
}

func TestWriteJSONEmpty(t *testing.T) {
	var buf bytes.Buffer
	f := &Result{Interrupted: true, Skipped: []Skipped{{Name: "scalar"}}, Chosen: new(Chosen)}
	require.NoError(t, f.WriteJSON(&buf))
	require.NotContains(t, buf.String(), "null", "lists are never null")
	require.Nil(t, f.Skipped[0].Shape, "the file itself is not changed")
	res, err := Read(&buf, "x")
	require.NoError(t, err)
	require.True(t, res.Result.Interrupted)
	require.Empty(t, res.Layers())
}

func TestWriteJSONNotFinite(t *testing.T) {
	var buf bytes.Buffer
	f := &Result{Rows: []Row{{Name: "a", SingularValues: []float64{math.Inf(1)}}}}
	require.Error(t, f.WriteJSON(&buf))
	require.Zero(t, buf.Len())
}

func TestColumns(t *testing.T) {
	// The order is part of the format.
	want := strings.Fields(`name type rows cols dtype params snr ratio_sum ratio_count signal_count noise_count
		signal_sum noise_sum sigma threshold s_max s_min frobenius stable_rank effective_rank saturated zero
		ranked tied_to backend kernel precision snr_error seconds error ratio_energy fit fit_limit
		value_error s_min_error condition condition_error uncertain parameter absent part_of sha256
		alpha alpha_xmin alpha_ks alpha_tail alpha_error alpha_bound alpha_uncertain alpha_rejected alpha_weighted
		log_alpha_norm hill_alpha hill_alpha_error spectral_entropy spectral_entropy_error rank_90 rank_95 rank_99
		numerical_rank spikes spike_strength gavish_donoho_rank below_edge ranks_uncertain
		kind base remark relative cosine rounding_edge above_rounding rank scaling spectrum_sketch singular_values`)
	var required []string
	row, analysis := reflect.TypeFor[Row](), reflect.TypeFor[spectrum.Analysis]()
	fields := columns()
	require.Len(t, fields, len(want))
	for i, c := range fields {
		require.Equal(t, want[i], c.name)
		require.Equal(t, i, c.index)
		if c.required {
			required = append(required, c.name)
		}
		// What is taken from the analysis is there, and of a kind that converts to the
		// same number; what has its name is taken from there.
		to := row.Field(i)
		from, ok := analysis.FieldByName(to.Name)
		own := to.Name == "DType" || to.Name == "SingularValues"
		require.Equal(t, ok && !own, c.analysis, to.Name)
		if c.analysis {
			require.Equal(t, wide(from.Type.Kind()), to.Type.Kind(), to.Name)
		}
	}
	require.Equal(t, []string{"name", "type", "snr", "ranked"}, required)
}

// wide is the kind in which a row has numbers of a kind.
func wide(k reflect.Kind) reflect.Kind {
	if k == reflect.Int {
		return reflect.Int64
	}
	return k
}

func TestNewRow(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	w := mat.NewDense(20, 30, nil)
	w.Apply(func(i, j int, _ float64) float64 { return rnd.NormFloat64() }, w)
	w.Set(3, 4, 100)
	a, err := spectrum.Analyzer{Noise: spectrum.NoiseCalibrated}.Analyze(context.Background(), w)
	require.NoError(t, err)
	o := scan.Outcome{Tensor: checkpoint.Tensor{Name: "a.weight", DType: "Q4_K", Shape: []int{20, 30}}, Type: "a", Analysis: a, Elapsed: time.Second}
	r := NewRow(o)
	require.Equal(t, []any{"a.weight", "a", "Q4_K", int64(600), true, Number(1), ""}, []any{r.Name, r.Type, r.DType, r.Params, r.Ranked, r.Seconds, r.Error})
	// Every number of the analysis reaches the field of its name.
	v, av := reflect.ValueOf(r), reflect.ValueOf(*a)
	copied := 0
	for _, c := range columns() {
		if c.analysis {
			copied++
			name := v.Type().Field(c.index).Name
			to := v.Field(c.index)
			require.Equal(t, av.FieldByName(name).Convert(to.Type()).Interface(), to.Interface(), name)
			require.Equal(t, slices.Contains([]string{"Zero", "Saturated", "Uncertain"}, name), to.IsZero(), name)
		}
	}
	require.Equal(t, 28, copied)
	fit, limit := a.GoodnessOfFit()
	require.Equal(t, [2]Number{Number(fit), Number(limit)}, [2]Number{r.Fit, r.FitLimit})
	require.Positive(t, limit)
	require.Nil(t, r.SingularValues)

	// A tied head repeats the numbers, and is no candidate.
	o.Name, o.TiedTo, o.Reason = "lm_head.weight", "a.weight", "tied to a.weight"
	head := NewRow(o)
	require.Equal(t, []any{"lm_head.weight", "a.weight", false, r.SNR}, []any{head.Name, head.TiedTo, head.Ranked, head.SNR})

	// What failed has its shape, its error and no number.
	failed := NewRow(scan.Outcome{Tensor: o.Tensor, Type: "a", Err: errWrite, Backend: "gonum"})
	require.Equal(t, []any{int64(20), int64(30), int64(600), "gonum", errWrite.Error(), true},
		[]any{failed.Rows, failed.Cols, failed.Params, failed.Backend, failed.Error, failed.Ranked})
	v = reflect.ValueOf(failed)
	missing := 0
	for i := range v.NumField() {
		if n, ok := v.Field(i).Interface().(Number); ok && math.IsNaN(float64(n)) {
			missing++
		}
	}
	require.Equal(t, 40, missing, "all but the seconds")
}

func TestWriteCSV(t *testing.T) {
	f := sample()
	var buf bytes.Buffer
	require.NoError(t, f.WriteCSV(&buf))
	rows, err := csv.NewReader(&buf).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+len(f.Rows))
	for i, c := range columns()[:len(rows[0])] {
		require.Equal(t, c.name, rows[0][i])
	}
	require.Equal(t, "ranks_uncertain", rows[0][len(rows[0])-1], "all but the singular values")
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
	assert.Equal(t, f.Rows[2].Error, cellOf(3, "error"))
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
	res := sample().Scores()
	rows, err := res.ReferenceRows(ConventionV0)
	require.NoError(t, err)
	require.ErrorIs(t, res.Result.WriteJSON(&failingWriter{}), errWrite)
	require.ErrorIs(t, res.Result.WriteCSV(&failingWriter{}), errWrite)
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
