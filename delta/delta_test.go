package delta_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/delta"
	"github.com/gospectrum/spectrum/results"
)

const up, down = "model.layers.%d.mlp.up_proj.weight", "model.layers.%d.mlp.down_proj.weight"

// A change of three directions is found as such, within the bounds, and what was not touched is
// unchanged.
func TestPlantedChange(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var base, tuned []tensor
	var change *mat.Dense
	for i := range 2 {
		w := stored("BF16", normal(rnd, 96, 64, 0.05))
		after := mat.DenseCopyOf(w)
		if i == 1 {
			var low mat.Dense
			low.Mul(normal(rnd, 96, 3, 0.1), normal(rnd, 3, 64, 0.1))
			after.Add(w, &low)
			after = stored("BF16", after)
			change = mat.NewDense(96, 64, nil)
			change.Sub(after, w)
		}
		base = append(base, tensor{name: fmt.Sprintf(up, i), dtype: "BF16", values: w})
		tuned = append(tuned, tensor{name: fmt.Sprintf(up, i), dtype: "BF16", values: after})
	}
	r := compare(t, write(t, "model.safetensors", nil, base...), write(t, "model.safetensors", nil, tuned...))
	assert.Equal(t, results.KindDelta, r.Kind)
	require.NotNil(t, r.Provenance.Base)

	same := row(t, r, fmt.Sprintf(up, 0))
	assert.True(t, same.Zero)
	assert.Equal(t, results.Number(0), *same.Relative)
	assert.Equal(t, results.Number(1), *same.Cosine)
	assert.Zero(t, *same.AboveRounding)

	moved := row(t, r, fmt.Sprintf(up, 1))
	want := values(t, change)
	for i, s := range moved.SingularValues {
		assert.InDelta(t, want[i], s, float64(moved.ValueError)+1e-12)
	}
	assert.EqualValues(t, 3, *moved.AboveRounding)
	assert.InEpsilon(t, mat.Norm(change, 2)/mat.Norm(base[1].values, 2), float64(*moved.Relative), 1e-12)
	assert.Equal(t, results.KindDelta, moved.Kind)

	verdicts := results.Verdicts(r)
	require.Len(t, verdicts, 2)
	assert.Equal(t, "unchanged", verdicts[0].String())
	assert.Contains(t, verdicts[1].String(), "1 of 1 weights changed by")
	changed, rounding, unchanged := results.Changed(verdicts)
	assert.Equal(t, []int{1, 0, 1}, []int{changed, rounding, unchanged})
}

// TestRoundingAlone rounds weights of three kinds of sizes, and counts how often that alone is
// taken for a change: at the level of 1 %, in 300 matrices at most 8, which chance passes with
// probability 0.004. The edge is not far above what rounding does, either.
func TestRoundingAlone(t *testing.T) {
	for name, scale := range map[string]func(i, j int) float64{
		"alike":      func(_, _ int) float64 { return 1 },
		"rows":       func(i, _ int) float64 { return math.Exp(float64(i%7) / 3) },
		"an outlier": func(i, j int) float64 { return 1 + 200*float64((i*j+1)/(40*57)) },
	} {
		rnd := rand.New(rand.NewPCG(7, 8))
		var base, tuned []tensor
		const trials = 300
		for i := range trials {
			w := normal(rnd, 41, 58, 1)
			w.Apply(func(i, j int, v float64) float64 { return v * scale(i, j) }, w)
			w = stored("F32", w)
			base = append(base, tensor{name: fmt.Sprintf(up, i), dtype: "F32", values: w})
			tuned = append(tuned, tensor{name: fmt.Sprintf(up, i), dtype: "BF16", values: w})
		}
		r := compare(t, write(t, "model.safetensors", nil, base...), write(t, "model.safetensors", nil, tuned...))
		alarms, closest := 0, 0.
		for _, row := range r.Rows {
			require.Empty(t, row.Error)
			if *row.AboveRounding > 0 {
				alarms++
			}
			closest = max(closest, float64(row.SMax / *row.RoundingEdge))
		}
		assert.LessOrEqual(t, alarms, 8, "%s: false alarms of %d", name, trials)
		assert.Greater(t, closest, 0.6, "%s: the edge is not far above the noise", name)
	}
}

// Differences that float32 does not hold are taken in float64, and where that rounds too, the
// bound has what it rounds.
func TestDifferencesAreExactOrBounded(t *testing.T) {
	base := mat.NewDense(2, 3, []float64{1, 1, 1, 1, 1, 3})
	tuned := mat.NewDense(2, 3, []float64{1 + 0x1p-23, 0x1p-30, 2, 3, -1, 0x1p-60})
	r := compare(t, write(t, "model.safetensors", nil, tensor{name: "a.weight", dtype: "F32", values: base}),
		write(t, "model.safetensors", nil, tensor{name: "a.weight", dtype: "F32", values: tuned}))
	var exact mat.Dense
	exact.Sub(tuned, base)
	for i, v := range values(t, &exact) {
		assert.InDelta(t, v, row(t, r, "a.weight").SingularValues[i], float64(row(t, r, "a.weight").ValueError)+1e-14)
		assert.Less(t, float64(row(t, r, "a.weight").ValueError), 1e-8)
	}

	base = mat.NewDense(1, 2, []float64{1, 0x1p60})
	tuned = mat.NewDense(1, 2, []float64{0x1p-60, 1})
	r = compare(t, write(t, "model.safetensors", nil, tensor{name: "a.weight", dtype: "F64", values: base}),
		write(t, "model.safetensors", nil, tensor{name: "a.weight", dtype: "F64", values: tuned}))
	assert.GreaterOrEqual(t, float64(row(t, r, "a.weight").ValueError), 1., "2⁶⁰ − 1 is no float64")

	// One element next to zero does not make a tensor of bfloat16 one of float64.
	rnd := rand.New(rand.NewPCG(5, 6))
	w := stored("BF16", normal(rnd, 60, 60, 1))
	after := stored("BF16", normal(rnd, 60, 60, 1))
	after.Set(0, 0, 0x1p-28)
	r = compare(t, write(t, "model.safetensors", nil, tensor{name: "a.weight", dtype: "BF16", values: w}),
		write(t, "model.safetensors", nil, tensor{name: "a.weight", dtype: "BF16", values: after}))
	exact = mat.Dense{}
	exact.Sub(after, w)
	for i, v := range values(t, &exact) {
		assert.InDelta(t, v, row(t, r, "a.weight").SingularValues[i], float64(row(t, r, "a.weight").ValueError)+1e-13)
	}
	assert.Greater(t, float64(row(t, r, "a.weight").ValueError), math.Abs(w.At(0, 0))*0x1p-40, "what was rounded is in the bound")

	huge := mat.NewDense(1, 2, []float64{math.MaxFloat64, 1})
	minus := mat.NewDense(1, 2, []float64{-math.MaxFloat64, 1})
	r = compare(t, write(t, "model.safetensors", nil, tensor{name: "a.weight", dtype: "F64", values: huge}),
		write(t, "model.safetensors", nil, tensor{name: "a.weight", dtype: "F64", values: minus}))
	assert.Contains(t, row(t, r, "a.weight").Error, "not finite")
}

// Names that differ by what wraps the model are one, and what only one side has is listed.
func TestAlignment(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	w, v := normal(rnd, 8, 6, 1), normal(rnd, 1, 6, 1)
	f := func(name string, m *mat.Dense) tensor { return tensor{name: name, dtype: "F32", values: m} }
	vector := func(name string) tensor { return tensor{name, "F32", v, []int64{6}} }
	base := write(t, "model.safetensors", nil,
		f("model.layers.0.mlp.up_proj.weight", w), f("model.layers.0.mlp.down_proj.weight", w), f("model.embed_tokens.weight", normal(rnd, 10, 6, 1)),
		vector("model.norm.weight"), f("model.layers.1.mlp.up_proj.weight", w))
	tuned := write(t, "model.safetensors", nil,
		f("model.language_model.layers.0.mlp.up_proj.weight", w), f("model.language_model.layers.0.mlp.down_proj.weight", normal(rnd, 6, 8, 1)),
		f("model.language_model.embed_tokens.weight", normal(rnd, 12, 6, 1)), vector("model.language_model.norm.weight"), f("model.visual.proj.weight", w))
	r := compare(t, base, tuned)
	same := row(t, r, "model.language_model.layers.0.mlp.up_proj.weight")
	assert.True(t, same.Zero)
	assert.Equal(t, "model.layers.0.mlp.up_proj.weight", same.Base)
	assert.True(t, row(t, r, "model.language_model.norm.weight").Zero, "vectors are compared too")
	assert.Contains(t, row(t, r, "model.language_model.layers.0.mlp.down_proj.weight").Error, "the base has 8×6, the tuned model 6×8")
	more := row(t, r, "model.language_model.embed_tokens.weight")
	assert.EqualValues(t, 10, more.Rows)
	assert.Equal(t, "the common 10 rows, of 10 in the base and 12 in the tuned model", more.Remark)
	assert.Equal(t, map[string]string{
		"model.visual.proj.weight":          "added: the base has no such tensor",
		"model.layers.1.mlp.up_proj.weight": "missing: only the base has this tensor",
	}, skipped(r))
}

// Either side may be of any format; what llama.cpp stores in another order is refused by name.
func TestFormats(t *testing.T) {
	formats := filepath.Join("..", "testdata", "formats")
	r := compare(t, filepath.Join(formats, "safetensors-F32"), filepath.Join(formats, "gguf-F32.gguf"))
	compared := 0
	for _, row := range r.Rows {
		if row.Error != "" {
			assert.Contains(t, row.Error, "a GGUF file has the rows of")
			continue
		}
		compared++
		assert.True(t, row.Zero, row.Name)
	}
	assert.Positive(t, compared)
	r = compare(t, filepath.Join(formats, "safetensors-F32"), filepath.Join(formats, "gguf-Q8_0.gguf"))
	for _, row := range r.Rows {
		if row.DType == "Q8_0" {
			assert.Nil(t, row.RoundingEdge, "the rounding of blocks is not known")
		}
	}
	r = compare(t, filepath.Join(formats, "safetensors-F32"), filepath.Join(formats, "safetensors-BF16"))
	for _, row := range r.Rows {
		require.Empty(t, row.Error)
		assert.LessOrEqual(t, *row.AboveRounding, int64(min(row.Rows, row.Cols)-1)/4, "%s was rounded and not changed", row.Name)
	}
}

// An output head of its own is compared with the embedding that the other model ties it to.
func TestTiedHead(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	w := normal(rnd, 9, 5, 1)
	const config = `{"model_type":"llama","tie_word_embeddings":%t}`
	embedding := tensor{name: "model.embed_tokens.weight", dtype: "F32", values: w}
	tied := write(t, "model.safetensors", map[string]string{"config.json": fmt.Sprintf(config, true)}, embedding)
	own := write(t, "model.safetensors", map[string]string{"config.json": fmt.Sprintf(config, false)}, embedding,
		tensor{name: "lm_head.weight", dtype: "F32", values: w})
	head := row(t, compare(t, tied, own), "lm_head.weight")
	assert.True(t, head.Zero)
	assert.Equal(t, "model.embed_tokens.weight", head.Base)
	assert.Equal(t, "model.embed_tokens.weight", row(t, compare(t, tied, tied), "lm_head.weight").TiedTo)
}

func TestNothingInCommon(t *testing.T) {
	w := mat.NewDense(2, 2, []float64{1, 2, 3, 4})
	a := open(t, write(t, "model.safetensors", nil, tensor{name: "a.weight", dtype: "F32", values: w}))
	b := open(t, write(t, "model.safetensors", nil, tensor{name: "b.weight", dtype: "F32", values: w}))
	_, err := delta.NewPair(a, b)
	assert.ErrorIs(t, err, spectrum.ErrOption)
	_, err = delta.NewPair(a, nil)
	assert.ErrorIs(t, err, spectrum.ErrOption)
}
