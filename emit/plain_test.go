package emit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gospectrum/spectrum"
	"github.com/gospectrum/spectrum/emit"
	"github.com/gospectrum/spectrum/internal/test/shared"
	"github.com/gospectrum/spectrum/results"
	"github.com/gospectrum/spectrum/selection"
)

// halves is a selection with a type of which nothing is chosen, and an infinite score.
func halves() *selection.Selection {
	return &selection.Selection{Percent: 50, Groups: []selection.Group{
		{Type: "q", Candidates: 4, Chosen: []spectrum.Layer{
			{Name: "m.1.q.weight", Type: "q", SNR: math.Inf(1), Params: 30},
			{Name: "m.0.q.weight", Type: "q", SNR: 0.5, Params: 20},
		}},
		{Type: "lm_head", Candidates: 1},
	}}
}

// written returns what Write makes of a selection without a model.
func written(t *testing.T, f emit.Format, sel *selection.Selection) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, emit.Write(&b, f, sel, emit.Training{}), f)
	return b.String()
}

func TestPlain(t *testing.T) {
	assert.Equal(t, `unfrozen_parameters:
- ^lm_head.weight$
- ^model.embed_tokens.weight$
# q layers
- m.1.q
- m.0.q
# lm_head layers
`, written(t, emit.SpectrumYAML, halves()))
	assert.Equal(t, "m.1.q.weight\nm.0.q.weight\n", written(t, emit.Names, halves()))
	assert.Equal(t, "name,type,snr,params\nm.1.q.weight,q,Infinity,30\nm.0.q.weight,q,0.5,20\n", written(t, emit.CSV, halves()))
	text := written(t, emit.JSON, halves())
	assert.JSONEq(t, `{"top_percent": 50, "params": 50, "layers": ["m.1.q.weight", "m.0.q.weight"],
		"types": [
			{"type": "q", "of": 4, "chosen": [
				{"name": "m.1.q.weight", "snr": "Infinity", "params": 30},
				{"name": "m.0.q.weight", "snr": 0.5, "params": 20}]},
			{"type": "lm_head", "of": 1, "chosen": []}]}`, text)
	assert.True(t, json.Valid([]byte(text)))
	assert.Equal(t, "}\n", text[len(text)-2:])
}

// Scores that are not finite have a place in every file that has scores.
func TestScores(t *testing.T) {
	sel := &selection.Selection{Groups: []selection.Group{{Type: "t", Chosen: []spectrum.Layer{
		{Name: "a", SNR: math.NaN()}, {Name: "b", SNR: math.Inf(-1)}, {Name: "c", SNR: 1e-9},
	}}}}
	assert.Equal(t, "name,type,snr,params\na,,,0\nb,,-Infinity,0\nc,,1e-09,0\n", written(t, emit.CSV, sel))
	text := written(t, emit.JSON, sel)
	for _, want := range []string{`"snr": null`, `"snr": "-Infinity"`, `"snr": 1e-9`} {
		assert.Contains(t, text, want)
	}
}

// Nothing selected is an answer for a script, and no file for a trainer.
func TestNothingSelected(t *testing.T) {
	for _, f := range emit.Formats() {
		for _, sel := range []*selection.Selection{nil, {Percent: 5}} {
			var b bytes.Buffer
			err := emit.Write(&b, f, sel, emit.Training{Model: models()["llama"]})
			switch f {
			case emit.SpectrumYAML, emit.Names, emit.JSON, emit.CSV:
				require.NoError(t, err, f)
				assert.NotContains(t, b.String(), "null")
			default:
				assert.ErrorIs(t, err, emit.ErrInexpressible, f)
				assert.Zero(t, b.Len(), f)
			}
		}
	}
}

// No name or type of a result file leaves its line, whatever the format.
func TestLineBreaks(t *testing.T) {
	for _, bad := range []string{"a\nb", "a\rb", "a\u0085b", "a\u2028b", "a\x00"} {
		chosen, typ, tied := halves(), halves(), halves()
		chosen.Groups[0].Chosen[1].Name = bad + ".weight"
		typ.Groups[0].Type, typ.Groups[0].Chosen[0].Type = bad, bad
		tied.Groups[1] = selection.Group{Type: bad, Candidates: 2, DecidedByTie: true} // of which nothing is chosen
		for _, f := range emit.Formats() {
			if f == emit.JSON || f == emit.CSV { // which quote
				continue
			}
			for what, sel := range map[string]*selection.Selection{"name": chosen, "type": typ, "tie": tied} {
				if (f == emit.Names || f == emit.LearningRates) && what != "name" { // which has no types, or quotes them
					continue
				}
				var b bytes.Buffer
				err := emit.Write(&b, f, sel, emit.Training{})
				if what != "name" && err == nil { // types stand in comments, as text
					assert.NotContains(t, b.String(), bad, "%s %s", f, what)
					continue
				}
				assert.ErrorIs(t, err, emit.ErrInexpressible, "%s %s %q", f, what, bad)
				assert.Zero(t, b.Len())
			}
		}
		rule := halves()
		rule.Rule = "top " + bad + "import os"
		for _, f := range []emit.Format{emit.Axolotl, emit.Python, emit.LLaMAFactoryLoRA, emit.MSSwift} {
			assert.NotContains(t, written(t, f, rule), bad, f)
		}
	}
}

// JSON and CSV keep any name.
func TestAnyName(t *testing.T) {
	for _, name := range []string{"a\nb", `say "hi", ok`, "ключ", " x "} {
		sel := &selection.Selection{Groups: []selection.Group{{Type: name, Chosen: []spectrum.Layer{{Name: name, Type: name}}}}}
		for _, f := range []emit.Format{emit.JSON, emit.CSV} {
			rules, err := emit.Parse(f, []byte(written(t, f, sel)))
			require.NoError(t, err)
			rep, err := rules.Verify([]emit.Param{{Name: name}})
			require.NoError(t, err)
			assert.Equal(t, []string{name}, rep.Names, f)
			assert.Zero(t, rep.Mismatches(), f)
		}
	}
}

// What selects a module by a name that YAML takes for something else is quoted.
func TestYAMLStrings(t *testing.T) {
	for name, want := range map[string]string{
		"0": `"0"`, "null": `"null"`, "#x": `"#x"`, "&x": `"&x"`, "a:": `"a:"`, "head": "head", "m.0.q": "m.0.q", "[a": `"[a"`,
	} {
		sel := &selection.Selection{Groups: []selection.Group{{Chosen: []spectrum.Layer{{Name: name + ".weight"}}}}}
		text := written(t, emit.LLaMAFactoryLoRA, sel)
		assert.Contains(t, text, "\nlora_target: "+want+"\n")
		assertYAML(t, text, "lora_target", name)
		rules, err := emit.Parse(emit.LLaMAFactoryLoRA, []byte(text))
		require.NoError(t, err)
		rep, err := rules.Verify([]emit.Param{{Name: name + ".weight"}})
		require.NoError(t, err)
		assert.Equal(t, []string{name + ".weight"}, rep.Names)
	}
}

// failing is a writer whose disk is full.
type failing struct{}

var errFull = errors.New("disk full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestWriterFails(t *testing.T) {
	params := models()["llama"]
	assert.Error(t, emit.Write(nil, emit.Names, halves(), emit.Training{}))
	for _, f := range emit.Formats() {
		if f == emit.AxolotlPlugin {
			continue // it takes one rule only
		}
		assert.ErrorIs(t, emit.Write(failing{}, f, pick(t, f, "llama", params), emit.Training{Model: params, LearningRate: 1e-5}), errFull, f)
	}
}

// fromReference selects from a published file, by the names of parameters.
func fromReference(t *testing.T, path string, percent float64) *selection.Selection {
	t.Helper()
	res, err := results.ReadFile(path)
	require.NoError(t, err)
	layers := res.Layers()
	for i := range layers {
		layers[i].Name = res.Parameter(layers[i].Name)
	}
	sel, err := spectrum.SelectTopK(layers, percent)
	require.NoError(t, err)
	return sel
}

func TestPublishedYAML(t *testing.T) {
	const model = "data/published/snr_results_meta-llama-Meta-Llama-3.1-8B-Instruct"
	want, err := os.ReadFile(shared.Path(t, model+"_unfrozenparameters_50percent.yaml"))
	require.NoError(t, err)
	assert.Equal(t, string(want), written(t, emit.SpectrumYAML, fromReference(t, shared.Path(t, model+".json"), 50)))
}

// TestPublishedSelection holds the selections from every published plain file to
// testdata/reference.py, byte for byte.
func TestPublishedSelection(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("needs python3, which is not here")
	}
	for _, model := range []string{
		"HuggingFaceTB-SmolLM-135M", "Qwen-Qwen2-72B", "Qwen-Qwen2-MoE-57B-A14B", "meta-llama-Meta-Llama-3-8B", "meta-llama-Meta-Llama-3.1-70B",
	} {
		path := shared.Path(t, "data/published/snr_results_"+model+".json")
		for percent, text := range map[float64]string{25: "25", 45: "45", 100: "100"} {
			if testing.Short() && percent != 25 {
				continue
			}
			cmd := exec.Command(python, "testdata/reference.py", text)
			cmd.Stdin, err = os.Open(path)
			require.NoError(t, err)
			cmd.Stderr = os.Stderr
			want, err := cmd.Output()
			require.NoError(t, err)
			require.Equal(t, string(want), written(t, emit.SpectrumYAML, fromReference(t, path, percent)), "%s at %v %%", model, percent)
		}
	}
}
