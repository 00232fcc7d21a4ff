package delta_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/gospectrum/spectrum/checkpoint"
	"github.com/gospectrum/spectrum/delta"
	"github.com/gospectrum/spectrum/internal/test/hostile"
	"github.com/gospectrum/spectrum/results"
)

const wrapped = "base_model.model.model.layers.0.self_attn."

// adapter opens one of tensors and a config, "" for none.
func adapter(t *testing.T, config string, tensors ...tensor) *delta.Adapter {
	t.Helper()
	others := map[string]string{"adapter_config.json": config}
	if config == "" {
		others = nil
	}
	a, err := delta.NewAdapter(open(t, write(t, "adapter_model.safetensors", others, tensors...)), nil)
	require.NoError(t, err)
	require.NotNil(t, a)
	return a
}

// factors are the two of a module in float32.
func factors(module string, a, b *mat.Dense) []tensor {
	return []tensor{{name: module + ".lora_A.weight", dtype: "F32", values: a}, {name: module + ".lora_B.weight", dtype: "F32", values: b}}
}

// The row of a pair is that of the product, with the scaling of the config by PEFT's rule.
func TestAdapterScaling(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	const q = "model.layers.0.self_attn.q_proj.weight"
	for config, want := range map[string]float64{
		`{"peft_type":"LORA","r":4,"lora_alpha":8}`:                                                                    2,
		`{"peft_type":"LORA","r":4,"lora_alpha":8,"use_rslora":true}`:                                                  4,
		`{"peft_type":"LORA","r":4}`:                                                                                   2,
		`{"r":16,"lora_alpha":8,"rank_pattern":{"q_proj":4}}`:                                                          2,
		`{"r":4,"lora_alpha":8,"alpha_pattern":{"k_proj":1,"layers.0.self_attn.q_proj":16,"q_proj":99}}`:               4,
		`{"r":16,"rank_pattern":{"model\\.layers\\.\\d+\\..*q_proj":4},"alpha_pattern":{"^q_proj":99},"lora_alpha":4}`: 1,
		"": 1,
	} {
		a, b := stored("F32", normal(rnd, 4, 30, 0.1)), stored("F32", normal(rnd, 20, 4, 0.1))
		r := scanned(t, adapter(t, config, factors(wrapped+"q_proj", a, b)...))
		require.Len(t, r.Rows, 1, config)
		got := row(t, r, q)
		require.Empty(t, got.Error, config)
		assert.Equal(t, results.Number(want), *got.Scaling, config)
		var product mat.Dense
		product.Mul(b, a)
		product.Scale(want, &product)
		for i, s := range values(t, &product) {
			assert.InDelta(t, s, got.SingularValues[i], float64(got.ValueError)+1e-14, config)
		}
		assert.Equal(t, []int64{20, 30, 4, 4, 16}, []int64{got.Rows, got.Cols, got.Rank, got.SignalCount, got.NoiseCount})
		assert.InEpsilon(t, mat.Norm(&product, 2), float64(got.Frobenius), 1e-12)
		assert.False(t, got.Ranked)
		assert.True(t, math.IsNaN(float64(got.SNR)))
		assert.Equal(t, results.KindAdapter, got.Kind)
		assert.Equal(t, config == "", got.Remark != "", "the scaling is not known")
	}
}

// Files of the kohya scripts have their scaling beside the factors, and kernels of convolutions.
func TestKohyaAdapter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	a, b := stored("F32", normal(rnd, 2, 27, 1)), stored("F32", normal(rnd, 6, 2, 1))
	const module = "lora_unet_down_blocks_0_proj_in"
	tensors := []tensor{
		{module + ".lora_down.weight", "F32", a, []int64{2, 3, 3, 3}}, {module + ".lora_up.weight", "F32", b, []int64{6, 2, 1, 1}},
		{module + ".alpha", "F32", mat.NewDense(1, 1, []float64{1}), []int64{}},
		{"lora_te_x.lora_down.weight", "F32", a, []int64{2, 27}}, {"lora_te_x.lora_up.weight", "F32", b, []int64{6, 2}},
	}
	m := open(t, filepath.Join(write(t, "x.safetensors", nil, tensors...), "x.safetensors"))
	base := open(t, write(t, "model.safetensors", nil, tensor{"down_blocks.0.proj_in.weight", "F32", normal(rnd, 6, 27, 1), []int64{6, 3, 3, 3}},
		tensor{name: "other.weight", dtype: "F32", values: a}))
	c, err := delta.NewAdapter(m, base)
	require.NoError(t, err)
	r := scanned(t, c)
	got := row(t, r, "down_blocks.0.proj_in.weight")
	require.Empty(t, got.Error)
	assert.Equal(t, results.Number(0.5), *got.Scaling)
	require.NotNil(t, got.Relative)
	var product mat.Dense
	product.Mul(b, a)
	assert.InEpsilon(t, 0.5*values(t, &product)[0], float64(got.SMax), 1e-12)
	other := row(t, r, "lora_te_x.weight")
	assert.Equal(t, results.Number(1), *other.Scaling)
	assert.Contains(t, other.Remark, "the base has no such weight")
}

// TestHostileAdapters: what cannot be is a row with its error.
func TestHostileAdapters(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	a, b := normal(rnd, 4, 30, 1), normal(rnd, 20, 4, 1)
	bad := mat.DenseCopyOf(a)
	bad.Set(2, 3, math.NaN())
	const config = `{"peft_type":"LORA","r":4,"lora_alpha":8}`
	q := wrapped + "q_proj"
	for name, c := range map[string]struct {
		config  string
		tensors []tensor
		says    string
	}{
		"NaN":                 {config, factors(q, bad, b), "not finite"},
		"only A":              {config, factors(q, a, b)[:1], "factor A without a factor B"},
		"only B":              {config, factors(q, a, b)[1:], "factor B without a factor A"},
		"other inner sizes":   {config, factors(q, a, normal(rnd, 20, 5, 1)), "shape does not fit"},
		"rank 0":              {config, []tensor{{q + ".lora_A.weight", "F32", &mat.Dense{}, []int64{0, 30}}, {q + ".lora_B.weight", "F32", &mat.Dense{}, []int64{20, 0}}}, "empty"},
		"another rank":        {`{"r":8}`, factors(q, a, b), "have rank 4, adapter_config.json says 8"},
		"r is 0":              {`{"r":0}`, factors(q, a, b), "says 0"},
		"alpha overflows":     {`{"r":4,"lora_alpha":1e999}`, factors(q, a, b), "malformed"},
		"no JSON":             {`{"r":`, factors(q, a, b), "adapter_config.json"},
		"a pattern of Python": {`{"r":4,"rank_pattern":{"(?<!x)q_proj":4}}`, factors(q, a, b), "one of Python alone"},
		"DoRA":                {`{"r":4,"use_dora":true}`, factors(q, a, b), "DoRA"},
		"DoRA by its part":    {config, append(factors(q, a, b), tensor{q + ".lora_magnitude_vector", "F32", normal(rnd, 1, 20, 1), []int64{20}}), "DoRA"},
		"another kind":        {`{"peft_type":"LOHA"}`, factors(q, a, b), `peft_type "LOHA"`},
		"Tucker's core":       {"", append(factors("lora_unet_x", a, b), tensor{name: "lora_unet_x.lora_mid.weight", dtype: "F32", values: a}), "lora_mid"},
	} {
		r := scanned(t, adapter(t, c.config, c.tensors...))
		require.Len(t, r.Rows, 1, name)
		assert.Contains(t, r.Rows[0].Error, c.says, name)
		assert.Equal(t, results.KindAdapter, r.Rows[0].Kind, name)
	}
	fresh := scanned(t, adapter(t, config, factors(q, a, mat.NewDense(20, 4, nil))...))
	assert.True(t, fresh.Rows[0].Zero)
	assert.Empty(t, fresh.Rows[0].Error)
	wide := scanned(t, adapter(t, `{"r":30}`, factors(q, normal(rnd, 30, 9, 1), normal(rnd, 3, 30, 1))...))
	assert.Empty(t, wide.Rows[0].Error)
	assert.Len(t, wide.Rows[0].SingularValues, 3)
}

func TestNoPanicOnBadInput(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	sources, err := os.Getwd()
	require.NoError(t, err)
	// The walk closes the models.
	open := func(_ *testing.T, path string) *checkpoint.Model {
		m, err := checkpoint.Open(t.Context(), path)
		require.NoError(t, err)
		return m
	}
	m := open(t, write(t, "adapter_model.safetensors", map[string]string{"adapter_config.json": `{"r":2}`}, factors(wrapped+"q_proj", normal(rnd, 2, 3, 1), normal(rnd, 4, 2, 1))...))
	a, err := delta.NewAdapter(m, m)
	require.NoError(t, err)
	w := open(t, write(t, "model.safetensors", nil, tensor{name: fmt.Sprintf(up, 0), dtype: "F32", values: normal(rnd, 4, 3, 1)}, tensor{name: fmt.Sprintf(down, 0), dtype: "F32", values: normal(rnd, 3, 4, 1)}))
	p, err := delta.NewPair(w, w)
	require.NoError(t, err)
	h := hostile.Package{
		Dir:    sources,
		Funcs:  map[string]any{"NewPair": delta.NewPair, "NewAdapter": delta.NewAdapter},
		Types:  []any{a, p},
		Values: []any{m, w},
	}
	h.Walk(t)
}
